/**
 * Whether a commit waits for more. Publishers who have just been told that the disk
 * has their messages send as many again, nearly at once: one sync for all of them
 * is worth more than one for the first that come.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

/** Where fewer were told, nobody waits. */
const MANY = 8;
/** Quarters of those that were told that come again before a commit. */
const QUARTERS = 3;
/** The longest wait, as a part of what the sync took, and in milliseconds. */
const SYNC_FRACTION = 4;
const WAIT_MIN_MS = 1;
const WAIT_MAX_MS = 5;

export class Gathering {
  readonly #clock: Clock | undefined;
  /** The wait is over. */
  readonly #over: () => void;
  #syncBegan = 0;
  #wanted = 0;
  #timer: Timer | undefined = undefined;

  /** Without a clock nothing waits. */
  constructor(clock: Clock | undefined, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  syncBegins(): void {
    this.#syncBegan = this.#clock?.monotonic() ?? 0;
  }

  /** The publishers of as many messages are about to be told. */
  syncEnded(messages: number): void {
    this.stop();
    const clock = this.#clock;
    if (clock === undefined || messages < MANY) return;
    const took = clock.monotonic() - this.#syncBegan;
    // Virtual time does not pass while a disk writes, nor while this waits.
    if (took === 0) return;
    const waitMs = Math.min(
      Math.max(WAIT_MIN_MS, took / SYNC_FRACTION),
      WAIT_MAX_MS,
    );
    this.#wanted = Math.ceil(messages * QUARTERS / 4);
    this.#timer = clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#over();
    });
  }

  /** Whether a commit of as many messages is to wait; `over` is called when it is not any more. */
  waits(messages: number): boolean {
    return this.#timer !== undefined && messages < this.#wanted;
  }

  /** As many messages are there to be committed. */
  came(messages: number): void {
    if (this.#timer === undefined || messages < this.#wanted) return;
    this.stop();
    this.#over();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
