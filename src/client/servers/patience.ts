/**
 * How long one server is tried while others wait for their turn. A server that
 * takes the connection and then says nothing, or an address behind which
 * packets vanish, must not hold up the search; but one that is merely slow gets
 * more time in every round.
 */
import { type Backoff, waitAfter } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import type { Attempt } from "../session/attempt.ts";
import { TimeoutError } from "../api/errors.ts";

/** What one server gets in the first round, the second, and so on. */
const PATIENCE: Backoff = { firstMs: 3000, factor: 2, longestMs: Infinity };
/** Once another server came to be known meanwhile. */
const NEWS_PATIENCE_MS = 1000;

export class Patience {
  readonly #clock: Clock;
  #attempt: Attempt | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An attempt begins; its limit depends on the round, and undefined means no limit. */
  begin(attempt: Attempt, round: number | undefined): void {
    this.#attempt = attempt;
    if (round !== undefined) this.#endAfter(waitAfter(PATIENCE, round));
  }

  /** There is a server that was not tried yet. */
  hurry(): void {
    if (this.#attempt === undefined) return;
    const ageMs = this.#clock.monotonic() - this.#attempt.startedMs;
    this.#endAfter(Math.max(0, NEWS_PATIENCE_MS - ageMs));
  }

  end(attempt: Attempt): void {
    if (attempt !== this.#attempt) return;
    this.#timer?.cancel();
    this.#attempt = undefined;
  }

  /** Ends the attempt that is under way. */
  stop(cause: Error): void {
    this.#attempt?.abort(cause);
  }

  #endAfter(ms: number): void {
    const attempt = this.#attempt;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => {
      const ageMs = Math.round(
        this.#clock.monotonic() - (attempt?.startedMs ?? 0),
      );
      attempt?.abort(
        new TimeoutError(`No connection within ${ageMs} ms, others are tried`),
      );
    });
  }
}
