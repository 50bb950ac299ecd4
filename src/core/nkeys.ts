/**
 * Pairs of keys in the form of nkeys: Ed25519 for signatures, X25519 for what is
 * sealed. The one file that knows the package, which asks for its randomness as
 * soon as it is loaded, and in a way that not every bundle has: what need not
 * have it does not import this file.
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
