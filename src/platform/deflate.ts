/**
 * The seam to compression of one message at a time, as RFC 7692 has it without
 * context takeover. `runtime/process/deflate.ts` implements it. Bytes are
 * borrowed, and results belong to the caller.
 */
export interface Deflate {
  /** Compresses `bytes` for themselves alone, without the four bytes at the end that say so. */
  deflate(bytes: Uint8Array): Uint8Array;
  /** The opposite. Throws an `InflateError`. */
  inflate(bytes: Uint8Array, bytesMax: number): Uint8Array;
}

/** Bytes that are not compressed as they should be, or too many of them. */
export class InflateError extends Error {
  override readonly name = "InflateError";
  /** They would become more than `bytesMax`. */
  readonly isTooLarge: boolean;

  constructor(isTooLarge: boolean, cause: unknown) {
    super(isTooLarge ? "too large" : "corrupt", { cause });
    this.isTooLarge = isTooLarge;
  }
}
