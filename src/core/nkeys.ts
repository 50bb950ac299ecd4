/**
 * Keys in the form of nkeys: Ed25519 for signatures, X25519 for what is sealed.
 * The one file that knows the package. A public key is a text of 56 letters of
 * base32, of which the first tells whose key it is.
 */
import * as nkeys from "@nats-io/nkeys";

/** A pair of keys: those of X25519 seal and open, all others sign. */
export interface KeyPair {
  getPublicKey(): string;
  sign(bytes: Uint8Array): Uint8Array;
  /** Sealed for `recipient`, a public key. */
  seal(bytes: Uint8Array, recipient: string, nonce?: Uint8Array): Uint8Array;
  /** What `sender`, a public key, has sealed for this pair; null if it has not. */
  open(bytes: Uint8Array, sender: string): Uint8Array | null;
  /** Forgets the seed. */
  clear(): void;
}

/** The pair of an Ed25519 seed. Throws for what is none. */
export function fromSeed(seed: Uint8Array): KeyPair {
  return nkeys.fromSeed(seed);
}

/** The pair of an X25519 seed. Throws for what is none. */
export function fromCurveSeed(seed: Uint8Array): KeyPair {
  return nkeys.fromCurveSeed(seed);
}

/** What a key is for: operator, account, user, server, cluster, or sealing. */
export type KeyKind = "O" | "A" | "U" | "N" | "C" | "X";

const PUBLIC_KEY = /^[OAUNCX][A-Z2-7]{55}$/;

/** Whether `text` is a public key of this kind, its checksum included. */
export function isPublicKey(text: string, kind: KeyKind): boolean {
  return text.startsWith(kind) && isAnyPublicKey(text);
}

/** Whether `text` is a public key of any kind. */
export function isAnyPublicKey(text: string): boolean {
  if (!PUBLIC_KEY.test(text)) return false;
  try {
    nkeys.fromPublic(text);
    return true;
  } catch {
    return false;
  }
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KEY_BYTES = 32;

/** The key without its kind and its checksum; undefined unless `text` is a public key. */
export function publicKeyBytes(text: string): Uint8Array | undefined {
  if (!isAnyPublicKey(text)) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    value = (value << 5 | BASE32.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(value >> bits & 0xff);
  }
  return new Uint8Array(bytes.slice(1, 1 + KEY_BYTES));
}
