/**
 * How many JWTs of accounts are looked up at one time. Each stranger may name an
 * account that nobody knows, which asks other servers or a web server. Behind 64
 * lookups the others wait in their order.
 */

/** Lookups that are under way at one time. */
const LANES = 64;

export class LookupLanes {
  #free = LANES;
  readonly #waiting: (() => void)[] = [];

  /** Runs `look` once there is a lane for it. */
  async run<T>(look: () => T | Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await look();
    } finally {
      // The lane goes from one to the next.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
