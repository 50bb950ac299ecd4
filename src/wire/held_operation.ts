/**
 * The one partial operation of a parser: bytes that have come and wait for the
 * rest. Memory for large ones is used again by all parsers: thousands of clients
 * that send one large message each would else leave as many buffers to the
 * garbage collector, which comes late for memory outside of its heap. What is
 * sent from there without a copy is used again when its last byte is taken.
 */
import { SharedMemory } from "../core/shared_memory.ts";

const START_BYTES = 256;
/** A larger buffer is given back after use. */
const KEEP_BYTES = 4096;
/**
 * Such a buffer has room for at most this many times what has arrived, and a
 * little more: 1 MiB that comes in pieces of 64 KiB is moved once.
 */
const GROWTH = 16;

/** A larger buffer is made to measure, and not kept for others. */
const POOLED_BYTES_MAX = 1_114_112;
/** The first size that is kept for others. */
const POOLED_BYTES_MIN = 8192;
/** Each has room for a quarter more than the one before. */
const POOLED_SIZES: readonly number[] = pooledSizes();
/** Bytes that are kept for the next operations, of all parsers. */
const SPARE_BYTES_MAX = 8_388_608;

/** What is shorter is sooner copied than shared. */
const SHARED_BYTES_MIN = 65_536;

const EMPTY: Uint8Array = new Uint8Array(0);

/** By size, the buffers that nobody uses. */
const spares: Uint8Array[][] = POOLED_SIZES.map(() => []);
let spareBytes = 0;

export class HeldOperation {
  /** `length` bytes of it are there. */
  bytes: Uint8Array = EMPTY;
  length = 0;
  /** What `bytes` lies in, where that is shared. */
  #memory: Uint8Array | undefined = undefined;
  #shared: SharedMemory | undefined = undefined;

  /** Copies `chunk[start, end)` behind what is there, of which `wanted` bytes will come. */
  append(chunk: Uint8Array, start: number, end: number, wanted: number): void {
    const length = this.length + end - start;
    // Nobody has seen it yet.
    this.#shared = undefined;
    if (this.bytes.length < length) this.#grow(length, wanted);
    this.bytes.set(chunk.subarray(start, end), this.length);
    this.length = length;
  }

  /** Much of what was there is dropped: so is room that is not needed. */
  trim(): void {
    if (this.bytes.length <= KEEP_BYTES) return;
    const kept = this.bytes.slice(0, this.length);
    this.#giveBack();
    this.bytes = kept;
  }

  /** The bytes as those get them who send them without a copy; undefined: they are too few. */
  shared(): SharedMemory | undefined {
    if (this.length < SHARED_BYTES_MIN) return undefined;
    return this.#shared = new SharedMemory(this.bytes, this.#memory, give);
  }

  /** It was handled. */
  release(): void {
    this.length = 0;
    if (this.bytes.length > KEEP_BYTES) this.#giveBack();
  }

  /** Nothing comes any more. In the middle of it its handler may still read the bytes. */
  forget(): void {
    this.length = 0;
    this.#memory = undefined;
    this.#shared = undefined;
    this.bytes = EMPTY;
  }

  #giveBack(): void {
    if (this.#shared !== undefined) this.#shared.leave();
    else if (this.#memory !== undefined) give(this.#memory);
    this.#shared = undefined;
    this.#memory = undefined;
    this.bytes = EMPTY;
  }

  /**
   * Makes room for `length` bytes, and for some of those that are wanted: what
   * a line announces may never come, so memory follows what has arrived.
   */
  #grow(length: number, wanted: number): void {
    const ahead = KEEP_BYTES + length * GROWTH;
    const least = Math.max(length, Math.min(wanted, ahead));
    const isSmall = length <= KEEP_BYTES;
    const memory = isSmall ? small(length) : take(least);
    const bytes = isSmall ? memory : memory.subarray(0, least);
    bytes.set(this.bytes.subarray(0, this.length));
    this.#giveBack();
    this.#memory = memory;
    this.bytes = bytes;
  }
}

function small(least: number): Uint8Array {
  let size = START_BYTES;
  while (size < least) size *= 2;
  return new Uint8Array(size);
}

function pooledSizes(): number[] {
  const sizes: number[] = [];
  for (let size = POOLED_BYTES_MIN; size < POOLED_BYTES_MAX;) {
    sizes.push(size);
    size += Math.max(POOLED_BYTES_MIN, (size >> 2) & ~4095);
  }
  return [...sizes, POOLED_BYTES_MAX];
}

/** At least `bytes`, and at most a quarter or 8 KiB more. */
function take(bytes: number): Uint8Array {
  if (bytes > POOLED_BYTES_MAX) return new Uint8Array(bytes);
  const at = POOLED_SIZES.findIndex((size) => size >= bytes);
  const spare = spares[at]!.pop();
  if (spare === undefined) return new Uint8Array(POOLED_SIZES[at]!);
  spareBytes -= spare.length;
  return spare;
}

function give(memory: Uint8Array): void {
  const at = POOLED_SIZES.indexOf(memory.length);
  if (at < 0 || spareBytes + memory.length > SPARE_BYTES_MAX) return;
  spareBytes += memory.length;
  spares[at]!.push(memory);
}
