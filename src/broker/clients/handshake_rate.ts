/** How many TLS handshakes may begin in one second, and what is said of those that may not. */
import type { Logger } from "../../core/log.ts";
import type { Clock } from "../../platform/clock.ts";

const WINDOW_MS = 1000;

export class HandshakeRate {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  #windowEndsAt = -Infinity;
  #count = 0;
  /** Handshakes that were refused since the last line of the log about them. */
  #rejected = 0;

  /** `max`: handshakes in a second; 0: no limit. */
  constructor(max: number, clock: Clock, log: Logger) {
    this.#max = max;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether one more may begin now; it counts. */
  allows(): boolean {
    if (this.#max === 0) return true;
    const now = this.#clock.monotonic();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_MS;
      this.#count = 0;
    }
    this.#count++;
    if (this.#count <= this.#max) return true;
    if (this.#rejected++ === 0) {
      this.#clock.after(WINDOW_MS, () => this.#tell());
    }
    return false;
  }

  #tell(): void {
    this.#log.warn(
      `Rejected ${this.#rejected} connections due to TLS rate limiting`,
    );
    this.#rejected = 0;
  }
}
