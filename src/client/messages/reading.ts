/**
 * One reader of a subscription's queue: a `for await` loop, or a program that
 * calls `next`. From its first message to the moment when it asks for one that is not
 * there yet, it has work under way.
 */
import type { AsyncQueue } from "../../core/async_queue.ts";
import type { Msg } from "../api/message.ts";
import { enter, Task, type Work } from "./work.ts";

export class Reading implements AsyncIterableIterator<Msg> {
  readonly #queue: AsyncQueue<Msg>;
  readonly #work: Work;
  /** The loop, while it has a message or more are there for it. */
  #task: Task | undefined;
  readonly #give = (message: Msg): IteratorYieldResult<Msg> =>
    new Taken(message, this);

  constructor(queue: AsyncQueue<Msg>, work: Work) {
    this.#queue = queue;
    this.#work = work;
  }

  next(): Promise<IteratorResult<Msg>> {
    if (this.#queue.pending === 0) this.#rest();
    return this.#queue.read(this.#give);
  }

  return(): Promise<IteratorResult<Msg>> {
    this.#rest();
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A message is on its way to the loop. */
  begin(): void {
    if (this.#task?.isOver === false) return;
    this.#task = new Task(this.#work);
    this.#work.begin();
  }

  /** The loop has its message: whatever it does is part of its work. */
  arrive(): void {
    if (this.#task !== undefined) enter(this.#task, this.#work.flow);
  }

  #rest(): void {
    if (this.#task === undefined) return;
    this.#work.end(this.#task);
    this.#task = undefined;
  }
}

/** What `next` gives. A loop looks into it in its own flow, right before its body. */
class Taken implements IteratorYieldResult<Msg> {
  readonly #message: Msg;
  readonly #reading: Reading;

  constructor(message: Msg, reading: Reading) {
    this.#message = message;
    this.#reading = reading;
    reading.begin();
  }

  get done(): false {
    this.#reading.arrive();
    return false;
  }

  get value(): Msg {
    this.#reading.arrive();
    return this.#message;
  }
}
