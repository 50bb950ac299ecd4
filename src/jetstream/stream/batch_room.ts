/** How many batches may be open at a time in one server, and how large they may be. */
import type { JetStreamBatchOptions } from "../../options/options.ts";

/** NATS JetStream (`jetstream.limits.batch`). */
interface BatchLimits {
  /** Batches that are stored as a whole. */
  readonly openPerStream: number;
  readonly openInAll: number;
  /** Batches whose messages are stored one by one. */
  readonly fastPerStream: number;
  readonly fastInAll: number;
  /** Messages of one batch. */
  readonly messages: number;
  /** Milliseconds without a message after which a batch is given up. */
  readonly idleMs: number;
  /** Bytes of all messages that wait in open batches. */
  readonly bytesInAll: number;
}

const BATCH_LIMITS: BatchLimits = {
  openPerStream: 50,
  openInAll: 1000,
  fastPerStream: 1000,
  fastInAll: 50_000,
  messages: 1000,
  idleMs: 10_000,
  bytesInAll: 256 * 1024 * 1024,
};

/** What the open batches of all streams take. */
export class BatchRoom {
  open = 0;
  fastOpen = 0;
  bytes = 0;
  readonly #options: () => JetStreamBatchOptions;

  constructor(options: () => JetStreamBatchOptions) {
    this.#options = options;
  }

  /** As the configuration has them just now. */
  get limits(): BatchLimits {
    const { inflightPerStream, inflightTotal, maxMessages, timeoutMs } = this
      .#options();
    return {
      openPerStream: inflightPerStream || BATCH_LIMITS.openPerStream,
      openInAll: inflightTotal || BATCH_LIMITS.openInAll,
      fastPerStream: BATCH_LIMITS.fastPerStream,
      fastInAll: BATCH_LIMITS.fastInAll,
      messages: maxMessages || BATCH_LIMITS.messages,
      idleMs: timeoutMs || BATCH_LIMITS.idleMs,
      bytesInAll: BATCH_LIMITS.bytesInAll,
    };
  }
}
