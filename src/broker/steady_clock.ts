/**
 * The clock by which the broker notes moments. It is set by the wall clock once
 * and goes on by the monotonic one, so that a duration between two moments is
 * right when the wall clock is set meanwhile. `shiftMs` is what the wall
 * clock is ahead by then, for those who tell a moment to people.
 */
import type { Clock, Timer } from "../platform/clock.ts";

/** Below this the two clocks only run at slightly different speeds. */
const SHIFT_MIN_MS = 50;

export class SteadyClock implements Clock {
  readonly #clock: Clock;
  /** What the monotonic clock lacks to the wall clock of the start. */
  readonly #origin: number;
  #shiftMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.now() - clock.monotonic();
  }

  now(): number {
    return Math.round(this.#origin + this.#clock.monotonic());
  }

  /** What the wall clock shows, in milliseconds since the Unix epoch. */
  wall(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#clock.after(delayMs, run);
  }

  /** What to add to a moment of this clock for that of the wall clock. */
  get shiftMs(): number {
    const shift = this.wall() - this.now();
    if (Math.abs(shift - this.#shiftMs) > SHIFT_MIN_MS) this.#shiftMs = shift;
    return this.#shiftMs;
  }
}
