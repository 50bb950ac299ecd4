/**
 * Ends a consumer that nobody uses any more.
 *
 * NATS JetStream (`inactive_threshold`): a consumer that pushes is in use while
 * its subject has listeners, one that is pulled while a request waits; after that, or
 * after the last request or acknowledgement, the time counts.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

/** Whether a consumer is in use, and when it was last. */
export interface Use {
  readonly isInUse: boolean;
  /** On the monotonic clock, in milliseconds. */
  readonly lastUse: number;
}

export class Inactivity {
  readonly #clock: Clock;
  readonly #thresholdMs: number;
  readonly #use: () => Use;
  readonly #end: () => void;
  #lastInUse: number;
  #timer: Timer | undefined = undefined;

  /** Calls `end` once the consumer has been out of use for `thresholdMs`. */
  constructor(
    clock: Clock,
    thresholdMs: number,
    use: () => Use,
    end: () => void,
  ) {
    this.#clock = clock;
    this.#thresholdMs = thresholdMs;
    this.#use = use;
    this.#end = end;
    this.#lastInUse = clock.monotonic();
    this.#watch(thresholdMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #watch(ms: number): void {
    this.#timer = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    const { isInUse, lastUse } = this.#use();
    const now = this.#clock.monotonic();
    this.#lastInUse = isInUse ? now : Math.max(this.#lastInUse, lastUse);
    const left = this.#lastInUse + this.#thresholdMs - now;
    if (left > 0) this.#watch(Math.max(1, left));
    else this.#end();
  }
}
