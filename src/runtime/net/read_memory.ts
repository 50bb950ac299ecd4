/**
 * The memory of what was read. Bun and Node, and Deno's `node:net`, make a buffer
 * for each read, which nobody needs any more once its receiver has had it; left
 * to the collector of garbage, a fast publisher's reads are hundreds of megabytes
 * until it runs, and more than a quarter of the time when it does.
 */

/** Node 20 cannot free any. */
const isFreeable = "transfer" in ArrayBuffer.prototype;

/** A buffer, with what the types of Node 20 do not know. */
interface FreeableBuffer {
  transfer(bytes: number): unknown;
}

/** Frees the memory of `chunk` at once: nobody looks at it any more. */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  // The rest of a larger piece of memory belongs to others.
  if (isFreeable && buffer.byteLength === byteLength) {
    (buffer as unknown as FreeableBuffer).transfer(0);
  }
}

/** None: most sockets are never paused in the middle of a chunk. */
const NONE: Uint8Array[] = [];

/**
 * The chunks that a socket has handed over while it was paused, which their
 * receiver has until it is resumed. A chunk that is more than one turn of work is
 * lent so each time, which is most of what a fast publisher sends.
 */
export class LentChunks {
  #chunks = NONE;

  lend(chunk: Uint8Array): void {
    if (this.#chunks === NONE) this.#chunks = [];
    this.#chunks.push(chunk);
  }

  /** The receiver is done with them: their memory is freed at once. */
  giveBack(): void {
    const chunks = this.#chunks;
    if (chunks === NONE) return;
    this.#chunks = NONE;
    for (const chunk of chunks) giveBack(chunk);
  }
}
