/**
 * What of a stream cannot be read: it is told of until it is removed, and nothing
 * is removed because of it.
 */
import { DAMAGE_PREFIX } from "../store/database_file.ts";
import {
  type Damage,
  type StoredMessage,
  StoreError,
  type StreamStore,
} from "../store/stream_store.ts";

export class Damaged {
  /** In the order in which it was found. */
  readonly found: Damage[] = [];
  readonly #store: StreamStore;

  constructor(store: StreamStore) {
    this.#store = store;
  }

  /** A message that should be there. Throws a `StoreError` where it cannot be read. */
  load(seq: number): StoredMessage | undefined {
    try {
      return this.#store.load(seq);
    } catch (error) {
      if (error instanceof StoreError) this.#note(seq, error.message);
      throw error;
    }
  }

  #note(seq: number, text: string): void {
    const isKnown = this.found.some((one) => one.seq === seq);
    if (!isKnown) this.found.push({ seq, text });
  }

  /** Takes a message out that cannot be read; false: there is none. */
  remove(seq: number, erase: boolean): boolean {
    const wasThere = this.forget(seq);
    if (wasThere) this.#store.remove(seq, erase);
    return wasThere;
  }

  /** What was told of a message is told no more; false: nothing was. */
  forget(seq: number): boolean {
    const at = this.found.findIndex((one) => one.seq === seq);
    if (at < 0) return false;
    this.found.splice(at, 1);
    this.#dropTold(`${DAMAGE_PREFIX}${seq} `);
    return true;
  }

  /** Nobody misses messages below `end` any more, of those up to `lastSeq`. */
  purge(end: number, lastSeq: number): void {
    for (const { seq } of [...this.found]) {
      if (seq > 0 && seq < end) this.remove(seq, false);
    }
    if (end <= lastSeq || this.found.length === 0) return;
    this.found.length = 0;
    this.#dropTold(DAMAGE_PREFIX);
  }

  #dropTold(prefix: string): void {
    for (const [name] of [...this.#store.values(prefix)]) {
      this.#store.put(name, undefined);
    }
  }
}
