/**
 * The beginning of an HTTP request out of chunks, up to the blank line behind
 * its headers. A request that is not whole costs what was sent of it.
 */
import { CR, LF } from "../core/ascii.ts";
import { HttpRefusal } from "./http_refusal.ts";

/** Longer requests are refused. */
const HEAD_BYTES_MAX = 65_536;

export class RequestReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** Where the line begins whose end was not found so far. */
  #lineStart = 0;
  #searchedTo = 0;
  #headEnd = 0;

  /** Whether the request that comes next is whole. Throws an `HttpRefusal`. */
  isWhole(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#searchedTo; at < this.#length; at++) {
      if (bytes[at] !== LF) continue;
      const lineLength = at - this.#lineStart;
      this.#lineStart = at + 1;
      const isBlank = lineLength === 0 ||
        lineLength === 1 && bytes[at - 1] === CR;
      if (!isBlank) continue;
      this.#headEnd = at + 1;
      if (this.#headEnd > HEAD_BYTES_MAX) throw HttpRefusal.tooLarge();
      return true;
    }
    this.#searchedTo = this.#length;
    if (this.#length > HEAD_BYTES_MAX) throw HttpRefusal.tooLarge();
    return false;
  }

  /** The whole request, and from now on it is what comes behind it. */
  next(): Uint8Array {
    const head = this.#bytes.subarray(0, this.#headEnd);
    this.#cut(this.#headEnd);
    return head;
  }

  /** Bytes that came and belong to no request that was taken. */
  get restBytes(): number {
    return this.#length;
  }

  /** They themselves; given. */
  rest(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Drops up to `count` bytes; gives how many are still to be dropped. */
  skip(count: number): number {
    const dropped = Math.min(count, this.#length);
    this.#cut(dropped);
    return count - dropped;
  }

  #cut(count: number): void {
    this.#bytes = this.#bytes.subarray(count, this.#length);
    this.#length -= count;
    this.#lineStart = 0;
    this.#searchedTo = 0;
    this.#headEnd = 0;
  }

  /** Takes a copy of `chunk` (borrowed). */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const doubled = Math.min(this.#bytes.length * 2, HEAD_BYTES_MAX);
      const larger = new Uint8Array(Math.max(length, doubled));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }
}
