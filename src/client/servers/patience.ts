/**
 * How long one server is tried while others wait for their turn. A server that
 * takes the connection and then says nothing, or an address behind which
 * packets vanish, must not hold up the search; but one that is merely slow gets
 * more time in every round.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import type { Attempt } from "../session/attempt.ts";
import { TimeoutError } from "../api/errors.ts";

/** In the first round; twice as much in each round that follows. */
const PATIENCE_MS = 3000;
/** Once another server came to be known meanwhile. */
const NEWS_PATIENCE_MS = 1000;

export class Patience {
  readonly #clock: Clock;
  #attempt: Attempt | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(attempt: Attempt): void {
    this.#attempt = attempt;
  }

  /** Others wait for their turn in this round. */
  limit(round: number): void {
    this.#endAfter(PATIENCE_MS * 2 ** (round - 1));
  }

  /** There is somebody new to try. */
  hurry(): void {
    if (this.#attempt === undefined) return;
    const ageMs = this.#clock.monotonic() - this.#attempt.startedMs;
    this.#endAfter(Math.max(0, NEWS_PATIENCE_MS - ageMs));
  }

  end(): void {
    this.#timer?.cancel();
    this.#attempt = undefined;
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
