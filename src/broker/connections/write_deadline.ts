/**
 * The time that a consumer has for what is pending: all that was pending when
 * the time began has to be taken before it ends, then it begins anew for what
 * is pending then.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

/** What a deadline asks of the consumer. Bytes are counted over its life. */
export interface DeadlineOwner {
  /** Bytes that the system took. */
  readonly takenBytes: number;
  /** Those, and what is pending. */
  readonly givenBytes: number;
  deadlineMissed(): void;
}

export class WriteDeadline {
  readonly #clock: Clock;
  #ms: number;
  /** Any progress is enough. */
  readonly #isLenient: boolean;
  readonly #owner: DeadlineOwner;
  #timer: Timer | undefined = undefined;
  #beganAtMs = 0;
  /** What had been taken when it began. */
  #takenBytes = 0;
  /** What has to be taken before it ends. */
  #dueBytes = 0;

  constructor(
    clock: Clock,
    ms: number,
    isLenient: boolean,
    owner: DeadlineOwner,
  ) {
    this.#clock = clock;
    this.#ms = ms;
    this.#isLenient = isLenient;
    this.#owner = owner;
  }

  /** A consumer has longer, or less long, from now on; also for what is pending. */
  reconfigure(ms: number): void {
    this.#ms = ms;
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    const usedMs = this.#clock.monotonic() - this.#beganAtMs;
    this.#arm(Math.max(0, ms - usedMs));
  }

  /** Something is pending. */
  watch(): void {
    if (this.#timer !== undefined && !this.#isMet) return;
    this.#begin();
    if (this.#timer === undefined) this.#arm(this.#ms);
  }

  /** Nothing is pending. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #isMet(): boolean {
    return this.#owner.takenBytes >= this.#dueBytes;
  }

  #begin(): void {
    this.#beganAtMs = this.#clock.monotonic();
    this.#takenBytes = this.#owner.takenBytes;
    this.#dueBytes = this.#owner.givenBytes;
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.after(ms, () => this.#due());
  }

  #due(): void {
    this.#timer = undefined;
    const { takenBytes, givenBytes } = this.#owner;
    if (takenBytes === givenBytes) return;
    const isLenient = this.#isLenient && takenBytes > this.#takenBytes;
    if (this.#isMet || isLenient) return this.watch();
    const usedMs = this.#clock.monotonic() - this.#beganAtMs;
    if (usedMs < this.#ms) this.#arm(this.#ms - usedMs);
    else this.#owner.deadlineMissed();
  }
}
