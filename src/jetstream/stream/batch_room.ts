/** How many batches may be open at a time in one server, and how large they may be. */

/** NATS JetStream (`jetstream.limits.batch`). */
interface BatchLimits {
  readonly openPerStream: number;
  readonly openInAll: number;
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
  messages: 1000,
  idleMs: 10_000,
  bytesInAll: 256 * 1024 * 1024,
};

/** What the open batches of all streams take. */
export class BatchRoom {
  readonly limits: BatchLimits;
  open = 0;
  bytes = 0;

  constructor(limits: BatchLimits = BATCH_LIMITS) {
    this.limits = limits;
  }
}
