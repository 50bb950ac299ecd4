/** A stream's messages in memory, for as long as the server runs. */
import type { StoredMessage, StreamStore } from "./stream_store.ts";

export class MemoryStore implements StreamStore {
  readonly isLasting: boolean = false;
  lastSeq = 0;
  readonly #messages = new Map<number, StoredMessage>();
  readonly #values = new Map<string, string>();

  replay(take: (message: StoredMessage) => void): void {
    for (const message of this.#messages.values()) take(message);
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
  }

  append(message: StoredMessage): void {
    this.#messages.set(message.seq, message);
    this.lastSeq = message.seq;
  }

  load(seq: number): StoredMessage | undefined {
    return this.#messages.get(seq);
  }

  remove(seq: number): void {
    this.#messages.delete(seq);
  }

  put(name: string, value: string | undefined): void {
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
  }

  values(prefix: string): Iterable<readonly [string, string]> {
    return [...this.#values].filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => a < b ? -1 : 1);
  }

  sync(done: () => void): void {
    done();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    this.#messages.clear();
    this.#values.clear();
    return Promise.resolve();
  }
}
