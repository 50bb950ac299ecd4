/**
 * ASN.1 in its distinguished encoding (X.690), read in place: an element is a
 * tag and a stretch of the bytes. Whatever is cut off, or reaches beyond what
 * it stands in, is a `DerError`; nothing is read twice, and nothing is copied.
 */

/** The bytes are not DER, or not what was to be read. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** One element: its content is `bytes[start, end)`. */
export interface DerElement {
  readonly bytes: Uint8Array;
  /** Class, form and number in one octet. */
  readonly tag: number;
  /** Where the element itself begins. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

export const DER = {
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** The tag number that says that the number follows in more octets: certificates have none. */
const LONG_TAG = 0x1f;
/** Octets of a length; a certificate needs two. */
const LENGTH_OCTETS_MAX = 3;

/** The one element that fills `bytes[start, end)`. */
export function derOnly(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): DerElement {
  const element = elementAt(bytes, start, end);
  if (element.end !== end) throw new DerError("bytes behind the element");
  return element;
}

/** The elements inside one, in their order. */
export function derParts({ bytes, start, end }: DerElement): DerElement[] {
  const parts: DerElement[] = [];
  for (let at = start; at < end;) {
    const part = elementAt(bytes, at, end);
    parts.push(part);
    at = part.end;
  }
  return parts;
}

/** The element, if it has this tag. */
export function derOf(
  element: DerElement | undefined,
  tag: number,
): DerElement {
  if (element?.tag !== tag) {
    const found = element === undefined ? "nothing" : hex(element.tag);
    throw new DerError(`${found} in place of ${hex(tag)}`);
  }
  return element;
}

/** The content of an element. */
export function derContent({ bytes, start, end }: DerElement): Uint8Array {
  return bytes.subarray(start, end);
}

/** An element, tag and length included. */
export function derWhole({ bytes, at, end }: DerElement): Uint8Array {
  return bytes.subarray(at, end);
}

/** `2.5.4.3` */
export function derIdentifier(element: DerElement): string {
  const octets = derContent(derOf(element, DER.OBJECT_IDENTIFIER));
  const numbers: number[] = [];
  let value = 0;
  for (const [index, octet] of octets.entries()) {
    value = value * 0x80 + (octet & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new DerError("long number");
    const isLast = index === octets.length - 1;
    if (octet >= 0x80 && isLast) throw new DerError("cut off identifier");
    if (octet >= 0x80) continue;
    // The first two numbers share one.
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      numbers.push(first, value - first * 40);
    } else numbers.push(value);
    value = 0;
  }
  if (numbers.length === 0) throw new DerError("empty identifier");
  return numbers.join(".");
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true });

/** The text of any kind of string. */
export function derText(element: DerElement): string {
  const content = derContent(element);
  try {
    switch (element.tag) {
      case DER.UTF8_STRING:
        return utf8.decode(content);
      case DER.BMP_STRING:
        return utf16.decode(content);
      case DER.T61_STRING:
        return latin1(content);
      case DER.NUMERIC_STRING:
      case DER.PRINTABLE_STRING:
      case DER.IA5_STRING:
        return derAscii(content);
    }
  } catch (error) {
    throw new DerError("not a text of its kind", { cause: error });
  }
  throw new DerError(`${hex(element.tag)} in place of a text`);
}

/** A text of seven bits. */
export function derAscii(content: Uint8Array): string {
  if (content.some((octet) => octet > 0x7f)) throw new DerError("not ASCII");
  return latin1(content);
}

function latin1(content: Uint8Array): string {
  let text = "";
  for (const octet of content) text += String.fromCharCode(octet);
  return text;
}

function elementAt(bytes: Uint8Array, at: number, end: number): DerElement {
  if (at + 2 > end) throw new DerError("cut off");
  const tag = bytes[at]!;
  if ((tag & LONG_TAG) === LONG_TAG) throw new DerError("long tag");
  const first = bytes[at + 1]!;
  const octets = first < 0x80 ? 0 : first - 0x80;
  const start = at + 2 + octets;
  // 0x80 is a length that is not known yet, which DER does not have.
  if (first === 0x80 || octets > LENGTH_OCTETS_MAX || start > end) {
    throw new DerError("length");
  }
  let length = octets === 0 ? first : 0;
  for (let i = at + 2; i < start; i++) length = length * 0x100 + bytes[i]!;
  // One way to write each length.
  const isLonger = octets > 0 &&
    length < (octets === 1 ? 0x80 : 0x100 ** (octets - 1));
  if (isLonger || length > end - start) throw new DerError("length");
  return { bytes, tag, at, start, end: start + length };
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
