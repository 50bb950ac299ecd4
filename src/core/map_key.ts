/**
 * Keys of maps that hold what peers make up. A text of digits, such as "17", is
 * put in as a number: an engine may hash such texts to numbers in a row, and
 * keep all texts that are keys in one table. A million of them in a row, as of
 * any client that counts its subscriptions, then stand in the way of every
 * other key: on Deno a subscription took 20 microseconds instead of one.
 */

import { byteString, readDecimal } from "./ascii.ts";

/** A text that is an index into an array is a number here, all others are themselves. */
export type MapKey = string | number;

const ZERO = 0x30;
const NINE = 0x39;
/** Digits of the largest index into an array. */
const INDEX_DIGITS_MAX = 10;

/** Two texts have the same key only if they are the same. */
export function mapKey(text: string): MapKey {
  const first = text.charCodeAt(0);
  const { length } = text;
  if (!(first >= ZERO && first <= NINE) || length > INDEX_DIGITS_MAX) {
    return text;
  }
  // Only "0" itself may begin so.
  if (first === ZERO) return length === 1 ? 0 : text;
  let value = first - ZERO;
  for (let i = 1; i < length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return text;
    value = value * 10 + digit;
  }
  return value;
}

/** The key of the byte string `bytes[start, end)`, of which no text is made for a number. */
export function mapKeyOfBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
): MapKey {
  const mayBeNumber = bytes[start] !== ZERO || end - start === 1;
  const value = mayBeNumber ? readDecimal(bytes, start, end) : -1;
  return value >= 0 ? value : mapKey(byteString(bytes, start, end));
}
