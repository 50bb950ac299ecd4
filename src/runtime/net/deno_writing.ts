/**
 * What is written to one of Deno's sockets: in order, one call at a time,
 * because a call may take less than it was given.
 */
import type { DenoConnection } from "./deno_sockets.ts";

/** Is told of what becomes of written bytes. */
export interface WriteEvents {
  /** Nothing is pending any more. */
  sentAll(): void;
  failed(error: unknown): void;
}

/** Most connections never have to wait: those share this. */
const NOTHING: Uint8Array[] = [];

export class Writer {
  pendingBytes = 0;
  readonly #connection: DenoConnection;
  readonly #events: WriteEvents;
  /** What the call under way was given. */
  #current: Uint8Array | undefined = undefined;
  /** What comes behind it, from `#next` on, and what was written since. */
  #batch: Uint8Array[] = NOTHING;
  #next = 0;
  #queue: Uint8Array[] = NOTHING;
  // Made once for a connection: an `await` makes two functions for each write.
  readonly #onTaken = (count: number): void => this.#taken(count);
  readonly #onFailed = (error: unknown): void => this.#failed(error);

  constructor(connection: DenoConnection, events: WriteEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** The first call of several reaches the system before this returns. */
  write(bytes: Uint8Array): void {
    this.pendingBytes += bytes.length;
    if (this.#current === undefined) this.#send(bytes);
    else if (this.#queue === NOTHING) this.#queue = [bytes];
    else this.#queue.push(bytes);
  }

  #send(bytes: Uint8Array): void {
    this.#current = bytes;
    void this.#connection.write(bytes).then(this.#onTaken, this.#onFailed);
  }

  #taken(count: number): void {
    this.pendingBytes -= count;
    const bytes = this.#current!;
    if (count < bytes.length) return this.#send(bytes.subarray(count));
    this.#current = undefined;
    if (this.#next === this.#batch.length) {
      this.#batch = this.#queue;
      this.#queue = NOTHING;
      this.#next = 0;
    }
    if (this.#next < this.#batch.length) this.#send(this.#batch[this.#next++]!);
    else this.#events.sentAll();
  }

  #failed(error: unknown): void {
    this.#batch = NOTHING;
    this.#queue = NOTHING;
    this.#events.failed(error);
  }
}
