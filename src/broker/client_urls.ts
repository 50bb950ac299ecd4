/**
 * The `connect_urls` of INFO: where else clients can go. The server's own
 * addresses come first, then those that other servers told, each once however
 * many servers tell it.
 */

export class ClientUrls {
  readonly #own: readonly string[];
  /** How many servers told each address. */
  readonly #told = new Map<string, number>();
  #wasTold = false;

  constructor(own: readonly string[]) {
    this.#own = own;
  }

  /** This server's own addresses, `host:port`. */
  get own(): readonly string[] {
    return this.#own;
  }

  /**
   * All addresses; empty as long as no other server has told any. NATS: a server
   * that is alone again goes on to tell its own, so that clients forget those of
   * the others.
   */
  get all(): string[] {
    if (!this.#wasTold) return [];
    return [...new Set([...this.#own, ...this.#told.keys()])];
  }

  /** The addresses of other servers. */
  get others(): string[] {
    return [...this.#told.keys()].filter((url) => !this.#own.includes(url));
  }

  /** Counts `urls` in; true if an address is new. */
  add(urls: readonly string[]): boolean {
    let changed = false;
    if (urls.length > 0) this.#wasTold = true;
    for (const url of urls) {
      const count = this.#told.get(url) ?? 0;
      this.#told.set(url, count + 1);
      changed ||= count === 0;
    }
    return changed;
  }

  /** Takes back what `add` counted; true if an address is gone. */
  remove(urls: readonly string[]): boolean {
    let changed = false;
    for (const url of urls) {
      const count = (this.#told.get(url) ?? 0) - 1;
      if (count > 0) this.#told.set(url, count);
      else changed = this.#told.delete(url) || changed;
    }
    return changed;
  }
}
