/**
 * Logins by key: a nonce that is signed, and the signature that comes back.
 */
import { base64Url, bytesOfBase64, bytesOfBase64Url } from "../core/base64.ts";
import { publicKeyBytes } from "../core/key_text.ts";
import type { Random } from "../platform/clock.ts";
import type { VerifySignature } from "../platform/signatures.ts";

const NONCE_BYTES = 11;

/** NATS: 15 letters, which are what is signed. */
export function makeNonce(random: Random): string {
  const bytes = new Uint8Array(NONCE_BYTES);
  random.fill(bytes);
  return base64Url(bytes);
}

/** A signature as it came in CONNECT. */
interface SignedNonce {
  /** The public key of who should have signed. */
  readonly key: string;
  readonly nonce: string;
  readonly signature: string;
}

const utf8 = new TextEncoder();

/** What is wrong with the signature, in nats-server's words; empty: nothing is. */
export function signatureFault(
  { key, nonce, signature }: SignedNonce,
  verify: VerifySignature,
): string {
  if (signature === "") return "Signature missing";
  const bytes = bytesOfBase64Url(signature) ?? bytesOfBase64(signature);
  if (bytes === undefined) return "Signature not valid base64";
  const publicKey = publicKeyBytes(key);
  if (publicKey === undefined) {
    return "User nkey not valid: nkeys: invalid public key";
  }
  return verify(publicKey, utf8.encode(nonce), bytes)
    ? ""
    : "Signature not verified";
}
