/**
 * The message ids that a stream has seen of late: a second message with one of
 * them is a repetition of the first.
 *
 * NATS JetStream: an id counts from the first message that has it, and is not
 * renewed by the others.
 */

interface Known {
  readonly seq: number;
  readonly timeUs: number;
}

/** Ids that are forgotten for one that is asked for. */
const PART_IDS = 256;

export class KnownIds {
  /** How long an id is remembered, in microseconds. */
  #windowUs: number;
  /** The oldest first. */
  readonly #ids = new Map<string, Known>();

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
    // Behind all others.
    this.#ids.delete(id);
    this.#ids.set(id, { seq, timeUs });
  }

  /** Of those that are over the oldest go: more than may come meanwhile. */
  #forget(nowUs: number): void {
    let left = PART_IDS;
    for (const [id, known] of this.#ids) {
      if (left-- === 0 || !this.#isOver(known, nowUs)) return;
      this.#ids.delete(id);
    }
  }

  #isOver({ timeUs }: Known, nowUs: number): boolean {
    return timeUs + this.#windowUs <= nowUs;
  }
}
