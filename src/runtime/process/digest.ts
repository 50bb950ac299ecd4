/** Digests: by which configurations are told apart, and for the handshake of WebSockets. */
import { createHash } from "node:crypto";
import type { Sha1 } from "../../platform/signatures.ts";

/** SHA-256 of a text in UTF-8, in hex digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** SHA-1 of a text in UTF-8, in base64. */
export const sha1: Sha1 = (text) =>
  createHash("sha1").update(text, "utf8").digest("base64");
