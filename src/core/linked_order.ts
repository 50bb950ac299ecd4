/**
 * Items in the order in which they came, each of which can be taken out at any
 * time. A `Set` does the same, but looks for its oldest member behind the places
 * of all that were taken out before it.
 */

/** The place of one item. */
export interface OrderLink<T> {
  readonly item: T;
  /** The place before and the one behind, as long as the item is in. */
  before: OrderLink<T> | undefined;
  behind: OrderLink<T> | undefined;
  isIn: boolean;
}

export class LinkedOrder<T> {
  #oldest: OrderLink<T> | undefined = undefined;
  #newest: OrderLink<T> | undefined = undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): OrderLink<T> | undefined {
    return this.#oldest;
  }

  /** Puts `item` behind all others; gives its place, by which it is taken out. */
  add(item: T): OrderLink<T> {
    const before = this.#newest;
    const link: OrderLink<T> = { item, before, behind: undefined, isIn: true };
    if (before === undefined) this.#oldest = link;
    else before.behind = link;
    this.#newest = link;
    this.#size++;
    return link;
  }

  /** False when it has been taken out already. */
  remove(link: OrderLink<T>): boolean {
    if (!link.isIn) return false;
    const { before, behind } = link;
    if (before === undefined) this.#oldest = behind;
    else before.behind = behind;
    if (behind === undefined) this.#newest = before;
    else behind.before = before;
    link.isIn = false;
    this.#size--;
    return true;
  }
}
