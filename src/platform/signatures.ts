/** Checking signatures, which the machine does a hundred times as fast as we could. */

/** Whether `signature` is that of Ed25519 over `message` by the owner of the public `key`, 32 bytes. Never throws. */
export type VerifySignature = (
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;
