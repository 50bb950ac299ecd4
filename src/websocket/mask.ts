/**
 * The mask of RFC 6455: each byte of a payload is combined with one of the four
 * bytes of its key, in turn. Doing it twice undoes it.
 */
import { KEY_BYTES } from "./frames.ts";

/** From here on whole words are faster than bytes. */
const WORDS_FROM_BYTES = 48;

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
  if (bytes !== viewed) view(bytes);
  const target = words;
  const first = (start - wordsStart) >> 2;
  for (let at = first; at < first + count; at++) target[at]! ^= word;
}

const NOTHING = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** The bytes that were masked last, and their words: a chunk has many frames. */
let viewed: Uint8Array = NOTHING;
let words: Int32Array = NO_WORDS;
/** Where the first of the words begins. */
let wordsStart = 0;

function view(bytes: Uint8Array): void {
  viewed = bytes;
  wordsStart = -bytes.byteOffset & 3;
  const count = Math.max(0, bytes.length - wordsStart) >> 2;
  words = new Int32Array(bytes.buffer, bytes.byteOffset + wordsStart, count);
}

/** Keeps no memory of others beyond this call. */
export function forgetMasked(): void {
  viewed = NOTHING;
  words = NO_WORDS;
}
