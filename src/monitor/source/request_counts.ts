/**
 * How many requests each page had over HTTP, as `/varz` tells it.
 */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  add(path: string): void {
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
  }

  /** Takes back one `add`. */
  forget(path: string): void {
    const count = (this.#counts.get(path) ?? 0) - 1;
    if (count > 0) this.#counts.set(path, count);
    else this.#counts.delete(path);
  }

  /** By path, in the order of the paths. */
  toObject(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }
}
