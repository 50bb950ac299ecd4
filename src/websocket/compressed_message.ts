/**
 * A compressed message as its frames come in. What it may take is bounded
 * before it costs memory: compressed, and as what it becomes.
 */
import type { Deflate } from "../platform/deflate.ts";
import { CloseCode } from "./close_codes.ts";
import { WebSocketError } from "./frames.ts";

/** How compressed messages are taken. */
export interface Inflation {
  readonly deflate: Deflate;
  /** What one may become. */
  readonly bytesMax: number;
}

/** A message may be this many times as large, compressed, as what it becomes. */
const COMPRESSED_FACTOR = 8;
const COMPRESSED_BYTES_MAX = 64 * 1024 * 1024;
/** Room that is made at first; a peer that only says how much is to come gets no more. */
const FIRST_BYTES = 4096;

export class CompressedMessage {
  readonly #inflation: Inflation;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #expected = 0;

  constructor(inflation: Inflation) {
    this.#inflation = inflation;
  }

  /** `count` more bytes are to come. Throws when these are too many. */
  expect(count: number): void {
    this.#expected += count;
    const most = this.#inflation.bytesMax * COMPRESSED_FACTOR;
    if (this.#expected <= Math.min(most, COMPRESSED_BYTES_MAX)) return;
    throw new WebSocketError(
      "maximum payload exceeded",
      CloseCode.PROTOCOL_ERROR,
    );
  }

  /** Copies `count` bytes from `at`. */
  take(chunk: Uint8Array, at: number, count: number): void {
    this.#reserve(this.#length + count);
    this.#bytes.set(chunk.subarray(at, at + count), this.#length);
    this.#length += count;
  }

  /** What it becomes, now that all of it is there. Throws an `InflateError`. */
  inflate(): Uint8Array {
    const { deflate, bytesMax } = this.#inflation;
    return deflate.inflate(this.#bytes.subarray(0, this.#length), bytesMax);
  }

  #reserve(length: number): void {
    if (this.#bytes.length >= length) return;
    const doubled = Math.max(length, this.#bytes.length * 2, FIRST_BYTES);
    const larger = new Uint8Array(Math.min(doubled, this.#expected + length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
