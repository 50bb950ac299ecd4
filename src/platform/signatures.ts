/** Signatures and digests, which the machine checks and makes a hundred times as fast as we could. */

/** SHA-1 of a text, in base64. */
export type Sha1 = (text: string) => string;

/** Whether `signature` is that of Ed25519 over `message` by the owner of the public `key`, 32 bytes. Never throws. */
export type VerifySignature = (
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** Signs by Ed25519. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** The owner of the private key that `seed` is, 32 bytes. */
export type MakeSigner = (seed: Uint8Array) => Signer;
