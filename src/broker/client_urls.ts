/**
 * The `connect_urls` of INFO: where else clients can go. The server's own
 * addresses come first, then those that other servers told, each once however
 * many servers tell it.
 */

/** Characters of all addresses in one INFO: lines far longer than this are too much for some clients. */
const CHARS_MAX = 32_768;

export class ClientUrls {
  #own: readonly string[];
  /** How many servers told each address. */
  readonly #told = new Map<string, number>();
  #wasTold = false;
  /** What `all` and `others` give, until something changes. */
  #all: readonly string[] | undefined = undefined;
  #others: readonly string[] | undefined = undefined;

  constructor(own: readonly string[]) {
    this.#own = own;
  }

  /** This server's own addresses, `host:port`. */
  get own(): readonly string[] {
    return this.#own;
  }

  set own(urls: readonly string[]) {
    this.#own = urls;
    this.#forgetLists();
  }

  /**
   * All addresses; empty as long as no other server has told any. NATS: a server
   * that is alone again goes on to tell its own, so that clients forget those of
   * the others.
   */
  get all(): readonly string[] {
    if (!this.#wasTold) return [];
    this.#all ??= bounded(new Set([...this.#own, ...this.#told.keys()]));
    return this.#all;
  }

  /** The addresses of other servers. */
  get others(): readonly string[] {
    this.#others ??= bounded(
      [...this.#told.keys()].filter((url) => !this.#own.includes(url)),
    );
    return this.#others;
  }

  /** Counts `urls` in; true if an address is new. */
  add(urls: readonly string[]): boolean {
    let changed = false;
    if (urls.length > 0) this.#wasTold = true;
    this.#forgetLists();
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
    this.#forgetLists();
    for (const url of urls) {
      const count = (this.#told.get(url) ?? 0) - 1;
      if (count > 0) this.#told.set(url, count);
      else changed = this.#told.delete(url) || changed;
    }
    return changed;
  }

  #forgetLists(): void {
    this.#all = this.#others = undefined;
  }
}

/** The addresses up to the first that is too much. */
function bounded(urls: Iterable<string>): string[] {
  const kept = [];
  let chars = 0;
  for (const url of urls) {
    chars += url.length;
    if (chars > CHARS_MAX) break;
    kept.push(url);
  }
  return kept;
}
