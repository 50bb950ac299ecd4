/**
 * A turn: the handling of one chunk of one connection, or of as much of it as
 * the budget allows (`core/work_meter.ts`). What is written meanwhile is noted
 * here and flushed at the end of the turn, so that each receiver's socket is
 * written to once.
 *
 * A chunk that is worth more than one turn is finished in later ones, between
 * which the event loop serves other sockets. What such a chunk writes is
 * flushed when it is done, or a few turns of the loop later: flushing hundreds
 * of receivers in each of its turns would cost more than the messages. The same
 * goes for a turn that has a little for each of many, as long as more comes.
 */
import type { DeliveryTurns } from "../../accounts/wide_delivery.ts";
import { WorkMeter } from "../../core/work_meter.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { runAtEndOfTask } from "../../core/microtask.ts";
import { LoopRounds } from "./loop_rounds.ts";

/** What is flushed at the end of a turn. */
export interface TurnOutput {
  /** On a turn's list already; `Turn` owns it. */
  isNoted: boolean;
  /** Bytes that wait for a flush. */
  readonly waitingBytes: number;
  flush(): void;
}

/** The connection whose chunk is handled. */
export interface TurnOwner {
  readonly output: TurnOutput;
  /** A consumer keeps it from going on; `whenLetGo` has something done behind that. */
  readonly isHeld: boolean;
  whenLetGo(goesOn: () => void): void;
  /** Nothing more of it is handled until `endWait`. */
  wait(): void;
  endWait(): void;
  /** Something that it has set off has failed. */
  parseFailed(error: unknown): void;
}

/** The log, as far as a turn knows it. */
export interface TracingLog {
  readonly traceEnabled: boolean;
}

/** How much of a chunk a turn has handled. */
export type TurnEnd =
  /** All of it, in this turn. */
  | "whole"
  /** Not all: the rest goes on in the next turn of the event loop. */
  | "unfinished"
  /** The last part, or the rest waits for something else. */
  | "finished";

/** Outputs that are flushed in one turn: each costs a system call. */
const FLUSHES_MAX = 256;
/** Turns of the event loop for which output may wait: of an unfinished chunk, and what is scattered. */
const CARRIED_TURNS_MAX = 8;
/** What a turn has written is scattered among at least as many outputs, with few bytes for each. */
const SCATTERED_OUTPUTS = 64;
const SCATTERED_BYTES = 1024;

export class Turn<Owner extends TurnOwner> implements DeliveryTurns {
  readonly meter: WorkMeter;
  readonly rounds: LoopRounds;
  /** Whose chunk is being handled; undefined between turns. */
  owner: Owner | undefined = undefined;
  /** Whether messages are traced: looked up once a turn, asked for each message. */
  traces = false;
  readonly #runSoon: RunSoon;
  readonly #log: TracingLog;
  readonly #output: TurnOutput[] = [];
  /** Outputs at the head of the list that wait for the end of a chunk. */
  #carried = 0;
  /** Turns of the event loop that they have waited for. */
  #carriedTurns = 0;
  /** What they were written for, most of them: to be held when one of them lags. */
  #carrier: Owner | undefined = undefined;
  #isCarrying = false;
  /** Turns that have begun, and how many had when outputs were carried on last; -1: they were not. */
  #begun = 0;
  #begunBefore = 0;
  #flushScheduled = false;
  /** A step of what is spread is under way, outside of all connections. */
  #isSpreading = false;

  /** `now` gives milliseconds. */
  constructor(runSoon: RunSoon, log: TracingLog, now: () => number) {
    this.meter = new WorkMeter(now);
    this.rounds = new LoopRounds(runSoon, now);
    this.#runSoon = runSoon;
    this.#log = log;
  }

  /** A chunk of `owner`, or the rest of one, is about to be handled. */
  begin(owner: Owner): void {
    this.owner = owner;
    this.#begun++;
    this.meter.begin();
    this.traces = this.#log.traceEnabled;
  }

