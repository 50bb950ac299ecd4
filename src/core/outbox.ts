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
 * outboxes that send it hand over the same bytes (`share`). Nor are frames that
 * several outboxes send alike, one behind the other: the first has them in its
 * slab, and the others only note from where to where (`follow`).
 *
 * More than a dozen members: because encoders write into the slab themselves,
 * and slab, view and end are fields for them.
 */

import { SharedMemory } from "./shared_memory.ts";
import {
  type Lender,
  NO_SLAB,
  sharedSlab,
  type Slab,
  SLAB_MAX_BYTES,
  SLAB_MIN_BYTES,
  type SlabPool,
} from "./slab_pool.ts";

/** Where the bytes go: `platform/socket.ts`, as far as an outbox knows it. */
export interface ByteSink {
  /** Bytes that were not taken yet; those that were are not read again. */
  readonly pendingBytes: number;
  write(bytes: Uint8Array): boolean;
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
  /**
   * What another outbox has written into its slab, and this one sends as well,
   * from `#from` up to `#to`. It has a slab of its own or this, never both.
   */
  #followed: Slab = NO_SLAB;
  #from = 0;
  #to = 0;
  /** Slabs before those, and what of each is to be sent. */
  #full: Slab[] = [];
  #fullStarts: number[] = [];
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
    return this.#fullBytes + this.end + this.#to - this.#from;
  }

  /** What `slab` and `view` are of. */
  get filled(): Slab {
    return this.#filled;
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
    if (this.#to > 0) this.#unfollow(0);
    const before = this.end;
    this.end = 0;
    if (before > 0 && this.#isSpare(this.#filled, before)) {
      // So few bytes do not keep a slab, which is filled on behind them.
      const few = new SharedMemory(this.slab.slice(0, before));
      this.#putFull(sharedSlab(few.bytes, few), 0, before);
      this.#filled.uses++;
    } else if (before > 0) {
      this.#putFull(this.#filled, 0, before);
      this.#fill(NO_SLAB);
    }
    memory.enter();
    const bytes = memory.bytes.subarray(start, end);
    this.#putFull(sharedSlab(bytes, memory), 0, bytes.length);
  }

  /**
   * Sends `[start, end)` of `slab`, which another outbox has filled so far, without
   * a copy. False where these bytes are to be written instead: they do not go on
   * where the last ones ended, and are too few for a piece of their own.
   */
  follow(slab: Slab, start: number, end: number): boolean {
    if (slab !== this.#followed || start !== this.#to) {
      return this.#followAnew(slab, start, end);
    }
    this.#to = end;
    return true;
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
    if (this.#fullBytes === 0 && this.#sinkTakes(sinkBytesMax)) {
      if (this.end > 0) this.#writeLast(isSmall);
      else if (this.#to > 0) this.#writeFollowed();
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
    this.#fullStarts = [];
    this.#fullEnds = [];
    this.#fullBytes = 0;
    this.#endFollowing();
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
    if (this.#to > 0) return this.#unfollow(bytes);
    if (this.end > 0) {
      this.#putFull(this.#filled, 0, this.end);
      this.#slabBytes = Math.min(this.#slabBytes * 2, SLAB_MAX_BYTES);
    } else if (this.#filled !== NO_SLAB) this.#pool.give(this.#filled);
    // The pool may ask this outbox for what it has lent.
    this.#fill(NO_SLAB);
    this.end = 0;
    this.#fill(this.#pool.take(Math.max(bytes, this.#slabBytes)));
  }

  #followAnew(slab: Slab, start: number, end: number): boolean {
    if (this.#to > 0) {
      if (isFew(this.#followed, this.#to - this.#from)) return false;
      this.#putFull(this.#followed, this.#from, this.#to);
    } else if (this.end > 0) {
      // One that lags has filled a slab by itself.
      if (this.slab.length - this.end >= end - start) return false;
      this.#putFull(this.#filled, 0, this.end);
      this.end = 0;
    } else if (this.#filled !== NO_SLAB) this.#pool.give(this.#filled);
    this.#fill(NO_SLAB);
    slab.followers++;
    this.#followed = slab;
    this.#from = start;
    this.#to = end;
    return true;
  }

  /** Goes on in a slab of its own with room for `bytes`. */
  #unfollow(bytes: number): void {
    const slab = this.#followed;
    const start = this.#from;
    const end = this.#to;
    this.#endFollowing();
    if (!isFew(slab, end - start)) {
      this.#putFull(slab, start, end);
      return this.reserve(bytes);
    }
    this.reserve(end - start + bytes);
    this.slab.set(slab.bytes.subarray(start, end));
    this.end = end - start;
    this.#pool.give(slab);
  }

  #endFollowing(): void {
    this.#followed = NO_SLAB;
    this.#from = 0;
    this.#to = 0;
  }

  #putFull(slab: Slab, start: number, end: number): void {
    this.#full.push(slab);
    this.#fullStarts.push(start);
    this.#fullEnds.push(end);
    this.#fullBytes += end - start;
  }

  #sinkTakes(sinkBytesMax: number): boolean {
    return !this.blocked || this.#sink.pendingBytes < sinkBytesMax;
  }

  #writeFull(sinkBytesMax: number): void {
    let count = 0;
    while (count < this.#full.length && this.#sinkTakes(sinkBytesMax)) {
      const slab = this.#full[count]!;
      const start = this.#fullStarts[count]!;
      const end = this.#fullEnds[count]!;
      this.#fullBytes -= end - start;
      this.#lend(slab, start, end);
      count++;
    }
    if (count === 0) return;
    this.#full.splice(0, count);
    this.#fullStarts.splice(0, count);
    this.#fullEnds.splice(0, count);
  }

  #writeLast(isSmall: boolean): void {
    const { end } = this;
    const slab = this.#filled;
    this.end = 0;
    if (this.#sink.pendingBytes > 0 && this.#isSpare(slab, end)) {
      // A sink that lags would keep the whole slab for these few bytes.
      slab.uses++;
      return this.#write(slab.bytes.slice(0, end));
    }
    // A slab that stayed mostly empty is followed by a smaller one.
    if (isSmall && this.#slabBytes > SLAB_MIN_BYTES) this.#slabBytes /= 2;
    this.#fill(NO_SLAB);
    this.#lend(slab, 0, end);
  }

  #writeFollowed(): void {
    const slab = this.#followed;
    const start = this.#from;
    const end = this.#to;
    this.#endFollowing();
    if (this.#sink.pendingBytes > 0 && isFew(slab, end - start)) {
      const few = slab.bytes.slice(start, end);
      this.#pool.give(slab);
      return this.#write(few);
    }
    this.#lend(slab, start, end);
  }

  /** Whether `slab` is better filled anew than kept for its first `bytes`. */
  #isSpare(slab: Slab, bytes: number): boolean {
    return slab.followers === 0 && isFew(slab, bytes);
  }

  #lend(slab: Slab, start: number, end: number): void {
    this.#lent.push(slab);
    this.#lentEnds.push(this.writtenBytes + end - start);
    this.#write(slab.bytes.subarray(start, end));
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

/** Whether it is not worth keeping all of `slab` for these `bytes`. */
function isFew(slab: Slab, bytes: number): boolean {
  return bytes < slab.bytes.length / 4;
}
