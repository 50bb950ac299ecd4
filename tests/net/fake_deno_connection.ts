/** One connection of Deno's, whose peer and system are the test. */
import type { DenoConnection } from "../../src/runtime/net/deno_sockets.ts";

export class FakeDenoConnection implements DenoConnection {
  readonly remoteAddr = { hostname: "127.0.0.1", port: 1 };
  readonly localAddr = { hostname: "127.0.0.1", port: 2 };
  /** All that was taken. */
  sent = "";
  /** How many bytes each call takes at most; 0: none until there is more. */
  takes: number = Infinity;
  isClosed = false;
  hasEnded = false;
  /** The buffer of the read under way. */
  into: Uint8Array | undefined = undefined;
  #coming: Uint8Array = new Uint8Array(0);
  #read: PromiseWithResolvers<number | null> | undefined = undefined;
  #pending: (() => void) | undefined = undefined;

  read(into: Uint8Array): Promise<number | null> {
    this.into = into;
    this.#read = Promise.withResolvers();
    const { promise } = this.#read;
    this.#bring();
    return promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    const take = (): number => {
      // What the memory holds by then, as a system call does.
      const count = Math.min(bytes.length, this.takes);
      this.sent += String.fromCharCode(...bytes.subarray(0, count));
      return count;
    };
    if (this.takes > 0) return Promise.resolve(take());
    return new Promise((resolve) => this.#pending = () => resolve(take()));
  }

  /** There is room for `takes` bytes. */
  makeRoom(takes: number): void {
    this.takes = takes;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
  }

  /** The peer sends `bytes`. */
  brings(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#coming.length + bytes.length);
    all.set(this.#coming);
    all.set(bytes, this.#coming.length);
    this.#coming = all;
    this.#bring();
  }

  /** The peer ends behind what it has sent. */
  ends(): void {
    this.hasEnded = true;
    this.#bring();
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#read?.reject(new Error("Interrupted: operation canceled"));
    this.#read = undefined;
  }

  #bring(): void {
    const { into } = this;
    if (this.#read === undefined || into === undefined) return;
    const count = Math.min(into.length, this.#coming.length);
    if (count === 0 && !this.hasEnded) return;
    into.set(this.#coming.subarray(0, count));
    this.#coming = this.#coming.slice(count);
    this.#read.resolve(count === 0 ? null : count);
    this.#read = undefined;
    this.into = undefined;
  }
}
