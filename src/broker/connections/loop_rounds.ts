/**
 * Rounds: what is done between two looks at the sockets. One connection's turn
 * is short, but many turns in a row would keep all others waiting as long as
 * one that never ends. So a round has a budget as well. Behind it, whatever has
 * more to do waits here, in the order in which it came, and each goes on once
 * in a round.
 */
import { TURN_WORK_MAX } from "../../core/work_meter.ts";
import type { RunSoon } from "../../platform/turns.ts";

/** A round is full after two whole turns, by their work or by the clock. */
const ROUND_WORK = 2 * TURN_WORK_MAX;
const ROUND_MS = 2;

export class LoopRounds {
  readonly #runSoon: RunSoon;
  #waiting: (() => void)[] = [];
  #work = 0;
  #ms = 0;
  #isNextAsked = false;
  readonly #now: () => number;

  /** `now` gives milliseconds. */
  constructor(runSoon: RunSoon, now: () => number) {
    this.#runSoon = runSoon;
    this.#now = now;
  }

  /** What can wait should wait. */
  get isFull(): boolean {
    return this.#work >= ROUND_WORK || this.#ms >= ROUND_MS;
  }

  /** A turn of `work` units has taken `ms` milliseconds. */
  spend(work: number, ms: number): void {
    this.#work += work;
    this.#ms += ms;
    if (this.isFull) this.#askForNext();
  }

  /** Does what is no turn, such as a connection that comes or goes: now, or later if this round is full. */
  admit(act: () => void): void {
    const timed = (): void => {
      const startedAt = this.#now();
      act();
      this.spend(0, this.#now() - startedAt);
    };
    if (this.isFull) this.enter(timed);
    else timed();
  }

  /** Has `run` called once, in a later round. */
  enter(run: () => void): void {
    this.#waiting.push(run);
    this.#askForNext();
  }

  #askForNext(): void {
    if (this.#isNextAsked) return;
    this.#isNextAsked = true;
    this.#runSoon(this.#next);
  }

  readonly #next = (): void => {
    this.#isNextAsked = false;
    this.#work = 0;
    this.#ms = 0;
    const runs = this.#waiting;
    this.#waiting = [];
    let at = 0;
    try {
      while (at < runs.length && !this.isFull) runs[at++]!();
    } finally {
      // Those that had no turn come before those that have had one.
      if (at < runs.length) {
        this.#waiting = runs.slice(at).concat(this.#waiting);
      }
      if (this.#waiting.length > 0) this.#askForNext();
    }
  };
}
