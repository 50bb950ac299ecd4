/**
 * The memory of what was read. Bun and Node make a buffer for each read, which
 * nobody needs any more once its receiver has had it; left to the collector of
 * garbage, a fast publisher's reads are hundreds of megabytes until it runs, and
 * more than a quarter of the time when it does.
 */

/** Deno's `node:net` may read into the same memory again; Node 20 cannot free any. */
const isFreeable = !("Deno" in globalThis) &&
  "transfer" in ArrayBuffer.prototype;

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
