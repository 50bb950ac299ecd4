/**
 * The bytes that wait for all peers of the server together, clients and routes,
 * and the limit for them (`max_pending_total`): above it the consumers with the
 * most bytes are closed, until what is left fits.
 */
import { ClosedReason } from "../../core/closed.ts";
import type { Outbox } from "../../core/outbox.ts";
import type { RunSoon } from "../../platform/turns.ts";

/** An output, as far as the total knows it. */
export interface PendingOutput {
  /** The bytes that it was counted with last; `PendingTotal` owns the field. */
  countedBytes: number;
  readonly outbox: Outbox;
  /** It is too slow: `text` is for the log. */
  gaveUp(reason: ClosedReason, text: string): void;
}

export class PendingTotal {
  readonly #maxBytes: number;
  readonly #runSoon: RunSoon;
  /** Those with bytes that were counted. */
  readonly #outputs = new Set<PendingOutput>();
  /** Never less than what is pending behind the last flushes: sockets take bytes meanwhile. */
  #bytes = 0;
  #isExceeded = false;

  constructor(maxBytes: number, runSoon: RunSoon) {
    this.#maxBytes = maxBytes;
    this.#runSoon = runSoon;
  }

  /** `output` has these bytes left after a flush. */
  count(output: PendingOutput, bytes: number): void {
    if (this.#maxBytes === Infinity || bytes === output.countedBytes) return;
    this.#bytes += bytes - output.countedBytes;
    output.countedBytes = bytes;
    if (bytes === 0) this.#outputs.delete(output);
    else this.#outputs.add(output);
    if (this.#bytes <= this.#maxBytes || this.#isExceeded) return;
    this.#isExceeded = true;
    // A message may be under way to those that are to be closed.
    this.#runSoon(() => this.#enforce());
  }

  #enforce(): void {
    for (const output of this.#outputs) {
      this.count(output, output.outbox.pendingBytes);
    }
    this.#isExceeded = false;
    if (this.#bytes <= this.#maxBytes) return;
    const worstFirst = [...this.#outputs].sort((a, b) =>
      b.countedBytes - a.countedBytes
    );
    for (const output of worstFirst) {
      if (this.#bytes <= this.#maxBytes) return;
      output.gaveUp(
        ClosedReason.SLOW_CONSUMER_PENDING,
        `MaxPendingTotal of ${this.#maxBytes} Exceeded with ${this.#bytes} ` +
          `bytes, of which this one left ${output.countedBytes}`,
      );
    }
  }
}
