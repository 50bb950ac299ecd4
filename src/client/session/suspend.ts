/**
 * Notices that the machine slept, or that the process was stopped for a while.
 * Meanwhile the server may have given us up, and no packet will ever say so: a
 * connection must then be tried at once, rather than when its next ping is due.
 *
 * Timers stand still during a sleep. Some systems count the sleep in monotonic
 * time and all of them in wall-clock time, so a check that comes late by either
 * clock counts. A wall clock that was only set costs one ping.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

const SUSPEND_CHECK_MS = 5000;
/** A check may be late by this much because the process was busy. */
const SUSPEND_LATE_MS = 5000;

export class SuspendWatch {
  readonly #clock: Clock;
  readonly #onResume: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, onResume: () => void) {
    this.#clock = clock;
    this.#onResume = onResume;
  }

  start(): void {
    this.stop();
    const wallMs = this.#clock.now();
    const startMs = this.#clock.monotonic();
    this.#timer = this.#clock.after(SUSPEND_CHECK_MS, () => {
      const passedMs = Math.max(
        this.#clock.now() - wallMs,
        this.#clock.monotonic() - startMs,
      );
      this.start();
      if (passedMs > SUSPEND_CHECK_MS + SUSPEND_LATE_MS) this.#onResume();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
