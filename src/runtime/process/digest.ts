/** The digest by which configurations are told apart. */
import { createHash } from "node:crypto";

/** SHA-256 of a text in UTF-8, in hex digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
