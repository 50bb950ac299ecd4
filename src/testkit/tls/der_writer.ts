/** ASN.1 in its distinguished encoding (X.690), as far as certificates need it; `core/der.ts` reads it. */
import { asciiBytes } from "../../core/ascii.ts";
import { base64 } from "../../core/base64.ts";
import { DER } from "../../core/der.ts";

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

/** An element: a tag, the length, and the parts one behind the other. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthOctets(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  return [0x82, length >>> 8, length & 0xff];
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(DER.SEQUENCE, ...parts);
}

/** A whole number that is not negative, its highest byte first. */
export function wholeNumber(digits: Uint8Array): Uint8Array {
  const first = digits.findIndex((digit) => digit !== 0);
  const rest = first < 0 ? Uint8Array.of(0) : digits.subarray(first);
  // The highest bit would be a sign.
  const sign = rest[0]! < 0x80 ? [] : [Uint8Array.of(0)];
  return der(INTEGER, ...sign, rest);
}

export function yes(): Uint8Array {
  return der(BOOLEAN, Uint8Array.of(0xff));
}

export function octets(content: Uint8Array): Uint8Array {
  return der(DER.OCTET_STRING, content);
}

/** Bits of which `unused` at the end are none. */
export function bits(content: Uint8Array, unused: number = 0): Uint8Array {
  return der(BIT_STRING, Uint8Array.of(unused), content);
}

export function utf8(text: string): Uint8Array {
  return der(DER.UTF8_STRING, new TextEncoder().encode(text));
}

/** A name such as `1.2.840.10045.4.3.2`. */
export function objectId(name: string): Uint8Array {
  const [first = 0, second = 0, ...others] = name.split(".").map(Number);
  const octets = [40 * first + second, ...others].flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) {
      digits.unshift(0x80 | (left & 0x7f));
    }
    return digits;
  });
  return der(DER.OBJECT_IDENTIFIER, Uint8Array.from(octets));
}

/** A second of a year from 1950 to 2049. */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, "");
  return der(DER.UTC_TIME, asciiBytes(`${digits.slice(2, 14)}Z`));
}

/** With a header and a footer, as files have it. */
export function pem(label: string, bytes: Uint8Array): string {
  const lines = base64(bytes).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\n");
}
