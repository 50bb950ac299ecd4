/**
 * The mask of RFC 6455: each byte of a payload is combined with one of the four
 * bytes of its key, in turn. Doing it twice undoes it.
 */
import { KEY_BYTES } from "./frames.ts";

/** From here on whole words are faster than bytes, although they need a view. */
const WORDS_FROM_BYTES = 96;

const keyBytes = new Uint8Array(KEY_BYTES);
const keyWords = new Int32Array(keyBytes.buffer);

/**
 * Masks `count` bytes from `start`, in place. `key` has its first byte on top,
 * and `phase` says which of its bytes is the first one's.
 */
export function mask(
  bytes: Uint8Array,
  start: number,
  count: number,
  key: number,
  phase: number,
): void {
  if (key === 0) return;
  const end = start + count;
  let at = start;
  let turned = rotated(key, phase);
  if (count >= WORDS_FROM_BYTES) {
    const unaligned = -(bytes.byteOffset + start) & 3;
    maskBytes(bytes, at, at + unaligned, turned);
    at += unaligned;
    turned = rotated(turned, unaligned);
    const words = (end - at) >> 2;
    maskWords(bytes, at, words, turned);
    at += words * KEY_BYTES;
  }
  maskBytes(bytes, at, end, turned);
}

/** The key as it is `phase` bytes later. */
function rotated(key: number, phase: number): number {
  const bits = (phase & 3) * 8;
  return bits === 0 ? key : key << bits | key >>> (32 - bits);
}

function maskBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
): void {
  const first = key >>> 24;
  const second = key >>> 16 & 0xff;
  const third = key >>> 8 & 0xff;
  const fourth = key & 0xff;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    bytes[at]! ^= first;
    bytes[at + 1]! ^= second;
    bytes[at + 2]! ^= third;
    bytes[at + 3]! ^= fourth;
  }
  if (at < end) bytes[at]! ^= first;
  if (at + 1 < end) bytes[at + 1]! ^= second;
  if (at + 2 < end) bytes[at + 2]! ^= third;
}

function maskWords(
  bytes: Uint8Array,
  start: number,
  count: number,
  key: number,
): void {
  keyBytes[0] = key >>> 24;
  keyBytes[1] = key >>> 16;
  keyBytes[2] = key >>> 8;
  keyBytes[3] = key;
  // In the order in which this machine has the bytes of a word.
  const word = keyWords[0]!;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, count);
  for (let at = 0; at < count; at++) words[at]! ^= word;
}
