/**
 * Keys as the texts that nkeys makes of them, without the package: base32 of
 * what kind of key it is, its 32 bytes, and a checksum.
 */
import type { Random } from "../platform/clock.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KEY_BYTES = 32;

/** nkeys: prefix bytes, whose base32 form starts with the letter. */
const PREFIXES = { N: 0x68, U: 0xa0, X: 0xb8 } as const;
const SEED_PREFIX = 0x90;

type MadeKind = keyof typeof PREFIXES;

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
