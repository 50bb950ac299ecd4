/** Keys for certificates, by the Web Cryptography that every runtime has. */
import { webcrypto } from "node:crypto";
import type { EcdsaPair } from "../../platform/key_pairs.ts";

const KIND = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

/** Makes a new pair. */
export async function makeKeyPair(): Promise<EcdsaPair> {
  const { subtle } = webcrypto;
  const { privateKey, publicKey } = await subtle.generateKey(KIND, true, [
    "sign",
    "verify",
  ]);
  return {
    publicKey: new Uint8Array(await subtle.exportKey("spki", publicKey)),
    privateKey: new Uint8Array(await subtle.exportKey("pkcs8", privateKey)),
    sign: async (bytes) =>
      new Uint8Array(await subtle.sign(SIGNATURE, privateKey, bytes)),
  };
}
