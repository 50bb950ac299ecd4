/**
 * Messages that were encoded before they are sent: many frames of one length in
 * one piece of memory, of which a few digits differ: the number of the subject,
 * and the time at which it leaves.
 */
import { asciiBytes } from "../core/ascii.ts";

const utf8 = new TextEncoder();
const ZERO = 0x30;

/** Bytes that leave with one write. */
const BATCH_BYTES = 64 * 1024;

/** Bytes that a stamp takes at the beginning of a payload. */
export const STAMP_BYTES = 8;

/** What is published. */
export interface LoadMessages {
  readonly subject: string;
  /** With more than one, `subject.0` and so on, with zeros in front. */
  readonly subjects: number;
  readonly size: number;
  /** Whether each payload begins with the time, see `stampOf`. */
  readonly stamped: boolean;
}

/** A line with a payload of the size, and where its subject's digits are. */
export interface FrameParts {
  /** `PUB subject `, and a number where there are several. */
  readonly head: Uint8Array;
  /** The last digit of the subject in it. */
  readonly lastDigit: number;
  readonly digits: number;
}

export function framePartsOf(
  { subject, subjects }: Pick<LoadMessages, "subject" | "subjects">,
): FrameParts {
  const digits = subjects > 1 ? String(subjects - 1).length : 0;
  const number = digits === 0 ? "" : `.${"0".repeat(digits)}`;
  const head = utf8.encode(`PUB ${subject}${number} `);
  return { head, lastDigit: head.length - 2, digits };
}

/** What a subscriber of all subjects asks for. */
export function patternOf(
  { subject, subjects }: Pick<LoadMessages, "subject" | "subjects">,
): string {
  return subjects > 1 ? `${subject}.*` : subject;
}

/** Writes a number in front of `last`, as `digits` digits. */
export function writeDigits(
  to: Uint8Array,
  last: number,
  digits: number,
  value: number,
): void {
  let rest = value;
  for (let at = last; at > last - digits; at--) {
    const next = Math.floor(rest / 10);
    to[at] = ZERO + rest - 10 * next;
    rest = next;
  }
}

/** A payload of the size, with text in it that a person can read. */
function payloadOfSize(size: number): Uint8Array {
  const payload = new Uint8Array(size);
  for (let at = 0; at < size; at++) payload[at] = 0x61 + at % 26;
  return payload;
}

/** The end of a line, the payload and the end of the frame. */
export function frameTail(size: number): Uint8Array {
  const line = asciiBytes(`${size}\r\n`);
  const tail = new Uint8Array(line.length + size + 2);
  tail.set(line);
  tail.set(payloadOfSize(size), line.length);
  tail.set(asciiBytes("\r\n"), line.length + size);
  return tail;
}

/** Frames in some pieces of memory that are filled in turn. */
export class FrameBatches {
  /** Frames of a batch. */
  readonly framesMax: number;
  /** Batches that may be under way at a time. */
  readonly window: number;
  readonly #publication: LoadMessages;
  readonly #parts: FrameParts;
  readonly #frameBytes: number;
  readonly #stampAt: number;
  readonly #buffers: readonly Uint8Array[];
  readonly #views: readonly DataView[];
  #next = 0;
  #subject: number;

  /** `firstSubject`: the number of the subject to begin with. */
  constructor(publication: LoadMessages, firstSubject: number = 0) {
    const parts = framePartsOf(publication);
    const tail = frameTail(publication.size);
    this.#publication = publication;
    this.#parts = parts;
    this.#frameBytes = parts.head.length + tail.length;
    this.#stampAt = this.#frameBytes - publication.size - 2;
    this.framesMax = Math.max(1, Math.floor(BATCH_BYTES / this.#frameBytes));
    const batchBytes = this.framesMax * this.#frameBytes;
    this.window = Math.max(2, Math.floor(WINDOW_BYTES / batchBytes));
    const differ = parts.digits > 0 || publication.stamped;
    const count = differ ? this.window + 1 : 1;
    this.#buffers = Array.from(
      { length: count },
      () => repeated(parts.head, tail, this.framesMax),
    );
    this.#views = this.#buffers.map(({ buffer }) => new DataView(buffer));
    this.#subject = firstSubject % publication.subjects;
  }

  /**
   * The next `count` frames. They are the caller's until `window` more batches
   * were taken.
   */
  take(count: number, nowMs: number): Uint8Array {
    const buffer = this.#buffers[this.#next]!;
    if (this.#parts.digits > 0) this.#number(buffer, count);
    if (this.#publication.stamped) this.#stamp(count, nowMs);
    this.#next = (this.#next + 1) % this.#buffers.length;
    return buffer.subarray(0, count * this.#frameBytes);
  }

  #number(buffer: Uint8Array, count: number): void {
    const { lastDigit, digits } = this.#parts;
    for (let frame = 0; frame < count; frame++) {
      const last = frame * this.#frameBytes + lastDigit;
      writeDigits(buffer, last, digits, this.#subject);
      this.#subject = (this.#subject + 1) % this.#publication.subjects;
    }
  }

  #stamp(count: number, nowMs: number): void {
    const view = this.#views[this.#next]!;
    for (let frame = 0; frame < count; frame++) {
      view.setFloat64(frame * this.#frameBytes + this.#stampAt, nowMs);
    }
  }
}

/** Bytes that may be under way before the publisher waits for the server. */
const WINDOW_BYTES = 1024 * 1024;

function repeated(
  head: Uint8Array,
  tail: Uint8Array,
  count: number,
): Uint8Array {
  const frameBytes = head.length + tail.length;
  const all = new Uint8Array(count * frameBytes);
  for (let frame = 0; frame < count; frame++) {
    all.set(head, frame * frameBytes);
    all.set(tail, frame * frameBytes + head.length);
  }
  return all;
}

const stampBytes = new Uint8Array(STAMP_BYTES);
const stampView = new DataView(stampBytes.buffer);

/** The time that a payload begins with. Makes no object. */
export function stampOf(bytes: Uint8Array, start: number): number {
  for (let at = 0; at < STAMP_BYTES; at++) stampBytes[at] = bytes[start + at]!;
  return stampView.getFloat64(0);
}
