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
    return this.#ids.get(id)?.seq;
  }

  /** The message with this id is not there. */
  forget(id: string): void {
    this.#ids.delete(id);
  }

  add(id: string, seq: number, timeUs: number): void {
    if (this.#windowUs > 0 && !this.#ids.has(id)) {
      this.#ids.set(id, { seq, timeUs });
    }
  }

  #forget(nowUs: number): void {
    for (const [id, { timeUs }] of this.#ids) {
      if (timeUs + this.#windowUs > nowUs) return;
      this.#ids.delete(id);
    }
  }
}
