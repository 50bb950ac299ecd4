/**
 * Distinguished names: those of certificates, and the text of RFC 4514 that a
 * configuration writes for them, `CN=alice,OU=dev,O=Acme`. A text has its parts
 * the other way round than a certificate.
 *
 * Two names are the same when their parts are, attribute by attribute, and
 * never because texts look alike: `dnKeys` gives what is compared.
 */
import { utf8ByteString, utf8Text } from "./ascii.ts";

/** One attribute: `CN=alice`. */
export interface DnAttribute {
  /** The object identifier in a certificate; as it is written in a text. */
  readonly type: string;
  readonly value: string;
}

/** A part of a name: one attribute, or several that belong together. */
export type Rdn = readonly DnAttribute[];

/** Texts for a name: equal for names that are the same. */
export interface DnKeys {
  /** The same parts in the same order. */
  readonly inOrder: string;
  /** The same parts in any order. */
  readonly inAnyOrder: string;
}

/** The keys of a text; undefined where it is no distinguished name. */
export function dnKeysOfText(text: string): DnKeys | undefined {
  const parts = parseDn(text);
  return parts && dnKeys(parts);
}

/** The keys of the name in a certificate; undefined where a type in it has no name that a text could have. */
export function dnKeysOfSubject(subject: readonly Rdn[]): DnKeys | undefined {
  const parts: Rdn[] = [];
  for (const rdn of subject) {
    const named = rdn.map(({ type, value }) => ({
      type: NAMES.get(type) ?? "",
      value,
    }));
    if (named.some(({ type }) => type === "")) return undefined;
    if (named.length > 0) parts.unshift(named);
  }
  return dnKeys(parts);
}

function dnKeys(parts: readonly Rdn[]): DnKeys {
  // A list of pairs as JSON reads back in one way only.
  const keys = parts.map((rdn) =>
    JSON.stringify(
      rdn.map(({ type, value }) => JSON.stringify([type.toUpperCase(), value]))
        .sort(),
    )
  );
  const inOrder = JSON.stringify(keys);
  return { inOrder, inAnyOrder: JSON.stringify(keys.sort()) };
}

const BACKSLASH = "\\";
/** Characters that stand for themselves behind a backslash. */
const ESCAPABLE = ' "#+,;<=>\\';
const TYPE = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)$/;
const HEX_PAIR = /^[0-9A-Fa-f]{2}$/;

/** The parts of a text in its order; undefined where it is no distinguished name. */
function parseDn(text: string): Rdn[] | undefined {
  const reader = new DnReader(utf8ByteString(text));
  const parts: Rdn[] = [];
  for (let rdn: DnAttribute[] = [];;) {
    const type = reader.word("=");
    if (type === undefined || !TYPE.test(type) || reader.ended) {
      return undefined;
    }
    reader.skip();
    const value = reader.word(",+");
    if (value === undefined) return undefined;
    rdn.push({ type, value });
    if (reader.ended || reader.here === ",") {
      parts.push(rdn);
      rdn = [];
    }
    if (reader.ended) return parts;
    reader.skip();
  }
}

/** Goes through a text, held as a byte string: escapes are bytes of UTF-8. */
class DnReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  get here(): string {
    return this.#text.charAt(this.#at);
  }

  skip(): void {
    this.#at++;
  }

  /** Up to one of `ends`, without blanks around it that are not escaped. Undefined: it cannot be read. */
  word(ends: string): string | undefined {
    while (this.here === " ") this.skip();
    // What follows would be the value as bytes.
    if (this.here === "#") return undefined;
    let word = "";
    /** Its length without blanks at the end. */
    let length = 0;
    for (; !this.ended && !ends.includes(this.here); this.skip()) {
      const isEscape = this.here === BACKSLASH;
      const char = isEscape ? this.#escaped() : this.here;
      if (char === undefined) return undefined;
      word += char;
      if (isEscape || char !== " ") length = word.length;
    }
    const bytes = word.slice(0, length);
    const text = utf8Text(bytes);
    return utf8ByteString(text) === bytes ? text : undefined;
  }

  /** What the backslash here begins; stays on its last character. */
  #escaped(): string | undefined {
    this.skip();
    const { here } = this;
    if (here !== "" && ESCAPABLE.includes(here)) return here;
    const pair = this.#text.slice(this.#at, this.#at + 2);
    this.skip();
    return HEX_PAIR.test(pair)
      ? String.fromCharCode(Number.parseInt(pair, 16))
      : undefined;
  }
}

const COMMON_NAME = "2.5.4.3";
const SERIAL_NUMBER = "2.5.4.5";
const DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25";

/** Go's names of types, in the order in which Go puts what it knows. */
const SHOWN: ReadonlyMap<string, string> = new Map([
  ["2.5.4.6", "C"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.17", "POSTALCODE"],
  [COMMON_NAME, "CN"],
  [SERIAL_NUMBER, "SERIALNUMBER"],
]);

/** The types that a text can name. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...SHOWN,
  [DOMAIN_COMPONENT, "DC"],
]);

/**
 * The name in a certificate as Go prints it: attributes of one type together,
 * and none of a type that Go has no field for. Of several common names, and of
 * several serial numbers, the last one.
 */
export function subjectText(subject: readonly Rdn[]): string {
  return textOf(knownParts(subject));
}

/** As `subjectText`, with all attributes: those that Go has no field for are at the end, as numbers. */
export function fullSubjectText(subject: readonly Rdn[]): string {
  const others = subject.flat()
    .filter(({ type }) => !SHOWN.has(type))
    .map((attribute) => [attribute]);
  return textOf([...others, ...knownParts(subject)]);
}

/** `DC=org,DC=acme`: the parts of a domain in the order of the certificate. */
export function domainText(subject: readonly Rdn[]): string {
  return subject.flat()
    .filter(({ type }) => type === DOMAIN_COMPONENT)
    .map(({ value }) => `DC=${value}`)
    .join(",");
}

function knownParts(subject: readonly Rdn[]): Rdn[] {
  const attributes = subject.flat();
  const parts: Rdn[] = [];
  for (const type of SHOWN.keys()) {
    const all = attributes.filter((attribute) => attribute.type === type);
    const isSingle = type === COMMON_NAME || type === SERIAL_NUMBER;
    const shown = isSingle
      ? all.slice(-1).filter(({ value }) => value !== "")
      : all;
    if (shown.length > 0) parts.push(shown);
  }
  return parts;
}

function textOf(parts: readonly Rdn[]): string {
  return parts.map((rdn) => rdn.map(attributeText).join("+")).reverse()
    .join(",");
}

function attributeText({ type, value }: DnAttribute): string {
  const name = SHOWN.get(type);
  return name === undefined
    ? `${type}=#${derHex(value)}`
    : `${name}=${escaped(value)}`;
}

const SPECIAL = /[,+"\\<>;]|^[ #]| $/g;

function escaped(value: string): string {
  return value.replace(SPECIAL, `${BACKSLASH}$&`);
}

/** What a string of ASN.1 may hold that calls itself printable. */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const PRINTABLE_STRING = 0x13;
const UTF8_STRING = 0x0c;

/** A text as an element of ASN.1, in hexadecimal digits. */
function derHex(value: string): string {
  const bytes = utf8ByteString(value);
  const { length } = bytes;
  const lengths: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 0x100)) {
    lengths.unshift(left % 0x100);
  }
  const head = length < 0x80 ? [length] : [0x80 + lengths.length, ...lengths];
  const tag = PRINTABLE.test(value) ? PRINTABLE_STRING : UTF8_STRING;
  return [tag, ...head, ...Array.from(bytes, (char) => char.charCodeAt(0))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