  /** The turn is over: flushes what it wrote. */
  end(how: TurnEnd): void {
    const { owner } = this;
    if (how === "unfinished") this.#carry(CARRIED_TURNS_MAX);
    else if (how === "finished") this.#flushFrom(0);
    else {
      if (this.#isScattered) this.#carry(CARRIED_TURNS_MAX);
      else this.#flushFrom(this.#carried);
      if (owner?.output.isNoted) owner.output.flush();
    }
    this.owner = undefined;
    this.rounds.spend(this.meter.spent, this.meter.elapsedMs);
  }

  /** `output` has bytes to send; it is flushed at the end of the turn. */
  note(output: TurnOutput): void {
    if (output.isNoted) return;
    output.isNoted = true;
    this.#output.push(output);
    if (this.owner !== undefined || this.#flushScheduled) return;
    // No turn will end: a timer or a function of the API asked for the output.
    this.#flushScheduled = true;
    runAtEndOfTask(() => {
      this.#flushScheduled = false;
      this.#flushFrom(Math.min(this.#carried, this.#output.length));
    });
  }

  goOn(step: () => boolean): boolean {
    const { owner } = this;
    if (owner === undefined) return false;
    owner.wait();
    const run = (): void => {
      // A consumer that lags holds what one message brings as well.
      if (owner.isHeld) return owner.whenLetGo(() => this.rounds.enter(run));
      this.begin(owner);
      const isDone = this.#attempt(step, owner);
      this.end(isDone ? "finished" : "unfinished");
      if (isDone) owner.endWait();
      else this.rounds.enter(run);
    };
    this.rounds.enter(run);
    return true;
  }

  /**
   * Work that nobody waits for: calls `step` until it gives true, at once and
   * then, whenever the turn is over, in later rounds. A step is to look at the
   * meter as the parser does.
   */
  spread(step: () => boolean): void {
    // What a step spreads in its turn is part of it, and counts there.
    const isTurn = this.owner === undefined && !this.#isSpreading;
    if (!isTurn) return this.#goOnWith(step);
    this.#isSpreading = true;
    this.meter.begin();
    try {
      this.#goOnWith(step);
    } finally {
      this.#isSpreading = false;
      this.end("whole");
    }
  }

  #goOnWith(step: () => boolean): void {
    const isDone = step();
    if (!isDone) this.rounds.enter(() => this.spread(step));
  }

  /**
   * `act` for each of `items`, as with `spread`; `work` is what each costs besides
   * what it charges. `whenDone` is called behind the last.
   */
  spreadOver<T>(
    items: Iterable<T>,
    work: number,
    act: (item: T) => void,
    whenDone: () => void = () => {},
  ): void {
    const { meter } = this;
    const rest = items[Symbol.iterator]();
    this.spread(() => {
      for (let next = rest.next(); !next.done; next = rest.next()) {
        meter.spent += work;
        act(next.value);
        if (meter.spent >= meter.checkAt && meter.isOver()) return false;
      }
      whenDone();
      return true;
    });
  }

  /** A step that fails is the last one, and ends its owner. */
  #attempt(step: () => boolean, owner: Owner): boolean {
    try {
      return step();
    } catch (error) {
      owner.parseFailed(error);
      return true;
    }
  }

  /**
   * Whether a system call for each output would cost more than the messages, as
   * where a queue group has hundreds of members: more may come for them.
   */
  get #isScattered(): boolean {
    const output = this.#output;
    const count = output.length - this.#carried;
    if (count < SCATTERED_OUTPUTS) return false;
    let most = count * SCATTERED_BYTES;
    for (let at = this.#carried; at < output.length && most >= 0; at++) {
      most -= output[at]!.waitingBytes;
    }
    return most >= 0;
  }

  /** Leaves all that is noted for later, at most for `turns` turns of the event loop. */
  #carry(turns: number): void {
    this.#carried = this.#output.length;
    if (this.#carried === 0) return;
    this.#carrier = this.owner ?? this.#carrier;
    if (this.#isCarrying) return;
    this.#isCarrying = true;
    this.#carriedTurns = CARRIED_TURNS_MAX - turns;
    if (this.#carriedTurns === 0) this.#begunBefore = -1;
    this.#runSoon(this.#carriedOn);
  }

  readonly #carriedOn = (): void => {
    this.#isCarrying = false;
    if (this.#carried === 0) return;
    const isQuiet = this.#begun === this.#begunBefore;
    this.#begunBefore = this.#begun;
    const turns = CARRIED_TURNS_MAX - ++this.#carriedTurns;
    if (turns > 0 && !isQuiet) return this.#carry(turns);
    this.owner = this.#carrier;
    this.#flushFrom(0);
    this.owner = undefined;
  };

  /** Flushes what stands behind `start` in the list, and leaves what is too much for a turn. */
  #flushFrom(start: number): void {
    const output = this.#output;
    // A flush may close a connection, and its end may note others.
    let end = start;
    while (end < output.length && end - start < FLUSHES_MAX) {
      output[end++]!.flush();
    }
    if (end < output.length) {
      output.splice(start, end - start);
      return this.#carry(1);
    }
    // V8 takes long to set a length.
    while (output.length > start) output.pop();
    if (start > 0) return;
    this.#carried = 0;
    this.#carrier = undefined;
  }
}
