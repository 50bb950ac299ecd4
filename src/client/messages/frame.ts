/**
 * How PUB and HPUB are written: sizes first, then the bytes, with no object or
 * string in between.
 */
import { CR, LF, SPACE, writeBytes, writeDecimal } from "../../core/ascii.ts";
import { copyBytes } from "../../wire/encode.ts";

const utf8 = new TextEncoder();
/** `HPUB `, blanks between words, two sizes and two line ends. */
const FRAME_BYTES = 32;
/** From this length on `encodeInto` is faster than a loop. */
const ENCODE_INTO_CHARS = 64;

/** The most bytes that a message can take, when headers and payload have `size`. */
export function frameRoom(
  subject: string,
  reply: string,
  size: number,
): number {
  return 3 * (subject.length + reply.length) + size + FRAME_BYTES;
}

/** Writes a message at `at`, where there is room for it, and gives its end. */
export function writeFrame(
  to: Uint8Array,
  start: number,
  subject: string,
  reply: string,
  headers: Uint8Array | undefined,
  payload: Uint8Array | string,
  size: number,
): number {
  let at = writeBytes(to, start, headers === undefined ? "PUB " : "HPUB ");
  at = writeText(to, at, subject);
  to[at++] = SPACE;
  if (reply !== "") {
    at = writeText(to, at, reply);
    to[at++] = SPACE;
  }
  if (headers !== undefined) {
    at = writeDecimal(to, at, headers.length);
    to[at++] = SPACE;
  }
  at = writeLineEnd(to, writeDecimal(to, at, size));
  if (headers !== undefined) at = copyBytes(to, at, headers, 0, headers.length);
  at = typeof payload === "string"
    ? writeText(to, at, payload)
    : copyBytes(to, at, payload, 0, payload.length);
  return writeLineEnd(to, at);
}

export function payloadSize(payload: Uint8Array | string): number {
  return typeof payload === "string" ? utf8Length(payload) : payload.length;
}

/** How many bytes a text has in UTF-8; half a surrogate pair becomes U+FFFD, as `TextEncoder` does. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      length++;
      continue;
    }
    length += 2;
    if (isPair(unit, text.charCodeAt(i + 1))) i++;
  }
  return length;
}

/** Two units that together take four bytes. */
function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
}

/** Writes a text as UTF-8; there is room for it. */
function writeText(to: Uint8Array, at: number, text: string): number {
  if (text.length < ENCODE_INTO_CHARS) {
    const end = writeShortAscii(to, at, text);
    if (end >= 0) return end;
  }
  return at + utf8.encodeInto(text, to.subarray(at)).written;
}

/** Gives -1 at the first char that is not ASCII. */
function writeShortAscii(to: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return -1;
    to[at + i] = unit;
  }
  return at + text.length;
}

function writeLineEnd(to: Uint8Array, at: number): number {
  to[at] = CR;
  to[at + 1] = LF;
  return at + 2;
}
