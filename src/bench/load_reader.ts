/**
 * Finds the messages of a load in what a server sends, at the cost of a look at
 * their lines: no string and no object is made for one, and no payload is
 * looked at. All that is not the load's (INFO, PING, answers to the client's
 * own requests) is handed on as it came.
 */
import { LF, SPACE } from "../core/ascii.ts";

/** Subscriptions of a load have numbers from here on; the client's own begin at 1. */
export const FIRST_LOAD_SID = 100_000;

/** The beginning of headers and payload that is there to be read when a message is told. */
const PREFIX_BYTES = 512;
const HELD_BYTES = 16 * 1024;
const M = 0x4d;
const H = 0x48;
const ZERO = 0x30;
/** `MSG ` and `HMSG `. */
const MSG_WORD = 4;
const HMSG_WORD = 5;

/** What gets all that a reader finds. */
export interface FrameTaker {
  /** A message of the load has arrived in full; `frame` tells where its parts are, for this call. */
  onFrame(frame: LoadReader): void;
  /** Bytes of all else, borrowed; an operation may come in pieces. */
  onRest(bytes: Uint8Array): void;
}

/** More than a dozen members: because the places in a message are read where they lie. */
export class LoadReader {
  /** Where the message under way is; of a long one the line and the first 512 bytes behind it. */
  bytes: Uint8Array = new Uint8Array(0);
  sid = 0;
  subjectStart = 0;
  subjectEnd = 0;
  /** Equal where there is no reply subject. */
  replyStart = 0;
  replyEnd = 0;
  /** Headers, then the payload, begin here; `bytes` has them all, or their beginning. */
  bodyStart = 0;
  headerSize = 0;
  /** Of headers and payload together. */
  size = 0;
  readonly #taker: FrameTaker;
  readonly #held: Uint8Array = new Uint8Array(HELD_BYTES);
  #heldEnd = 0;
  /** Bytes of a message of ours still to come, which nobody wants. */
  #skipBytes = 0;
  /** Bytes of a message for the client still to come. */
  #passBytes = 0;
  /** In the middle of a line for the client. */
  #inLine = false;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  read(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skipBytes > 0) at = this.#skip(chunk, at);
      else if (this.#passBytes > 0) at = this.#pass(chunk, at);
      else if (this.#inLine) at = this.#passLine(chunk, at);
      else if (this.#heldEnd > 0) at = this.#continueHeld(chunk, at);
      else at = this.#begin(chunk, at);
    }
  }

  #skip(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#skipBytes, chunk.length - at);
    this.#skipBytes -= count;
    if (this.#skipBytes === 0) this.#taker.onFrame(this);
    return at + count;
  }

  #pass(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#passBytes, chunk.length - at);
    this.#passBytes -= count;
    this.#taker.onRest(chunk.subarray(at, at + count));
    return at + count;
  }

  #passLine(chunk: Uint8Array, at: number): number {
    const lineEnd = chunk.indexOf(LF, at);
    const end = lineEnd < 0 ? chunk.length : lineEnd + 1;
    this.#inLine = lineEnd < 0;
    this.#taker.onRest(chunk.subarray(at, end));
    return end;
  }

  #begin(chunk: Uint8Array, at: number): number {
    const first = chunk[at];
    if (first !== M && first !== H) return this.#passLine(chunk, at);
    const lineEnd = lineEndIn(chunk, at);
    if (lineEnd < 0) return this.#hold(chunk, at, chunk.length);
    this.#readLine(chunk, at, lineEnd);
    const frameEnd = lineEnd + 1 + this.size + 2;
    if (this.sid < FIRST_LOAD_SID) {
      this.#passBytes = frameEnd - at;
      return at;
    }
    if (frameEnd <= chunk.length) {
      this.#taker.onFrame(this);
      return frameEnd;
    }
    return this.#hold(chunk, at, chunk.length);
  }

  /** Keeps the beginning of a message whose rest comes with the next chunk. */
  #hold(chunk: Uint8Array, at: number, end: number): number {
    const kept = Math.min(end, at + HELD_BYTES - this.#heldEnd);
    this.#held.set(chunk.subarray(at, kept), this.#heldEnd);
    this.#heldEnd += kept - at;
    if (kept === at) throw new Error("The server sends a line without an end");
    this.#useHeld();
    return kept;
  }

  #continueHeld(chunk: Uint8Array, at: number): number {
    const held = this.#held;
    let lineEnd = held.subarray(0, this.#heldEnd).indexOf(LF);
    if (lineEnd < 0) {
      const found = chunk.indexOf(LF, at);
      return this.#hold(chunk, at, found < 0 ? chunk.length : found + 1);
    }
    lineEnd++;
    const wanted = lineEnd + Math.min(this.size + 2, PREFIX_BYTES);
    const more = Math.min(wanted - this.#heldEnd, chunk.length - at);
    return this.#hold(chunk, at, at + more);
  }

  /** Goes on where what is held says enough of its message. */
  #useHeld(): void {
    const held = this.#held;
    const lineEnd = held.subarray(0, this.#heldEnd).indexOf(LF);
    if (lineEnd < 0) return;
    this.#readLine(held, 0, lineEnd);
    const wholeBytes = lineEnd + 1 + this.size + 2;
    if (this.sid < FIRST_LOAD_SID) {
      const end = this.#heldEnd;
      this.#heldEnd = 0;
      this.#passBytes = wholeBytes - end;
      this.#taker.onRest(held.subarray(0, end));
      return;
    }
    const wanted = lineEnd + 1 + Math.min(this.size + 2, PREFIX_BYTES);
    if (this.#heldEnd < wanted) return;
    this.#skipBytes = wholeBytes - this.#heldEnd;
    this.#heldEnd = 0;
    if (this.#skipBytes === 0) this.#taker.onFrame(this);
  }

  /** `MSG subject sid [reply] size`, or HMSG with two sizes, up to its LF. */
  #readLine(bytes: Uint8Array, start: number, lineEnd: number): void {
    const hasHeaders = bytes[start] === H;
    const subjectStart = start + (hasHeaders ? HMSG_WORD : MSG_WORD);
    const last = lineEnd - 1; // the CR
    const subjectEnd = wordEnd(bytes, subjectStart, last);
    const at = wordEnd(bytes, subjectEnd + 1, last);
    const sizeStart = wordStart(bytes, last, start);
    const firstSize = hasHeaders
      ? wordStart(bytes, sizeStart - 1, start)
      : sizeStart;
    this.bytes = bytes;
    this.sid = decimal(bytes, subjectEnd + 1, at);
    this.subjectStart = subjectStart;
    this.subjectEnd = subjectEnd;
    this.replyStart = at + 1;
    this.replyEnd = firstSize > at + 1 ? firstSize - 1 : at + 1;
    this.size = decimal(bytes, sizeStart, last);
    this.headerSize = hasHeaders ? decimal(bytes, firstSize, sizeStart - 1) : 0;
    this.bodyStart = lineEnd + 1;
  }
}

/** For the short lines of messages a loop is faster than `indexOf`. */
function lineEndIn(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === LF) return at;
  }
  return -1;
}

function wordEnd(bytes: Uint8Array, start: number, limit: number): number {
  let at = start;
  while (at < limit && bytes[at] !== SPACE) at++;
  return at;
}

/** The beginning of the word that ends in front of `end`. */
function wordStart(bytes: Uint8Array, end: number, limit: number): number {
  let at = end;
  while (at > limit && bytes[at - 1] !== SPACE) at--;
  return at;
}

function decimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = 10 * value + bytes[at]! - ZERO;
  return value;
}
