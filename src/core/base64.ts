/** RFC 4648 base64, in the alphabet of section 5 without padding, and in that of section 4. */
import { byteString } from "./ascii.ts";

const URL_TEXT = /^[\w-]*$/;
const PADDED_TEXT =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** `+` and `/`, padded. */
export function base64(bytes: Uint8Array): string {
  return btoa(byteString(bytes));
}

/** `-` and `_`, no padding. */
export function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** The bytes of raw URL base64; undefined for any other text. */
export function bytesOfBase64Url(text: string): Uint8Array | undefined {
  if (!URL_TEXT.test(text) || text.length % 4 === 1) return undefined;
  return decoded(text.replaceAll("-", "+").replaceAll("_", "/"));
}

/** The bytes of padded base64; undefined for any other text. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  return PADDED_TEXT.test(text) ? decoded(text) : undefined;
}

function decoded(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
