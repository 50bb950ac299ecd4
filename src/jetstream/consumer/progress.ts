/**
 * How far a consumer has come: what it has delivered, what of that waits for an
 * acknowledgement, and up to where everything is acknowledged.
 *
 * More than a dozen members: because what the API shows of a consumer is read
 * here.
 */

/** A message that was delivered and is not acknowledged. */
export interface PendingAck {
  readonly seq: number;
  /** The number of its last delivery. */
  consumerSeq: number;
  /** When that was, in microseconds. */
  deliveredUs: number;
  /** When it is to be delivered again; Infinity: not before it is told to be. */
  dueUs: number;
}

/** A place in a stream, as a consumer counts and as the stream does. */
export interface StreamPlace {
  readonly consumerSeq: number;
  readonly seq: number;
}

/** How far a consumer had come, without what waits. */
export type SavedProgress = Pick<
  Progress,
  "consumerSeq" | "seq" | "floor" | "deliveredUs" | "ackedUs"
>;

/** A message that waited, and how often it had been delivered. */
export interface SavedAck extends PendingAck {
  readonly times: number;
}

export class Progress {
  /** The number of the last delivery. */
  consumerSeq = 0;
  /** The last message that was delivered for the first time. */
  seq: number;
  /** Everything up to here is acknowledged. */
  floor: StreamPlace;
  /** By sequence, in the order of the first deliveries. */
  readonly pending: Map<number, PendingAck> = new Map();
  /** How often messages were delivered, where that was more than once. */
  readonly deliveries: Map<number, number> = new Map();
  /** When something was delivered, and acknowledged, last; 0: never. */
  deliveredUs = 0;
  ackedUs = 0;

  /** `seq`: the message before the first one. */
  constructor(seq: number) {
    this.seq = seq;
    this.floor = { consumerSeq: 0, seq };
  }

  /** Notes the delivery of a message and gives its number. `waits`: for an acknowledgement. */
  delivered(
    seq: number,
    nowUs: number,
    waits: { readonly dueUs: number } | undefined,
  ): number {
    const consumerSeq = ++this.consumerSeq;
    if (seq > this.seq) this.seq = seq;
    this.deliveredUs = nowUs;
    if (waits === undefined) {
      this.#floorToDelivered();
      return consumerSeq;
    }
    const known = this.pending.get(seq);
    if (known === undefined) {
      const { dueUs } = waits;
      this.pending.set(seq, { seq, consumerSeq, deliveredUs: nowUs, dueUs });
    } else {
      known.consumerSeq = consumerSeq;
      known.deliveredUs = nowUs;
      known.dueUs = waits.dueUs;
      this.deliveries.set(seq, this.timesDelivered(seq) + 1);
    }
    return consumerSeq;
  }

  /** How often a message was delivered. */
  timesDelivered(seq: number): number {
    return this.deliveries.get(seq) ?? (seq <= this.seq ? 1 : 0);
  }

  /** A message waits no more; false: it did not. */
  settle(seq: number): boolean {
    const known = this.pending.get(seq);
    if (known === undefined) return false;
    this.pending.delete(seq);
    this.deliveries.delete(seq);
    if (this.pending.size === 0) this.#floorToDelivered();
    else if (seq === this.floor.seq + 1) this.#raiseFloor(known.consumerSeq);
    else if (this.#isBelowAllPending(seq)) this.#raiseFloor(known.consumerSeq);
    return true;
  }

  /** A message was delivered as often as it may be: it waits no more, and is not acknowledged. */
  abandon(seq: number): boolean {
    return this.pending.delete(seq);
  }

  /** A message is not there any more. */
  gone(seq: number): boolean {
    const settled = this.settle(seq);
    this.deliveries.delete(seq);
    return settled;
  }

  /** Nothing up to `seq` is there any more. */
  skipTo(seq: number): void {
    if (seq > this.seq) this.seq = seq;
    const [first] = this.pending.values();
    if (first === undefined) return this.#floorToDelivered();
    const { consumerSeq, seq: floor } = this.floor;
    const last = Math.min(seq, first.seq - 1);
    if (last > floor) this.floor = { consumerSeq, seq: last };
  }

  /** Goes on where an earlier life of the server came to. */
  restore(saved: SavedProgress, pending: Iterable<SavedAck>): void {
    this.consumerSeq = saved.consumerSeq;
    this.seq = saved.seq;
    this.floor = saved.floor;
    this.deliveredUs = saved.deliveredUs;
    this.ackedUs = saved.ackedUs;
    for (const { times, ...waiting } of pending) {
      this.pending.set(waiting.seq, waiting);
      if (times > 1) this.deliveries.set(waiting.seq, times);
    }
  }

  /** Begins again behind `seq`; nothing was delivered. */
  startOver(seq: number): void {
    this.seq = seq;
    this.consumerSeq = 0;
    this.deliveredUs = 0;
    this.ackedUs = 0;
    this.pending.clear();
    this.deliveries.clear();
    this.#floorToDelivered();
  }

  #floorToDelivered(): void {
    this.floor = { consumerSeq: this.consumerSeq, seq: this.seq };
  }

  /** Up to the first message that waits. */
  #raiseFloor(consumerSeq: number): void {
    const [first] = this.pending.values();
    if (first === undefined) return this.#floorToDelivered();
    this.floor = {
      consumerSeq: Math.max(this.floor.consumerSeq, consumerSeq),
      seq: Math.max(this.floor.seq, first.seq - 1),
    };
  }

  #isBelowAllPending(seq: number): boolean {
    const [first] = this.pending.values();
    return first !== undefined && seq < first.seq;
  }
}
