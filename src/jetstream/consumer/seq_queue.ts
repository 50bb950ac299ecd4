/**
 * Sequences in the order in which they came, each once, of which any may go: a `Set`
 * whose first one is found at once, however many have gone from its beginning.
 */

/** Places that have been given up before the others move. */
const SPARE = 1024;
const GONE = 0;

export class SeqQueue {
  /** Behind `#from`; those that have gone are `GONE`. */
  #seqs: number[] = [];
  #from = 0;
  readonly #places = new Map<number, number>();

  get size(): number {
    return this.#places.size;
  }

  /** The one that came first; undefined: there is none. */
  get first(): number | undefined {
    const seqs = this.#seqs;
    while (seqs[this.#from] === GONE) this.#from++;
    return seqs[this.#from];
  }

  /** Adds a sequence, from 1 on, at the end, unless it is there. */
  add(seq: number): void {
    if (this.#places.has(seq)) return;
    this.#pack();
    this.#places.set(seq, this.#seqs.length);
    this.#seqs.push(seq);
  }

  delete(seq: number): void {
    const place = this.#places.get(seq);
    if (place === undefined) return;
    this.#places.delete(seq);
    this.#seqs[place] = GONE;
  }

  /** Gives up the places of those that have gone, once these are most. */
  #pack(): void {
    if (this.#seqs.length < 2 * this.size + SPARE) return;
    this.#seqs = this.#seqs.filter((seq) => seq !== GONE);
    this.#from = 0;
    for (const [place, seq] of this.#seqs.entries()) {
      this.#places.set(seq, place);
    }
  }
}
