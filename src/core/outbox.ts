/**
 * Outgoing bytes of one connection, between the encoders and the socket.
 * Small frames are copied one behind the other into a slab; one flush hands
 * everything to the socket. Slabs come from a pool that all connections share,
 * so an idle connection owns none, or the last one that it lent to a socket
 * that takes bytes in a later turn.
 *
 * A slab that was handed over is never written to before the socket has taken
 * its last byte: Node and Deno send what the memory holds at the time of the
 * system call, not at the time of `write`. Sockets take bytes in the order in
 * which they got them, so slabs come back in that order, each when it is done.
 *
 * A large payload whose memory nobody changes any more is not copied: all
 * outboxes that send it hand over the same bytes (`share`).
 *
 * More than a dozen members: because encoders write into the slab themselves,
 * and slab, view and end are fields for them.
 */

import { SharedMemory } from "./shared_memory.ts";

/** Where the bytes go: `platform/socket.ts`, as far as an outbox knows it. */
export interface ByteSink {
  /** Bytes that were not taken yet; those that were are not read again. */
  readonly pendingBytes: number;
  write(bytes: Uint8Array): boolean;
}

const SLAB_MIN_BYTES = 4096;
const SLAB_MAX_BYTES = 65_536;
/** For a long message; what is longer still has memory made to measure. */
const LONG_SLAB_MAX_BYTES = 1_310_720;
/** Free slabs of one size that the pool keeps. */
const FREE_SLABS_MAX = 256;
/** And bytes of those for long messages, of each size. */
const FREE_LONG_BYTES_MAX = 4_194_304;
/** Lenders that are asked for their slabs before a new one is made. */
const LENDERS_ASKED = 4;

/** A piece of memory, as single bytes and as words. */
class Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** What the bytes are a part of, where nobody writes. */
  readonly shared: SharedMemory | undefined;

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

const NO_SLAB: Slab = newSlab(0);

/** An outbox whose sink may have slabs. */
interface Lender {
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

  /** Takes back a slab that nobody reads any more. */
  give(slab: Slab): void {
    const size = slab.bytes.length;
    if (slab.shared !== undefined) return slab.shared.leave();
    if (size > LONG_SLAB_MAX_BYTES) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [slab]);
    else if (free.length < freeMax(size)) free.push(slab);
  }
}

