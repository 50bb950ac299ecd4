/**
 * Spreads what the parts of a client tell to all who listen: the readers of
 * `status()`, and the option `onStatus`.
 */
import type { Status, StatusIterator, StatusSink } from "./api/status.ts";
import { AsyncQueue } from "../core/async_queue.ts";
import { tellUnheard } from "./unheard.ts";

/** Events that wait for a reader; more of them push the oldest out. */
export const STATUSES_MAX = 1024;

/** Spreads events to any number of readers. */
export class StatusFeed implements StatusSink {
  readonly #readers = new Set<StatusReader>();
  readonly #listener: ((status: Status) => void) | undefined;
  #ended = false;

  constructor(listener?: (status: Status) => void) {
    this.#listener = listener;
  }

  /** Events from now on. */
  read(): StatusIterator<Status> {
    const reader = new StatusReader(() => this.#readers.delete(reader));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  tell(status: Status): void {
    const isOfCallback = status.type === "error" &&
      status.subject !== undefined;
    if (this.#ended && !isOfCallback) return;
    for (const reader of this.#readers) reader.push(status);
    const isHeard = this.#listener !== undefined || this.#readers.size > 0;
    if (isOfCallback && !isHeard) tellUnheard(status.error, status.subject);
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

/** One reader: what it has missed is told in front of what it has not. */
class StatusReader implements StatusIterator<Status> {
  readonly #queue: AsyncQueue<Status>;
  #missed = 0;

  constructor(onReturn: () => void) {
    this.#queue = new AsyncQueue(onReturn);
  }

  push(status: Status): void {
    if (this.#queue.pending === STATUSES_MAX) {
      this.#queue.dropOldest();
      this.#missed++;
    }
    this.#queue.push(status);
  }

  end(): void {
    this.#queue.end();
  }

  stop(error?: Error): void {
    this.#queue.stop(error);
  }

  next(): Promise<IteratorResult<Status>> {
    const count = this.#missed;
    if (count === 0) return this.#queue.next();
    this.#missed = 0;
    return Promise.resolve({ done: false, value: { type: "missed", count } });
  }

  return(): Promise<IteratorResult<Status>> {
    this.#missed = 0;
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
