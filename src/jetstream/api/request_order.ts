/**
 * Requests about one stream, each behind those that came before it: what one of them
 * has done in parts is done before the next one is looked at.
 */

/** Resolves once what is under way is done; undefined: nothing is. */
type UnderWay = () => Promise<unknown> | undefined;

interface Request {
  /** What it waits for, which is not the same for all requests about a stream. */
  readonly underWay: UnderWay;
  begin(): void;
}

export class RequestOrder {
  /** Those that wait, by the name of their stream. */
  readonly #waiting = new Map<string, Request[]>();

  /** Calls `begin` at once, or once it is its turn. */
  run(stream: string, underWay: UnderWay, begin: () => void): void {
    const request = { underWay, begin };
    const waiting = this.#waiting.get(stream);
    if (waiting !== undefined) waiting.push(request);
    else if (underWay() === undefined) begin();
    else {
      const first = [request];
      this.#waiting.set(stream, first);
      void this.#goOn(stream, first);
    }
  }

  async #goOn(stream: string, waiting: Request[]): Promise<void> {
    for (let next; (next = waiting[0]) !== undefined;) {
      // Each may have something done in parts as well.
      const underWay = next.underWay();
      if (underWay !== undefined) await underWay;
      else waiting.shift()!.begin();
    }
    this.#waiting.delete(stream);
  }
}
