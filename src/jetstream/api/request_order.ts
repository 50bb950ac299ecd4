/**
 * Requests about one stream, each behind those that came before it: what one of them
 * has done in parts is done before the next one is looked at.
 */

/** Resolves once what is under way is done; undefined: nothing is. */
type UnderWay = () => Promise<unknown> | undefined;

export class RequestOrder {
  /** Those that wait, by the name of their stream. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Calls `begin` at once, or once it is its turn. */
  run(stream: string, underWay: UnderWay, begin: () => void): void {
    const waiting = this.#waiting.get(stream);
    if (waiting !== undefined) waiting.push(begin);
    else if (underWay() === undefined) begin();
    else {
      const first = [begin];
      this.#waiting.set(stream, first);
      void this.#goOn(stream, underWay, first);
    }
  }

  async #goOn(
    stream: string,
    underWay: UnderWay,
    waiting: (() => void)[],
  ): Promise<void> {
    while (waiting.length > 0) {
      await underWay();
      // Each may have something done in parts as well.
      while (waiting.length > 0 && underWay() === undefined) {
        waiting.shift()!();
      }
    }
    this.#waiting.delete(stream);
  }
}
