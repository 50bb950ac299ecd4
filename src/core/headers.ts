/**
 * The header block of a message: a version line `NATS/1.0`, perhaps with a
 * status, then `Name: value` lines and an empty line. The client library reads
 * and writes blocks here; the broker passes them on unread and only writes the
 * one of "no responders". Names are as in nats.js: `headers()` makes a
 * `MsgHdrs`, and a `Match` says how a name is looked up.
 */

import { trimBlanks } from "./ascii.ts";
import { MidgeError } from "./errors.ts";

/** How the name in a call is compared with the names that are there. */
export const Match = {
  /** Byte for byte. */
  Exact: "exact",
  /** The name in the call is first written like `Content-Type`. */
  CanonicalMIME: "canonical",
  /** Case does not matter. */
  IgnoreCase: "insensitive",
} as const;
/** One of the ways in `Match`. */
export type Match = typeof Match[keyof typeof Match];

/**
 * A way, or its number: 0 for `Exact`, 1 for `CanonicalMIME`, 2 for `IgnoreCase`.
 * Preliminary versions of the official packages have numbers.
 */
export type MatchOrNumber = Match | number;

const NUMBERED: readonly Match[] = [
  Match.Exact,
  Match.CanonicalMIME,
  Match.IgnoreCase,
];

export type HeaderErrorCode =
  | "HEADER_NAME"
  | "HEADER_VALUE"
  | "HEADER_STATUS"
  | "HEADER_BLOCK";

/** A header that the wire cannot carry, or a block that is none. */
export class HeaderError extends MidgeError {
  override readonly name = "HeaderError";
  declare readonly code: HeaderErrorCode;

  constructor(code: HeaderErrorCode, message: string) {
    super(code, message);
  }
}

/** The headers of one message; iterates over names with all their values. */
export interface MsgHdrs extends Iterable<[string, string[]]> {
  /** The number of the status line, 0 without one. */
  readonly code: number;
  /** The text after the number, perhaps empty. */
  readonly description: string;
  /** Number and text, as in `503 No Responders`; `0` without a status. */
  readonly status: string;
  /** Whether the status is 300 or above. */
  readonly hasError: boolean;
  /** The first value, or the empty string. */
  get(name: string, match?: MatchOrNumber): string;
  /** The last value, or the empty string. */
  last(name: string, match?: MatchOrNumber): string;
  /** All values of all names that match. */
  values(name: string, match?: MatchOrNumber): string[];
  /** Whether any name matches. */
  has(name: string, match?: MatchOrNumber): boolean;
  /** All names, as they were set. */
  keys(): string[];
  /** Replaces all values. Blanks around a value are not kept. */
  set(name: string, value: string, match?: MatchOrNumber): void;
  /** Adds a value to the first name that matches, or under a new name. */
  append(name: string, value: string, match?: MatchOrNumber): void;
  /** Removes all names that match, with their values. */
  delete(name: string, match?: MatchOrNumber): void;
}

/**
 * Makes an empty set of headers; with a `code`, one that carries a status.
 *
 * ```ts
 * import { headers } from "midge";
 *
 * const h = headers();
 * h.append("Trace-Id", "a1");
 * console.log(h.get("Trace-Id")); // a1
 * ```
 */
export function headers(code: number = 0, description: string = ""): MsgHdrs {
  return new MessageHeaders(code, description);
}

/** More than a dozen members: because they are those of the official client's headers. */
class MessageHeaders implements MsgHdrs {
  readonly code: number;
  readonly description: string;
  readonly #values = new Map<string, string[]>();

  constructor(code: number, description: string) {
    this.code = checkedCode(code);
    this.description = checkedValue(description);
    if (code === 0 && this.description !== "") {
      throw new HeaderError("HEADER_STATUS", "A description needs a code");
    }
  }

  get status(): string {
    return `${this.code} ${this.description}`.trimEnd();
  }

  get hasError(): boolean {
    return this.code >= 300;
  }

