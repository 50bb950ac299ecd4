/**
 * The names that NATS gives to accounts and servers where their own would be too
 * long: eight characters of a hash. The one file that knows the package.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { asciiBytes } from "./ascii.ts";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 8;

/** NATS: each of the first bytes of the SHA-256 of `name`, a byte string, is one digit to the base 62. */
export function shortHash(name: string): string {
  let hash = "";
  for (const byte of sha256(asciiBytes(name)).subarray(0, LENGTH)) {
    hash += DIGITS[byte % DIGITS.length];
  }
  return hash;
}
