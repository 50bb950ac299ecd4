/**
 * The last messages of subjects, with which a consumer begins: in ascending order
 * each comes once, and some go before that. None is moved for one that goes.
 */
export class LastMessages {
  readonly #seqs: readonly number[];
  /** By place: 1 where the message has gone; undefined: all are there. */
  #gone: Uint8Array | undefined = undefined;
  /** Those before this place have come. */
  #at = 0;

  /** `seqs`: ascending. */
  constructor(seqs: readonly number[]) {
    this.#seqs = seqs;
  }

  /** The next one that is to come; undefined: all have come. */
  get next(): number | undefined {
    return this.#seqs[this.#at];
  }

  /** The next one has come. */
  advance(): void {
    do this.#at++; while (this.#gone?.[this.#at] === 1);
  }

  /** Whether a message is one of those that are to come. */
  has(seq: number): boolean {
    const place = this.#placeFrom(seq);
    return this.#seqs[place] === seq && this.#gone?.[place] !== 1;
  }

  /** A message goes; false: it is none of those that are to come. */
  remove(seq: number): boolean {
    if (!this.has(seq)) return false;
    const place = this.#placeFrom(seq);
    if (place === this.#at) this.advance();
    else {
      this.#gone ??= new Uint8Array(this.#seqs.length);
      this.#gone[place] = 1;
    }
    return true;
  }

  /** How many are to come that are not before `seq`. */
  countFrom(seq: number): number {
    const from = this.#placeFrom(seq);
    let count = this.#seqs.length - from;
    const gone = this.#gone;
    if (gone === undefined) return count;
    for (let place = from; place < gone.length; place++) count -= gone[place]!;
    return count;
  }

  /** The place of the first one that is still to come, or has gone, and is not before `seq`. */
  #placeFrom(seq: number): number {
    let low = this.#at;
    let high = this.#seqs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#seqs[middle]! < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
