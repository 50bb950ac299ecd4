/**
 * What happens to a connection, told to whoever iterates over `status()`. The
 * types of events are nats.js's.
 */
import { AsyncQueue } from "./queue.ts";

/** Servers are written `host:port`. */
export type Status =
  /** The connection to a server broke. */
  | { readonly type: "disconnect"; readonly server: string }
  /** An attempt at a server begins. */
  | { readonly type: "reconnecting" }
  /** There is a connection again. */
  | { readonly type: "reconnect"; readonly server: string }
  /** The cluster gained or lost servers. */
  | {
    readonly type: "update";
    readonly added?: readonly string[];
    readonly deleted?: readonly string[];
  }
  /** The server will go away soon. */
  | { readonly type: "ldm"; readonly server: string }
  /** The server complained, or a callback threw. */
  | { readonly type: "error"; readonly error: Error }
  | { readonly type: "ping"; readonly pendingPings: number }
  /** The server answers no pings. */
  | { readonly type: "staleConnection" }
  /** The connection is closed for good. */
  | { readonly type: "close" };

/** Spreads events to any number of readers. */
export class StatusFeed {
  readonly #readers = new Set<AsyncQueue<Status>>();
  #ended = false;

  /** Events from now on. */
  read(): AsyncIterableIterator<Status> {
    const reader = new AsyncQueue<Status>(() => this.#readers.delete(reader));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  tell(status: Status): void {
    for (const reader of this.#readers) reader.push(status);
  }

  /** The last event was told. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}
