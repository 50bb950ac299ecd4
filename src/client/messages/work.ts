/**
 * What a program has under way: calls of callbacks that gave a promise, and
 * bodies of loops over a subscription. A drain waits until it is done, but
 * not for the piece of it that waits for the drain: which piece a flow of
 * asynchronous steps belongs to is carried along in it.
 */
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { Flow } from "../../platform/flow.ts";

/** A piece of work: one call, or one loop from message to message. */
export class Task {
  readonly work: Work;
  isOver = false;

  constructor(work: Work) {
    this.work = work;
  }
}

/** All that is under way for one subscription. */
export class Work {
  /** Calls and loops that are not over. */
  count = 0;
  /** The call that is running right now, before its first `await`. */
  caller: Task | undefined;
  readonly flow: Flow;
  /** Something is under way again. */
  readonly #onBusy: () => void;
  readonly #waits = new Set<Wait>();
  /** Tasks that wait for a wait of this work themselves, with the number of these waits. */
  readonly #excused = new Map<Task, number>();

  constructor(flow: Flow, onBusy: () => void = () => {}) {
    this.flow = flow;
    this.#onBusy = onBusy;
  }

  /** Whether all that is under way waits for its own end. */
  get isDone(): boolean {
    return this.count <= this.#excused.size;
  }

  begin(): void {
    this.count++;
    if (this.count === 1) this.#onBusy();
  }

  /** A task is over. */
  end(task: Task): void {
    if (task.isOver) return;
    task.isOver = true;
    this.endPlain(task);
  }

  /** A task that nobody carries along is over, and may be used again. */
  endPlain(task: Task): void {
    this.count--;
    if (this.#waits.size === 0) return;
    for (const wait of this.#waits) wait.ended(task);
    this.check();
  }

  /** For a drain that waits until all of it is done; it begins with `start`. */
  wait(): Wait {
    const wait: Wait = new Wait(this, () => this.#waits.delete(wait));
    this.#waits.add(wait);
    return wait;
  }

  /** One more wait, or one less, is waited for by a task. */
  excuse(task: Task, change: 1 | -1): void {
    const count = (this.#excused.get(task) ?? 0) + change;
    if (count > 0) this.#excused.set(task, count);
    else this.#excused.delete(task);
  }

  /** A wait may be over. */
  check(): void {
    for (const wait of [...this.#waits]) wait.check();
  }

  /** Nobody waits any more. */
  giveUp(): void {
    for (const wait of [...this.#waits]) wait.giveUp();
  }
}

/** A drain that waits until the work of one subscription is done. */
export class Wait {
  /** Whether the work was done when the wait ended. */
  isDone = false;
  readonly #work: Work;
  readonly #forget: () => void;
  /** These wait for us. */
  readonly #excused = new Set<Task>();
  readonly #over: Deferred<void> = deferred<void>();
  #isStarted = false;
  #isOver = false;

  constructor(work: Work, forget: () => void) {
    this.#work = work;
    this.#forget = forget;
  }

  /** Resolves when the work is done, or nobody waits any more. */
  start(): Promise<void> {
    this.#isStarted = true;
    this.check();
    return this.#over.promise;
  }

  /** The running flow waits for this wait, so what it is part of is not waited for. */
  excuseCaller(): void {
    if (this.#isOver) return;
    const { caller, flow } = this.#work;
    if (caller !== undefined) this.#excuse(caller);
    for (const task of tasksOf(flow)) {
      if (task.work === this.#work && !task.isOver) this.#excuse(task);
    }
    this.#work.check();
  }

  ended(task: Task): void {
    if (this.#excused.delete(task)) this.#work.excuse(task, -1);
  }

  giveUp(): void {
    this.#isOver = true;
    this.#forget();
    for (const task of [...this.#excused]) this.ended(task);
    this.#over.resolve();
  }

  check(): void {
    if (!this.#isStarted || !this.#work.isDone) return;
    this.isDone = true;
    this.giveUp();
  }

  #excuse(task: Task): void {
    if (this.#excused.has(task)) return;
    this.#excused.add(task);
    this.#work.excuse(task, 1);
  }
}

/** Loops in loops in callbacks that a flow may carry; older ones are forgotten. */
const CARRIED_MAX = 32;

/** What a flow carries: the tasks that it is part of. */
class Carried {
  readonly tasks: readonly Task[];

  constructor(tasks: readonly Task[]) {
    this.tasks = tasks;
  }
}

function tasksOf(flow: Flow): readonly Task[] {
  const carried = flow.get();
  return carried instanceof Carried ? carried.tasks : NO_TASKS;
}

const NO_TASKS: readonly Task[] = [];

/** Whether the running flow is part of work that is not over. */
export function isPartOfWork(flow: Flow): boolean {
  return tasksOf(flow).some(({ isOver }) => !isOver);
}

/** What a flow carries that a task begins in. */
export function carriedWith(task: Task, flow: Flow): unknown {
  const outer = tasksOf(flow);
  if (outer.length === 0) return new Carried([task]);
  const living = outer.filter((other) => !other.isOver && other !== task);
  return new Carried([...living, task].slice(-CARRIED_MAX));
}

/** The running flow is part of `task` from now on. */
export function enter(task: Task, flow: Flow): void {
  const tasks = tasksOf(flow);
  if (tasks.at(-1) === task) return;
  // Who reads on by another iterator has done with what the last one gave.
  for (const other of tasks) {
    if (other.work === task.work && other !== task) other.work.end(other);
  }
  flow.enter(carriedWith(task, flow));
}
