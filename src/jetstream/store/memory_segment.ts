/**
 * Messages with sequences in a row, in one piece of memory: headers and payload of
 * one behind those of the other, and what else is known of them in arrays.
 */
import type { StoredMessage } from "./stream_store.ts";

/** Sequences of a segment; a power of two. */
const SEGMENT_SIZE = 256;
const PLACE_MASK = SEGMENT_SIZE - 1;
const FIRST_BYTES = 1024;
/** A segment is sparse when fewer than one message in this many is left. */
const SPARSE_FRACTION = 8;

export class MemorySegment {
  readonly number: number;
  usedBytes = 0;
  #bytes: Uint8Array;
  /** Messages that came, and those that are left. */
  #added = 0;
  #left = 0;
  /** By place: where a message begins, its headers end, and it ends. */
  readonly #starts = new Uint32Array(SEGMENT_SIZE);
  readonly #middles = new Uint32Array(SEGMENT_SIZE);
  readonly #ends = new Uint32Array(SEGMENT_SIZE);
  readonly #times = new Float64Array(SEGMENT_SIZE);
  /** Undefined: there is no message. */
  readonly #subjects: (string | undefined)[] = [];

  /** `bytes`: how many are likely to come. */
  constructor(number: number, bytes: number) {
    this.number = number;
    this.#bytes = new Uint8Array(bytes);
  }

  /** Which segment a sequence is in. */
  static numberOf(seq: number): number {
    return Math.floor(seq / SEGMENT_SIZE);
  }

  /** Most of its messages have gone. */
  get isSparse(): boolean {
    return this.#left * SPARSE_FRACTION < this.#added;
  }

  /** Copies a message. */
  add({ seq, timeUs, subject, headers, payload }: StoredMessage): void {
    const place = seq & PLACE_MASK;
    const start = this.usedBytes;
    const middle = start + headers.length;
    const end = middle + payload.length;
    if (end > this.#bytes.length) this.#grow(end);
    if (middle > start) this.#bytes.set(headers, start);
    this.#bytes.set(payload, middle);
    this.usedBytes = end;
    this.#starts[place] = start;
    this.#middles[place] = middle;
    this.#ends[place] = end;
    this.#times[place] = timeUs;
    while (this.#subjects.length < place) this.#subjects.push(undefined);
    this.#subjects[place] = subject;
    this.#added++;
    this.#left++;
  }

  load(seq: number): StoredMessage | undefined {
    const place = seq & PLACE_MASK;
    const subject = this.#subjects[place];
    if (subject === undefined) return undefined;
    const middle = this.#middles[place]!;
    return {
      seq,
      timeUs: this.#times[place]!,
      subject,
      headers: this.#bytes.subarray(this.#starts[place], middle),
      payload: this.#bytes.subarray(middle, this.#ends[place]),
    };
  }

  /** Whether there was one. */
  remove(seq: number): boolean {
    const place = seq & PLACE_MASK;
    if (this.#subjects[place] === undefined) return false;
    this.#subjects[place] = undefined;
    this.#left--;
    return true;
  }

  /** Those that are left, in ascending order. */
  seqs(): number[] {
    const base = this.number * SEGMENT_SIZE;
    return this.#subjects.flatMap((subject, place) =>
      subject === undefined ? [] : [base + place]
    );
  }

  /** No more is to come. */
  trim(): void {
    this.#bytes = this.#bytes.slice(0, this.usedBytes);
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(
      Math.max(needed, 2 * this.#bytes.length, FIRST_BYTES),
    );
    bytes.set(this.#bytes.subarray(0, this.usedBytes));
    this.#bytes = bytes;
  }
}
