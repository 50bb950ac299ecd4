/**
 * The buffers that Deno's sockets read into, which are used again and again. A
 * connection at rest keeps a small one; larger ones are lent for one read each,
 * so that connections that wait for anything hold none of them.
 */

/**
 * What a connection is read with: the first while it waits for its peer, the
 * next as long as there is more. No sizes in which programs write, so that a
 * filled buffer nearly always means that there is more.
 */
const READ_BYTES: readonly number[] = [5_000, 70_000, 500_000];
/** Bytes of each size that are kept for the next reader. */
const SPARE_BYTES_MAX = 4_000_000;

/** By step, the buffers that nobody reads into at the moment. */
const spareBuffers: Uint8Array[][] = READ_BYTES.map(() => []);

/**
 * What one connection reads into: first a buffer of its own, then larger ones
 * that are borrowed.
 */
export class ReadBuffers {
  readonly #own: Uint8Array = new Uint8Array(READ_BYTES[0]!);
  #step = 0;

  /** For the next read; to be given back. */
  take(): Uint8Array {
    if (this.#step === 0) return this.#own;
    const spare = spareBuffers[this.#step]!.pop();
    return spare ?? new Uint8Array(READ_BYTES[this.#step]!);
  }

  /** `bytes` were read into, `count` of them, and handled. */
  give(bytes: Uint8Array, count: number): void {
    const spares = spareBuffers[this.#step]!;
    const isBorrowed = bytes !== this.#own;
    if (isBorrowed && spares.length * bytes.length < SPARE_BYTES_MAX) {
      spares.push(bytes);
    }
    const hasMore = count === bytes.length;
    const next = Math.min(this.#step + 1, READ_BYTES.length - 1);
    this.#step = hasMore ? next : 0;
  }
}