  *[Symbol.iterator](): IterableIterator<[string, string[]]> {
    for (const [name, values] of this.#values) yield [name, [...values]];
  }

  get(name: string, match: MatchOrNumber = Match.Exact): string {
    return this.values(name, match)[0] ?? "";
  }

  last(name: string, match: MatchOrNumber = Match.Exact): string {
    return this.values(name, match).at(-1) ?? "";
  }

  values(name: string, match: MatchOrNumber = Match.Exact): string[] {
    return this.#matching(name, match)
      .flatMap((key) => this.#values.get(key) ?? []);
  }

  has(name: string, match: MatchOrNumber = Match.Exact): boolean {
    return this.#matching(name, match).length > 0;
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  /** All of them as an object, which `@nats-io/obj` writes into an object's info. */
  toRecord(): Record<string, string[]> {
    return Object.fromEntries(this);
  }

  set(name: string, value: string, match: MatchOrNumber = Match.Exact): void {
    const key = newKey(name, match);
    const checked = checkedValue(value);
    this.delete(name, match);
    this.#values.set(key, [checked]);
  }

  append(
    name: string,
    value: string,
    match: MatchOrNumber = Match.Exact,
  ): void {
    const key = newKey(name, match);
    const checked = checkedValue(value);
    const known = this.#values.get(this.#matching(name, match)[0] ?? key);
    if (known === undefined) this.#values.set(key, [checked]);
    else known.push(checked);
  }

  delete(name: string, match: MatchOrNumber = Match.Exact): void {
    for (const key of this.#matching(name, match)) this.#values.delete(key);
  }

  /** The names in use that `name` stands for. */
  #matching(name: string, match: MatchOrNumber): string[] {
    if (wayOf(match) === Match.IgnoreCase) {
      const lower = name.toLowerCase();
      return this.keys().filter((key) => key.toLowerCase() === lower);
    }
    const key = keyFor(name, match);
    return this.#values.has(key) ? [key] : [];
  }
}

/** The name under which a new value is kept; throws when the wire cannot carry it. */
function newKey(name: string, match: MatchOrNumber): string {
  if (!isHeaderName(name)) {
    const quoted = JSON.stringify(name);
    throw new HeaderError("HEADER_NAME", `Invalid header name ${quoted}`);
  }
  return keyFor(name, match);
}

function keyFor(name: string, match: MatchOrNumber): string {
  const isCanonical = wayOf(match) === Match.CanonicalMIME;
  return isCanonical ? canonicalMIMEHeaderKey(name) : name;
}

/** A number that stands for no way is taken as `Exact`. */
function wayOf(match: MatchOrNumber): Match {
  return typeof match === "number" ? NUMBERED[match] ?? Match.Exact : match;
}

/** RFC 822 3.1.2: printable ASCII without blanks and colon; at least one. */
function isHeaderName(name: string): boolean {
  return /^[!-9;-~]+$/.test(name);
}

/** A value as it stands on the wire, without the blanks around it. */
function checkedValue(value: string): string {
  if (hasLineBreak(value)) {
    const quoted = JSON.stringify(value);
    throw new HeaderError("HEADER_VALUE", `Line break in ${quoted}`);
  }
  return trimBlanks(value);
}

function hasLineBreak(text: string): boolean {
  return text.includes("\r") || text.includes("\n");
}

function checkedCode(code: number): number {
  if (Number.isInteger(code) && code >= 0 && code <= 999) return code;
  throw new HeaderError("HEADER_STATUS", `Invalid status code ${code}`);
}

/** First letters and those after a dash in upper case, all others in lower case: `Content-Type`. */
export function canonicalMIMEHeaderKey(name: string): string {
  return name.split("-")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join("-");
}

const VERSION = "NATS/1.0";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The bytes of a block, the empty line at its end included. */
export function encodeHeaders(source: MsgHdrs): Uint8Array<ArrayBuffer> {
  let block = VERSION;
  if (source.code > 0) {
    block += ` ${String(source.code).padStart(3, "0")}`;
    if (source.description !== "") block += ` ${source.description}`;
  }
  block += "\r\n";
  for (const [name, values] of source) {
    for (const value of values) block += `${name}: ${value}\r\n`;
  }
  return encoder.encode(`${block}\r\n`);
}

/**
 * Reads a block; the bytes are borrowed. The broker lets any bytes pass as
 * headers, so this is lenient: a line that is no header is left out, and only a
 * block that does not start with the version is an error.
 */
export function decodeHeaders(bytes: Uint8Array): MsgHdrs {
  const [first = "", ...lines] = decoder.decode(bytes).split("\n");
  const result = parseStatusLine(withoutReturn(first));
  for (const line of lines) appendLine(result, withoutReturn(line));
  return result;
}

/** `NATS/1.0`, `NATS/1.0 503` or `NATS/1.0 503 No Responders`. */
function parseStatusLine(line: string): MsgHdrs {
  const rest = line.slice(VERSION.length);
  if (!line.startsWith(VERSION) || /^[^ \t]/.test(rest)) {
    throw new HeaderError(
      "HEADER_BLOCK",
      `Header block does not start with "${VERSION}"`,
    );
  }
  const status = trimBlanks(rest);
  const isStatus = /^[0-9]{3}([ \t]|$)/.test(status) && !hasLineBreak(status);
  const code = isStatus ? Number(status.slice(0, 3)) : 0;
  return headers(code, code === 0 ? "" : status.slice(3));
}

function appendLine(target: MsgHdrs, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1);
  if (isHeaderName(name) && !hasLineBreak(value)) target.append(name, value);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
