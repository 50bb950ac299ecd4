/**
 * Bytes of the wire and the text they stand for. Inside the broker a subject,
 * a sid or a queue name is a *byte string*: a JavaScript string with one char
 * (0..255) per byte, so nothing is lost when a peer sends invalid UTF-8. This
 * file turns bytes into byte strings and back, reads and writes decimal sizes
 * without making strings, and compares and hashes bytes in place. The parser,
 * the encoders and the caches keyed by bytes are built on it. Every
 * `Uint8Array` here is borrowed: nobody keeps it after the call.
 */

import { MAX_NUMBER_DIGITS } from "./limits.ts";

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const STAR = 0x2a;
export const PLUS = 0x2b;
export const DOT = 0x2e;
export const GREATER = 0x3e;
export const PIPE = 0x7c;
const ZERO = 0x30;

/** The distance from an upper case ASCII letter to its lower case. */
export const CASE_BIT = 0x20;

const MAX_ASCII = 0x7f;

/** Chars given to one `String.fromCharCode` call; engines limit the arguments. */
const BLOCK_CHARS = 4096;

/** Up to here the engines are faster without a call over a subarray. */
const SHORT_CHARS = 32;

/**
 * For the chars of a short text, an array for each length. Put together from
 * pieces a text is kept as those, with as much again for each of them: in Bun a
 * subject of 11 chars takes 180 bytes as a key of a map, and 100 made at once.
 */
const CHARS: readonly number[][] = Array.from(
  { length: SHORT_CHARS + 1 },
  (_, length) => new Array<number>(length).fill(0),
);

const utf8Decoder = new TextDecoder();
const utf8Encoder = new TextEncoder();

/** The bytes of a byte string. Chars above 255 lose their upper bits. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeBytes(bytes, 0, text);
  return bytes;
}

/** Writes a byte string at `offset`; returns the offset after it. */
export function writeBytes(
  target: Uint8Array,
  offset: number,
  text: string,
): number {
  for (let i = 0; i < text.length; i++) {
    target[offset + i] = text.charCodeAt(i);
  }
  return offset + text.length;
}

/** The byte string of `bytes[start, end)`. */
export function byteString(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): string {
  return end - start <= SHORT_CHARS
    ? shortByteString(bytes, start, end)
    : longByteString(bytes, start, end);
}

function shortByteString(
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  const length = end - start;
  const chars = CHARS[length]!;
  for (let i = 0; i < length; i++) chars[i] = bytes[start + i]!;
  return String.fromCharCode.apply(null, chars);
}

function longByteString(
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  let text = "";
  for (let at = start; at < end; at += BLOCK_CHARS) {
    const block = bytes.subarray(at, Math.min(at + BLOCK_CHARS, end));
    text += String.fromCharCode.apply(null, block as unknown as number[]);
  }
  return text;
}

/**
 * `text` without the spaces and tabs around it; `String.trim` would take letters
 * such as U+00A0. The time is that of its length, where a pattern that ends with
 * `[ \t]+$` takes the square of it for blanks inside of a text.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** A byte string for people to read: decoded as UTF-8, invalid bytes replaced. */
export function utf8Text(text: string): string {
  return isAscii(text) ? text : utf8Decoder.decode(asciiBytes(text));
}

/** The byte string of a text that people wrote: one char per byte of its UTF-8. */
export function utf8ByteString(text: string): string {
  return isAscii(text) ? text : byteString(utf8Encoder.encode(text));
}

/** Such a text is the same in bytes, and a coder costs ten times as much as this look. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > MAX_ASCII) return false;
  }
  return true;
}

/**
 * The number that the digits `bytes[start, end)` spell, or -1 when there are
 * none, more than nine, or anything but digits.
 * NATS client protocol: sizes are unsigned and have at most nine digits.
 */
export function readDecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (start >= end || end - start > MAX_NUMBER_DIGITS) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** How many digits `writeDecimal` needs for a whole number that is not negative. */
export function decimalLength(value: number): number {
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) length++;
  return length;
}

/** Nine digits are read and written as a number of 32 bits, which is faster. */
const NINE_DIGITS = 1e9;

/**
 * Writes a whole, non-negative number as decimal digits at `offset`; returns
 * the offset after them.
 */
export function writeDecimal(
  target: Uint8Array,
  offset: number,
  value: number,
): number {
  if (value < NINE_DIGITS) {
    const end = offset + decimalLength(value);
    putDigits(target, offset, end, value | 0);
    return end;
  }
  const high = Math.floor(value / NINE_DIGITS);
  const middle = writeDecimal(target, offset, high);
  const end = middle + MAX_NUMBER_DIGITS;
  putDigits(target, middle, end, (value - high * NINE_DIGITS) | 0);
  return end;
}

/** Writes the last digits of `value`, of 32 bits, into `target[start, end)`. */
function putDigits(
  target: Uint8Array,
  start: number,
  end: number,
  value: number,
): void {
  let rest = value;
  for (let i = end - 1; i >= start; i--) {
    const tenths = (rest / 10) | 0;
    target[i] = ZERO + (rest - tenths * 10);
    rest = tenths;
  }
}

/** Whether `length` bytes from `aStart` and from `bStart` are the same. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/**
 * A hash of `bytes[start, end)`: FNV-1a with its upper half folded into the
 * lower, which FNV mixes badly. The result is a signed 32-bit number; tables
 * take `hash & (slots - 1)`. It is fast and no defence: a peer can choose bytes
 * that collide, so tables must stay bounded.
 */
export function hashBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  }
  return hash ^ (hash >>> 16);
}

/** As `hashBytes`, for the bytes of a byte string. */
export function hashText(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), FNV_PRIME);
  }
  return hash ^ (hash >>> 16);
}
