/**
 * Keys as the texts that nkeys makes of them, without the package: base32 of
 * what kind of key it is, its 32 bytes, and a checksum.
 */
import type { Random } from "../platform/clock.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KEY_BYTES = 32;

/** nkeys: prefix bytes, whose base32 form starts with the letter. */
const PREFIXES = {
  O: 0x70,
  A: 0x00,
  U: 0xa0,
  N: 0x68,
  C: 0x10,
  X: 0xb8,
} as const;
const SEED_PREFIX = 0x90;

/** What a key is for: operator, account, user, server, cluster, or sealing. */
export type KeyKind = keyof typeof PREFIXES;

type MadeKind = "N" | "U" | "X";

const PUBLIC_KEY = /^[OAUNCX][A-Z2-7]{55}$/;

/** Whether `text` is a public key of this kind, its checksum included. */
export function isPublicKey(text: string, kind: KeyKind): boolean {
  return text.startsWith(kind) && isAnyPublicKey(text);
}

/** Whether `text` is a public key of any kind. */
export function isAnyPublicKey(text: string): boolean {
  return publicKeyBytes(text) !== undefined;
}

/** The key without its kind and its checksum; undefined unless `text` is a public key. */
export function publicKeyBytes(text: string): Uint8Array | undefined {
  if (!PUBLIC_KEY.test(text)) return undefined;
  const bytes = bytesOfBase32(text);
  const length = 1 + KEY_BYTES;
  const checksum = crc16(bytes.subarray(0, length));
  const isWhole = bytes[length] === (checksum & 0xff) &&
    bytes[length + 1] === checksum >>> 8;
  const isOfItsKind = bytes[0] === PREFIXES[text[0] as KeyKind];
  return isWhole && isOfItsKind ? bytes.slice(1, length) : undefined;
}

/** A public key that nobody has a seed for. */
export function randomPublicKey(kind: MadeKind, random: Random): string {
  return publicKeyText(kind, randomKey(random));
}

/** The public key of these 32 bytes. */
export function publicKeyText(kind: MadeKind, key: Uint8Array): string {
  return keyText([PREFIXES[kind]], key);
}

/** The seed of these 32 bytes. */
export function seedText(kind: MadeKind, key: Uint8Array): string {
  const prefix = PREFIXES[kind];
  return keyText([SEED_PREFIX | prefix >> 5, (prefix & 31) << 3], key);
}

/** 32 bytes that nobody guesses. */
export function randomKey(random: Random): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  random.fill(key);
  return key;
}

function keyText(prefix: readonly number[], key: Uint8Array): string {
  const length = prefix.length + KEY_BYTES;
  const bytes = new Uint8Array(length + 2);
  bytes.set(prefix);
  bytes.set(key, prefix.length);
  const checksum = crc16(bytes.subarray(0, length));
  bytes[length] = checksum & 0xff;
  bytes[length + 1] = checksum >>> 8;
  return base32(bytes);
}

/** CRC-16/XMODEM: polynomial 0x1021, nothing reflected, starts at zero. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    }
    crc &= 0xffff;
  }
  return crc;
}

/** RFC 4648 base32 without padding. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8 | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) {
      text += BASE32[(held >>> (bits - 5)) & 31]!;
    }
  }
  return bits === 0 ? text : text + BASE32[(held << (5 - bits)) & 31]!;
}

/** The bytes of a text that is base32 throughout. */
function bytesOfBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    held = (held << 5 | BASE32.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(held >> bits & 0xff);
  }
  return new Uint8Array(bytes);
}