/** Bytes that are sent from where they are. */
function sharedSlab(bytes: Uint8Array, memory: SharedMemory): Slab {
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

export class Outbox implements Lender {
  /**
   * The slab being filled, up to `end`, as bytes and as words. Encoders call
   * `reserve`, write behind `end` and move it; nobody else touches them.
   */
  slab: Uint8Array = NO_SLAB.bytes;
  view: DataView = NO_SLAB.view;
  end = 0;
  /** Bytes that the sink was ever given. */
  writtenBytes = 0;
  /** The sink asked to wait; the owner sets it back when it hears of the drain. */
  blocked = false;

  readonly #pool: SlabPool;
  readonly #sink: ByteSink;
  #filled: Slab = NO_SLAB;
  /** Full slabs before `slab`, and how much of each is used. */
  #full: Slab[] = [];
  #fullEnds: number[] = [];
  #fullBytes = 0;
  /** Slabs that the sink may still read, and `writtenBytes` behind each. */
  #lent: Slab[] = [];
  #lentEnds: number[] = [];
  #slabBytes = SLAB_MIN_BYTES;
  /** The pool knows that it has lent slabs. */
  #isNoted = false;
  /** The sink looks at bytes that it has not counted yet. */
  #isWriting = false;

  constructor(pool: SlabPool, sink: ByteSink) {
    this.#pool = pool;
    this.#sink = sink;
  }

  /** Bytes that wait for the next flush. */
  get size(): number {
    return this.#fullBytes + this.end;
  }

  /** Bytes that wait here or in the sink. */
  get pendingBytes(): number {
    return this.size + this.#sink.pendingBytes;
  }

  /** Makes room for `bytes` behind `end`. */
  reserve(bytes: number): void {
    if (this.slab.length - this.end < bytes) this.#nextSlab(bytes);
  }

  /** Copies `bytes` (borrowed). */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.slab.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** Sends `[start, end)` of `memory` without a copy, and is a user of it until the sink has taken that. */
  share(memory: SharedMemory, start: number, end: number): void {
    const before = this.end;
    this.end = 0;
    if (before > 0 && before < this.slab.length / 4) {
      // So few bytes do not keep a slab, which is filled on behind them.
      const few = new SharedMemory(this.slab.slice(0, before));
      this.#putFull(sharedSlab(few.bytes, few), before);
    } else if (before > 0) {
      this.#putFull(this.#filled, before);
      this.#fill(NO_SLAB);
    }
    memory.enter();
    const bytes = memory.bytes.subarray(start, end);
    this.#putFull(sharedSlab(bytes, memory), bytes.length);
  }

  /**
   * Hands everything to the sink; while it is blocked, only as much as fills it
   * to about `sinkBytesMax`. The rest waits here, close together, where a sink
   * would keep a piece of memory for each flush.
   */
  flush(sinkBytesMax: number = Infinity): void {
    // By all of it, not by its last slab: or every other flush of a size that
    // comes again and again would be cut in two, a system call each.
    const isSmall = this.size < this.#slabBytes / 4;
    if (this.#fullBytes > 0) this.#writeFull(sinkBytesMax);
    if (
      this.end > 0 && this.#fullBytes === 0 && this.#sinkTakes(sinkBytesMax)
    ) {
      this.#writeLast(isSmall);
    }
    if (!this.reclaim()) this.#noteLent();
  }

  /** Takes back the slabs of which the sink has taken every byte; whether it has none left. */
  reclaim(): boolean {
    if (this.#isWriting) return false;
    const { pendingBytes } = this.#sink;
    if (pendingBytes === 0 && this.end === 0 && this.#filled !== NO_SLAB) {
      this.#pool.give(this.#filled);
      this.#fill(NO_SLAB);
    }
    const takenBytes = this.writtenBytes - pendingBytes;
    let count = 0;
    while (
      count < this.#lent.length && this.#lentEnds[count]! <= takenBytes
    ) {
      this.#pool.give(this.#lent[count]!);
      count++;
    }
    if (count < this.#lent.length) {
      if (count > 0) {
        this.#lent.splice(0, count);
        this.#lentEnds.splice(0, count);
      }
      return false;
    }
    // What happens nearly always, and cheaper than `splice`. To set the length
    // takes V8 as long as a small message.
    while (count-- > 0) {
      this.#lent.pop();
      this.#lentEnds.pop();
    }
    this.#settle();
    return true;
  }

  /** Forgets what was not flushed; the connection is over. */
  discard(): void {
    this.#full = [];
    this.#fullEnds = [];
    this.#fullBytes = 0;
    this.#fill(NO_SLAB);
    this.end = 0;
    this.#lent = [];
    this.#lentEnds = [];
    this.#settle();
  }

  /** Its slabs come back when the pool asks, or with the next flush. */
  #noteLent(): void {
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#pool.lent(this);
  }

  #settle(): void {
    if (!this.#isNoted) return;
    this.#isNoted = false;
    this.#pool.settled(this);
  }

  #fill(slab: Slab): void {
    this.#filled = slab;
    this.slab = slab.bytes;
    this.view = slab.view;
  }

  #nextSlab(bytes: number): void {
    if (this.end > 0) {
      this.#putFull(this.#filled, this.end);
      this.#slabBytes = Math.min(this.#slabBytes * 2, SLAB_MAX_BYTES);
    } else if (this.#filled !== NO_SLAB) this.#pool.give(this.#filled);
    // The pool may ask this outbox for what it has lent.
    this.#fill(NO_SLAB);
    this.end = 0;
    this.#fill(this.#pool.take(Math.max(bytes, this.#slabBytes)));
  }

  #putFull(slab: Slab, end: number): void {
    this.#full.push(slab);
    this.#fullEnds.push(end);
    this.#fullBytes += end;
  }

  #sinkTakes(sinkBytesMax: number): boolean {
    return !this.blocked || this.#sink.pendingBytes < sinkBytesMax;
  }

  #writeFull(sinkBytesMax: number): void {
    let count = 0;
    while (count < this.#full.length && this.#sinkTakes(sinkBytesMax)) {
      const slab = this.#full[count]!;
      const end = this.#fullEnds[count]!;
      this.#fullBytes -= end;
      this.#lend(slab, end);
      count++;
    }
    if (count === 0) return;
    this.#full.splice(0, count);
    this.#fullEnds.splice(0, count);
  }

  #writeLast(isSmall: boolean): void {
    const { end } = this;
    const slab = this.#filled;
    const sparse = end < slab.bytes.length / 4;
    this.end = 0;
    if (sparse && this.#sink.pendingBytes > 0) {
      // A sink that lags would keep the whole slab for these few bytes.
      return this.#write(slab.bytes.slice(0, end));
    }
    // A slab that stayed mostly empty is followed by a smaller one.
    if (isSmall && this.#slabBytes > SLAB_MIN_BYTES) this.#slabBytes /= 2;
    this.#fill(NO_SLAB);
    this.#lend(slab, end);
  }

  #lend(slab: Slab, end: number): void {
    this.#lent.push(slab);
    this.#lentEnds.push(this.writtenBytes + end);
    this.#write(slab.bytes.subarray(0, end));
  }

  #write(bytes: Uint8Array): void {
    this.writtenBytes += bytes.length;
    // A sink that needs a slab itself has the pool ask for those lent to it.
    this.#isWriting = true;
    const goesOn = this.#sink.write(bytes);
    this.#isWriting = false;
    if (!goesOn) this.blocked = true;
  }
}
