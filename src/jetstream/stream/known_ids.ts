/**
 * The message ids that a stream has seen of late: a second message with one of
 * them is a repetition of the first.
 *
 * NATS JetStream: an id counts from the first message that has it, and is not
 * renewed by the others.
 */

interface Known {
  readonly id: string;
  readonly seq: number;
  readonly timeUs: number;
}

/** Ids that are forgotten for one that is asked for. */
const PART_IDS = 256;
/** Places of ids that have been forgotten before the others move. */
const SPARE = 4096;

export class KnownIds {
  /** How long an id is remembered, in microseconds. */
  #windowUs: number;
  readonly #ids = new Map<string, Known>();
  /**
   * The same from `#from` on, the oldest first, beside some that have gone: behind
   * entries that were deleted, a `Map` looks for its first one.
   */
  #order: Known[] = [];
  #from = 0;

  constructor(windowUs: number) {
    this.#windowUs = windowUs;
  }

  /** Ids are remembered this long from now on, those that are known too. */
  resize(windowUs: number): void {
    this.#windowUs = windowUs;
  }

  /** The sequence of the message that has this id; undefined: there is none. */
  find(id: string, nowUs: number): number | undefined {
    this.#forget(nowUs);
    const known = this.#ids.get(id);
    if (known !== undefined && !this.#isOver(known, nowUs)) return known.seq;
    this.#ids.delete(id);
    return undefined;
  }

  /** The message with this id is not there. */
  forget(id: string): void {
    this.#ids.delete(id);
  }

  add(id: string, seq: number, timeUs: number): void {
    if (this.#windowUs === 0) return;
    const known = this.#ids.get(id);
    if (known !== undefined && !this.#isOver(known, timeUs)) return;
    const one = { id, seq, timeUs };
    this.#ids.set(id, one);
    this.#order.push(one);
  }

  /** Of those that are over the oldest go: more than may come meanwhile. */
  #forget(nowUs: number): void {
    const order = this.#order;
    const end = Math.min(order.length, this.#from + PART_IDS);
    for (; this.#from < end; this.#from++) {
      const one = order[this.#from]!;
      const isThere = this.#ids.get(one.id) === one;
      if (isThere && !this.#isOver(one, nowUs)) break;
      if (isThere) this.#ids.delete(one.id);
    }
    if (this.#from < order.length / 2 + SPARE) return;
    this.#order = order.slice(this.#from);
    this.#from = 0;
  }

  #isOver({ timeUs }: Known, nowUs: number): boolean {
    return timeUs + this.#windowUs <= nowUs;
  }
}
