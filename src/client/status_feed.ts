/**
 * Spreads what the parts of a client tell to all who listen: the readers of
 * `status()`, and the option `onStatus`.
 */
import type { Status, StatusSink } from "./api/status.ts";
import { AsyncQueue } from "../core/async_queue.ts";

/** Spreads events to any number of readers. */
export class StatusFeed implements StatusSink {
  readonly #readers = new Set<AsyncQueue<Status>>();
  readonly #listener: ((status: Status) => void) | undefined;
  #ended = false;

  constructor(listener?: (status: Status) => void) {
    this.#listener = listener;
  }

  /** Events from now on. */
  read(): AsyncIterableIterator<Status> {
    const reader = new AsyncQueue<Status>(() => this.#readers.delete(reader));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  tell(status: Status): void {
    if (this.#ended) return;
    for (const reader of this.#readers) reader.push(status);
    try {
      this.#listener?.(status);
    } catch {
      // It is the program's own code; there is nobody else to tell.
    }
  }

  /** The last event was told. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}
