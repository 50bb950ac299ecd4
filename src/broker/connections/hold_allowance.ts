/**
 * How long a consumer that lags may hold those who feed it. One that reads at
 * full speed holds them until it has caught up: a turn may bring more than a
 * socket takes in one. One that is slower holds them for a tenth of a second in
 * sum, until it has taken everything.
 */

/** A consumer that takes this much reads at full speed. */
const FULL_SPEED_BYTES_PER_MS = 16_384;
const ALLOWED_MS = 100;
/**
 * Time between two looks at a consumer. A look that comes late, because the
 * event loop was busy, is charged no more than this.
 */
export const LOOK_MS = 10;

export class HoldAllowance {
  #leftMs = ALLOWED_MS;
  #lookedAtMs = 0;
  #takenBytes = 0;

  /** Producers are no longer held until the consumer has caught up. */
  get isSpent(): boolean {
    return this.#leftMs <= 0;
  }

  /** The consumer lags from now on; `takenBytes` is what it took in its life. */
  begin(nowMs: number, takenBytes: number): void {
    this.#lookedAtMs = nowMs;
    this.#takenBytes = takenBytes;
  }

  /** The consumer has lagged since the last look: the time is charged, what it read is credited. */
  look(nowMs: number, takenBytes: number): void {
    const waitedMs = Math.min(nowMs - this.#lookedAtMs, LOOK_MS);
    const readMs = (takenBytes - this.#takenBytes) / FULL_SPEED_BYTES_PER_MS;
    const leftMs = this.#leftMs - waitedMs + readMs;
    // What one at half speed owes is more than what it reads at once.
    this.#leftMs = Math.min(Math.max(leftMs, -ALLOWED_MS), ALLOWED_MS);
    this.begin(nowMs, takenBytes);
  }

  /** The consumer has caught up. */
  restore(): void {
    this.#leftMs = ALLOWED_MS;
  }
}
