/**
 * The clock of one node or client, which dies with it: what was to happen later
 * never happens. So a node that was killed does nothing any more, and a test
 * leaves no timers behind.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

const NO_TIMER: Timer = { cancel: () => {} };

export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<Timer>();
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, run: () => void): Timer {
    if (this.#isDead) return NO_TIMER;
    const timer = this.#clock.after(delayMs, () => {
      this.#pending.delete(timer);
      run();
    });
    this.#pending.add(timer);
    return {
      cancel: () => {
        this.#pending.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Forgets all that is pending, and takes nothing new. */
  die(): void {
    this.#isDead = true;
    for (const timer of this.#pending) timer.cancel();
    this.#pending.clear();
  }
}
