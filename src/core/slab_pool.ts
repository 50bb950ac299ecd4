/**
 * The memory of outgoing bytes: slabs, which outboxes fill and hand to sockets,
 * and the pool in which all connections of a server share them.
 */

import type { SharedMemory } from "./shared_memory.ts";

export const SLAB_MIN_BYTES = 4096;
export const SLAB_MAX_BYTES = 65_536;
/** For a long message; what is longer still has memory made to measure. */
const LONG_SLAB_MAX_BYTES = 1_310_720;
/** Free slabs of one size that the pool keeps. */
const FREE_SLABS_MAX = 256;
/** And bytes of those for long messages, of each size. */
const FREE_LONG_BYTES_MAX = 4_194_304;
/** Lenders that are asked for their slabs before a new one is made. */
const LENDERS_ASKED = 4;

/** A piece of memory, as single bytes and as words. */
export class Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** What the bytes are a part of, where nobody writes. */
  readonly shared: SharedMemory | undefined;
  /** Outboxes that send what another one writes into it; the pool gets it behind the last. */
  followers = 0;
  /** Times that it was used anew, so that who remembers a place in it knows. */
  uses = 0;

  constructor(bytes: Uint8Array, view: DataView, shared?: SharedMemory) {
    this.bytes = bytes;
    this.view = view;
    this.shared = shared;
  }
}

function newSlab(size: number): Slab {
  const memory = new ArrayBuffer(size);
  return new Slab(new Uint8Array(memory), new DataView(memory));
}

export const NO_SLAB: Slab = newSlab(0);

/** An outbox whose sink may have slabs. */
export interface Lender {
  /** Takes back what the sink is done with; whether that was all. */
  reclaim(): boolean;
}

/**
 * Slabs of 4 to 64 KiB, and some for long messages, that are free at the
 * moment. A sink that is done with a slab does not say so, so those who lent one
 * are noted here, and asked before a new slab is made: connections at rest hold
 * none for long.
 */
export class SlabPool {
  readonly #free = new Map<number, Slab[]>();
  /** In the order in which they are asked. */
  readonly #lenders = new Set<Lender>();

  /** A slab of at least `bytes`. */
  take(bytes: number): Slab {
    const size = slabSize(bytes);
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) return free;
    this.#askLenders();
    return this.#free.get(size)?.pop() ?? newSlab(size);
  }

  /** `lender` has handed a slab to its sink. */
  lent(lender: Lender): void {
    this.#lenders.add(lender);
  }

  /** `lender` has all of its slabs back, or wants none any more. */
  settled(lender: Lender): void {
    this.#lenders.delete(lender);
  }

  #askLenders(): void {
    let asked = 0;
    for (const lender of this.#lenders) {
      if (asked++ === LENDERS_ASKED) return;
      // Those who get nothing yet are asked behind all others.
      this.#lenders.delete(lender);
      if (!lender.reclaim()) this.#lenders.add(lender);
    }
  }

  /** Takes back a slab that its owner, or one who follows, reads no more. */
  give(slab: Slab): void {
    const size = slab.bytes.length;
    if (slab.shared !== undefined) return slab.shared.leave();
    if (slab.followers > 0) {
      slab.followers--;
      return;
    }
    slab.uses++;
    if (size > LONG_SLAB_MAX_BYTES) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [slab]);
    else if (free.length < freeMax(size)) free.push(slab);
  }
}

/** Bytes that are sent from where they are. */
export function sharedSlab(bytes: Uint8Array, memory: SharedMemory): Slab {
  return new Slab(bytes, NO_SLAB.view, memory);
}

/** Long ones have room for a quarter more than the next shorter ones. */
function slabSize(bytes: number): number {
  if (bytes > LONG_SLAB_MAX_BYTES) return bytes;
  let size = SLAB_MIN_BYTES;
  while (size < bytes) size += size < SLAB_MAX_BYTES ? size : size >> 2;
  return Math.min(size, LONG_SLAB_MAX_BYTES);
}

function freeMax(size: number): number {
  if (size <= SLAB_MAX_BYTES) return FREE_SLABS_MAX;
  return Math.floor(FREE_LONG_BYTES_MAX / size);
}
