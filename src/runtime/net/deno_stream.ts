/**
 * One of Deno's own connections as a stream of Node's, for what takes nothing
 * else, such as a server of `node:http`. Either end may end first.
 */
import { Duplex } from "node:stream";
import type { DenoConnection } from "./deno_sockets.ts";

/** Requests are short. */
const READ_BYTES = 4_096;

export class DenoStream extends Duplex {
  readonly #connection: DenoConnection;

  constructor(connection: DenoConnection) {
    super();
    this.#connection = connection;
  }

  /** What `node:http` calls behind the last answer: the peer may be slow to hang up. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** `node:http` asks for it. The limits of time are `http_handed.ts`'. */
  ["setTimeout"](): this {
    return this;
  }

  override _read(): void {
    void this.#readOnce();
  }

  async #readOnce(): Promise<void> {
    const bytes = new Uint8Array(READ_BYTES);
    try {
      const count = await this.#connection.read(bytes);
      this.push(count === null ? null : bytes.subarray(0, count));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error) => void,
  ): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    for (let sent = 0; sent < chunk.length;) {
      sent += await this.#connection.write(chunk.subarray(sent));
    }
  }

  override _final(done: (error?: Error) => void): void {
    this.#connection.closeWrite().then(() => done(), done);
  }

  override _destroy(
    error: Error | null,
    done: (error: Error | null) => void,
  ): void {
    this.#connection.close();
    done(error);
  }
}
