/**
 * Whether a commit waits for more. Publishers who have just been told that the disk
 * has their messages send as many again, nearly at once. Where the disk takes longer
 * than they do, one sync for all of them is worth more than one for the first that
 * come. Where it is quicker, half of them are committed as soon as they are there:
 * the disk writes these while the others come.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

/** Where fewer are under way, nobody waits. */
const MANY = 8;
/** Parts of those under way that come before a commit, which has the disk alone, or while the others come. */
const MOST = 3 / 4;
const HALF = 1 / 2;
/** The longest wait, as a part of what the sync took, and in milliseconds. */
const SYNC_FRACTION = 4;
const WAIT_MIN_MS = 1;
const WAIT_MAX_MS = 5;

export class Gathering {
  readonly #clock: Clock | undefined;
  /** The wait is over. */
  readonly #over: () => void;
  #syncBegan = 0;
  #firstCame = 0;
  /** Milliseconds in which one message comes, as it was with the last commits. */
  #pace = 0;
  /** Messages that a commit waits for; 0: for none. */
  #wanted = 0;
  #timer: Timer | undefined = undefined;

  /** Without a clock nothing waits. */
  constructor(clock: Clock | undefined, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** What was committed is on its way to the disk: as many messages. */
  syncBegins(messages: number): void {
    this.stop();
    const now = this.#clock?.monotonic() ?? 0;
    this.#syncBegan = now;
    if (messages < MANY) return;
    const pace = (now - this.#firstCame) / messages;
    this.#pace = this.#pace === 0 ? pace : (this.#pace + pace) / 2;
  }

  /** The publishers of `told` messages are about to be told; as many are `there` already. */
  syncEnded(told: number, there: number): void {
    const clock = this.#clock;
    const all = told + there;
    if (clock === undefined || all < MANY) return;
    const took = clock.monotonic() - this.#syncBegan;
    // Virtual time does not pass while a disk writes, nor while this waits.
    if (took === 0) return;
    const isOverlapped = took < all * this.#pace;
    this.#wanted = Math.ceil(all * (isOverlapped ? HALF : MOST));
    if (there >= this.#wanted) return;
    const waitMs = Math.min(
      Math.max(WAIT_MIN_MS, took / SYNC_FRACTION),
      WAIT_MAX_MS,
    );
    this.#timer = clock.after(waitMs, () => {
      this.stop();
      this.#over();
    });
  }

  /** Whether a commit of as many messages is to wait; `over` is called when it is not any more. */
  waits(messages: number): boolean {
    return this.#timer !== undefined && messages < this.#wanted;
  }

  /** Whether these are all that a commit has waited for. */
  isEnough(messages: number): boolean {
    return this.#wanted > 0 && messages >= this.#wanted;
  }

  /** As many messages are there to be committed. */
  came(messages: number): void {
    if (messages === 1) this.#firstCame = this.#clock?.monotonic() ?? 0;
    if (this.#timer === undefined || messages < this.#wanted) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#over();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wanted = 0;
  }
}
