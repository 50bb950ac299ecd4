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
  /** The number of its first delivery. */
  readonly consumerSeq: number;
  /** When the last one was, in microseconds. */
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

/** A message that was delivered, how often, and whether it waited. */
export interface SavedAck {
  readonly seq: number;
  readonly times: number;
  /** Undefined: it had been delivered as often as it may be. */
  readonly waiting: PendingAck | undefined;
}

/** Places of the order of what waits that may be given up before it is made anew. */
const ORDER_SPARE = 64;

export class Progress {
  /** The number of the last delivery. */
  consumerSeq = 0;
  /** The last message that was delivered for the first time. */
  seq: number;
  /** By sequence, in the order of the first deliveries. */
  readonly pending: Map<number, PendingAck> = new Map();
  /**
   * The same in their order, beside some that have gone: behind places that were given
   * up, a `Map` looks for its first entry.
   */
  #order: PendingAck[] = [];
  #orderFrom = 0;
  /** It is that of their sequences as well. */
  #isAscending = true;
  /** How often messages were delivered: those that were more than once, or as often as they may be, and are not acknowledged. */
  readonly deliveries: Map<number, number> = new Map();
  /** Those of them that wait no more. */
  readonly #abandoned = new Set<number>();
  /** When something was delivered, and acknowledged, last; 0: never. */
  deliveredUs = 0;
  ackedUs = 0;
  /** See `floor`, of which no object is made for a message. */
  #floorSeq: number;
  #floorConsumerSeq = 0;

  /** `seq`: the message before the first one. */
  constructor(seq: number) {
    this.seq = seq;
    this.#floorSeq = seq;
  }

  /** Everything up to here is acknowledged. */
  get floor(): StreamPlace {
    return { consumerSeq: this.#floorConsumerSeq, seq: this.#floorSeq };
  }

  /**
   * Notes the delivery of a message. `dueUs`: when it is to be delivered again;
   * undefined: no acknowledgement is waited for.
   */
  delivered(seq: number, nowUs: number, dueUs: number | undefined): void {
    const consumerSeq = ++this.consumerSeq;
    if (seq > this.seq) this.seq = seq;
    this.deliveredUs = nowUs;
    if (dueUs === undefined) return this.#floorToDelivered();
    const known = this.pending.get(seq);
    if (known === undefined) {
      this.#wait({ seq, consumerSeq, deliveredUs: nowUs, dueUs });
    } else {
      known.deliveredUs = nowUs;
      known.dueUs = dueUs;
      this.deliveries.set(seq, this.timesDelivered(seq) + 1);
    }
  }

  /** How often a message was delivered. */
  timesDelivered(seq: number): number {
    const known = this.deliveries.size === 0
      ? undefined
      : this.deliveries.get(seq);
    return known ?? (seq <= this.seq ? 1 : 0);
  }

  /** Whether a message was delivered and is not acknowledged, even where it does not come again. */
  isOpen(seq: number): boolean {
    return this.pending.has(seq) || this.deliveries.has(seq);
  }

  /** A message is acknowledged; false: there was nothing to acknowledge. */
  settle(seq: number): boolean {
    const known = this.pending.get(seq);
    const wasAgain = this.deliveries.size > 0 && this.deliveries.delete(seq);
    if (this.#abandoned.size > 0) this.#abandoned.delete(seq);
    if (known === undefined) return wasAgain;
    this.pending.delete(seq);
    this.#raiseFloor(known);
    return true;
  }

  /** All messages up to this place are acknowledged. */
  settledTo(place: StreamPlace): void {
    if (this.pending.size === 0) this.#floorToDelivered();
    else this.#floorAt(place.consumerSeq, place.seq);
  }

  /** A message was delivered as often as it may be: it waits no more, and is not acknowledged. */
  abandon(seq: number): boolean {
    const times = this.timesDelivered(seq);
    if (!this.pending.delete(seq)) return false;
    this.deliveries.set(seq, times);
    this.#abandoned.add(seq);
    return true;
  }

  /** Messages up to `seq` that were delivered and are not acknowledged. */
  openUpTo(seq: number): readonly number[] {
    const open = [...this.#abandoned].filter((one) => one <= seq);
    const order = this.#order;
    this.#firstPending();
    for (let at = this.#orderFrom; at < order.length; at++) {
      const one = order[at]!;
      if (one.seq > seq && this.#isAscending) break;
      const isOpen = one.seq <= seq && this.pending.get(one.seq) === one;
      if (isOpen) open.push(one.seq);
    }
    return open;
  }

  /** Nothing up to `seq` is there any more. */
  skipTo(seq: number): void {
    if (seq > this.seq) this.seq = seq;
    const first = this.#firstPending();
    if (first === undefined) return this.#floorToDelivered();
    const last = Math.min(seq, first.seq - 1);
    if (last > this.#floorSeq) this.#floorSeq = last;
  }

  /** Goes on where an earlier life of the server came to. */
  restore(saved: SavedProgress, open: Iterable<SavedAck>): void {
    this.consumerSeq = saved.consumerSeq;
    this.seq = saved.seq;
    this.#floorAt(saved.floor.consumerSeq, saved.floor.seq);
    this.deliveredUs = saved.deliveredUs;
    this.ackedUs = saved.ackedUs;
    for (const { seq, times, waiting } of open) {
      if (waiting !== undefined) this.#wait(waiting);
      else this.#abandoned.add(seq);
      if (times > 1 || waiting === undefined) this.deliveries.set(seq, times);
    }
  }

  /** Begins again behind `seq`; nothing was delivered. */
  startOver(seq: number): void {
    this.seq = seq;
    this.consumerSeq = 0;
    this.deliveredUs = 0;
    this.ackedUs = 0;
    this.pending.clear();
    this.#order = [];
    this.#orderFrom = 0;
    this.#isAscending = true;
    this.deliveries.clear();
    this.#abandoned.clear();
    this.#floorToDelivered();
  }

  #wait(one: PendingAck): void {
    this.pending.set(one.seq, one);
    this.#abandoned.delete(one.seq);
    const before = this.#order.at(-1);
    if (before !== undefined && before.seq > one.seq) this.#isAscending = false;
    this.#order.push(one);
    if (this.#order.length < 2 * this.pending.size + ORDER_SPARE) return;
    this.#order = [...this.pending.values()];
    this.#orderFrom = 0;
  }

  #firstPending(): PendingAck | undefined {
    const order = this.#order;
    for (; this.#orderFrom < order.length; this.#orderFrom++) {
      const one = order[this.#orderFrom]!;
      if (this.pending.get(one.seq) === one) return one;
    }
    return undefined;
  }

  #floorToDelivered(): void {
    this.#floorAt(this.consumerSeq, this.seq);
  }

  #floorAt(consumerSeq: number, seq: number): void {
    this.#floorConsumerSeq = consumerSeq;
    this.#floorSeq = seq;
  }

  /** A message is acknowledged: the floor comes up to the first that waits, if it was the next. */
  #raiseFloor({ consumerSeq }: PendingAck): void {
    const first = this.#firstPending();
    if (first === undefined) return this.#floorToDelivered();
    if (consumerSeq !== this.#floorConsumerSeq + 1) return;
    this.#floorAt(first.consumerSeq - 1, first.seq - 1);
  }
}
