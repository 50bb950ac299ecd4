/**
 * Keeps answers over HTTP from holding the event loop. A socket that takes what
 * it is given says so at once, so a thousand long answers would be written one
 * portion after the other without a look at anything else. After some bytes
 * all of them wait for the next turn.
 */
import type { RunSoon } from "../../platform/turns.ts";

/** About a millisecond of writing. */
const BYTES_A_TURN = 524_288;

/** Bytes that are longer ago count no more: the event loop has come around since. */
const REMEMBERED_MS = 10;

/** One for the process, whose time it is that answers share. */
export class HttpPace {
  readonly #runSoon: RunSoon;
  readonly #now: () => number;
  #bytes = 0;
  /** When the first of them were written. */
  #since = 0;
  #turn: Promise<void> | undefined;

  /** `now` gives milliseconds. */
  constructor(runSoon: RunSoon, now: () => number) {
    this.#runSoon = runSoon;
    this.#now = now;
  }

  /** `bytes` more are to be written. Undefined: now; else when the promise is kept. */
  spend(bytes: number): Promise<void> | undefined {
    const now = this.#now();
    if (now - this.#since > REMEMBERED_MS) {
      this.#since = now;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    if (this.#bytes > BYTES_A_TURN) this.#turn ??= this.#takeTurn();
    return this.#turn;
  }

  async #takeTurn(): Promise<void> {
    await new Promise<void>(this.#runSoon);
    this.#bytes = 0;
    this.#turn = undefined;
  }
}
