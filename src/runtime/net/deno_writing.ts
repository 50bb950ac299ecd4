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

export class Writer {
  pendingBytes = 0;
  readonly #connection: DenoConnection;
  readonly #events: WriteEvents;
  #queue: Uint8Array[] = [];
  #running = false;

  constructor(connection: DenoConnection, events: WriteEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** The first call of several reaches the system before this returns. */
  write(bytes: Uint8Array): void {
    this.pendingBytes += bytes.length;
    this.#queue.push(bytes);
    if (!this.#running) this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#queue.length > 0) await this.#sendQueue();
    } catch (error) {
      this.#queue = [];
      return this.#events.failed(error);
    }
    this.#running = false;
    this.#events.sentAll();
  }

  async #sendQueue(): Promise<void> {
    const queue = this.#queue;
    this.#queue = [];
    for (const bytes of queue) {
      for (let sent = 0; sent < bytes.length;) {
        const rest = sent === 0 ? bytes : bytes.subarray(sent);
        const count = await this.#connection.write(rest);
        sent += count;
        this.pendingBytes -= count;
      }
    }
  }
}
