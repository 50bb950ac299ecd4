/**
 * The processor time of the process, as a share of the time that went by.
 */
import type { Clock } from "../../platform/clock.ts";

/** Shorter spans give a figure that says little. */
const CPU_SPAN_MIN_MS = 1000;

/** The processor time of the last second or more, in percent of one core. */
export class CpuMeter {
  readonly #clock: Clock;
  readonly #cpuSeconds: () => number;
  #since: number;
  #secondsThen: number;
  #percent = 0;

  constructor(clock: Clock, cpuSeconds: () => number) {
    this.#clock = clock;
    this.#cpuSeconds = cpuSeconds;
    this.#since = clock.monotonic();
    this.#secondsThen = cpuSeconds();
  }

  /** Since the last time that it was asked, or that figure once more when it was just now. */
  percent(): number {
    const now = this.#clock.monotonic();
    const span = now - this.#since;
    if (span < CPU_SPAN_MIN_MS) return this.#percent;
    const seconds = this.#cpuSeconds();
    const share = (seconds - this.#secondsThen) * 1000 / span;
    this.#percent = Math.round(share * 1000) / 10;
    this.#since = now;
    this.#secondsThen = seconds;
    return this.#percent;
  }
}
