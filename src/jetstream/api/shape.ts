/**
 * What JSON of the API may look like, as tables: it is read strictly, in Go's
 * words for what is wrong, and what is written has the order of the table.
 *
 * NATS JetStream API: an unknown field is an error, unless the server is told
 * to be lenient; names count in any case; `null` is as if the field were missing.
 */
import { kindOf } from "../../core/go_json.ts";
import {
  depthFault,
  nextValue,
  type SyntaxFault,
  syntaxFault,
} from "../../core/go_syntax.ts";
import { goTimeFault, goTimeText } from "../../core/go_time.ts";
import { fieldName, isRecord } from "../../core/json.ts";

/** What one value may be. */
export type Shape =
  | { readonly kind: "string" | "bool" | "time" | "strings" | "map" }
  /** `type`: Go's name for it. */
  | { readonly kind: "int"; readonly type: string }
  | { readonly kind: "ints"; readonly type: string }
  /** One of some words. `complaint`: what is said of others; a blank at its end is followed by the value. */
  | {
    readonly kind: "enum";
    readonly words: readonly string[];
    readonly complaint?: string;
  }
  | { readonly kind: "struct"; readonly struct: Struct }
  | { readonly kind: "structs"; readonly struct: Struct };

/** The fields of an object, by name, in the order in which they are written. */
export interface Struct {
  readonly name: string;
  /** Go's name for the struct inside this one that has the fields, where it is not this one. */
  readonly embedded?: string;
  /** Fields that are in this one all the same. */
  readonly own?: readonly string[];
  readonly fields: Readonly<Record<string, Shape>>;
}

/** Why a text cannot be read, in Go's words. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** How JSON is read. */
export interface ReadingOptions {
  /** An unknown field is an error. */
  readonly strict: boolean;
  /** As Go reads a stream of values: the next goes on where one ends, and faults have a place. */
  readonly stream?: boolean;
}

/** The fields that a text gives. Throws a `ShapeError`. */
export function readShape(
  text: string,
  struct: Struct,
  { strict, stream = false }: ReadingOptions,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  let start = 0;
  do {
    // Nearly all texts are one value, which is found without a look at each character.
    const whole = start === 0 ? valueOf(text) : undefined;
    const end = stream && whole === undefined
      ? nextValue(text, start)
      : text.length;
    const body = whole ?? parsed(text.slice(start, end), start, stream);
    start = end;
    if (body === null) continue;
    const reading = new Reading(strict);
    Object.assign(fields, readStruct(body, struct, [], reading));
    reading.throwFault();
  } while (start < text.length);
  return fields;
}

/** Numbers that are not what they look like once they are numbers here. */
const HAS_ODD_NUMBER = /\d[.eE]|\d{16}|-0/;

/** A number that is no whole number, or is beyond what numbers here are exact for. */
class NumberText {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** Where a runtime gives no source of a value, the number is all there is. */
function withSource(
  _: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  const isOdd = typeof value === "number" && source !== undefined &&
    source !== String(value);
  return isOdd ? new NumberText(source) : value;
}

/** What a text is; undefined: no value, or several, or one that lies too deep in itself. */
function valueOf(text: string): unknown {
  if (depthFault(text) !== undefined) return undefined;
  try {
    return HAS_ODD_NUMBER.test(text)
      ? JSON.parse(text, withSource)
      : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parsed(text: string, offset: number, stream: boolean): unknown {
  const value = valueOf(text);
  if (value !== undefined) return value;
  const fault = syntaxFault(text)!;
  throw new ShapeError(decoderError(text, fault, offset, stream));
}

/** In the words of Go's decoder, which reads on where there is no more. */
function decoderError(
  text: string,
  { error, at }: SyntaxFault,
  offset: number,
  stream: boolean,
): string {
  if (!stream) return error;
  if (error === "unexpected end of JSON input") return "unexpected EOF";
  const bytes = new TextEncoder().encode(text.slice(0, at)).length;
  return `${error} at offset ${offset + bytes + 1}`;
}

/** How far reading has come: Go goes on, and tells the first thing that did not fit. */
class Reading {
  readonly strict: boolean;
  #fault: string | undefined = undefined;

  constructor(strict: boolean) {
    this.strict = strict;
  }

  /** Something does not fit. */
  note(fault: () => string): void {
    this.#fault ??= fault();
  }

  throwFault(): void {
    if (this.#fault !== undefined) throw new ShapeError(this.#fault);
  }
}

/** Where a value stands: the names from the outermost field on. */
type Path = readonly string[];

function readStruct(
  value: unknown,
  struct: Struct,
  path: Path,
  reading: Reading,
  parent: Struct = struct,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (!isRecord(value) || value instanceof NumberText) {
    const into = path.length === 0
      ? `Go value of type server.${struct.name}`
      : fieldOf(parent, path, `server.${struct.name}`);
    reading.note(() => misfit(value, into));
    return fields;
  }
  const { embedded, own = [] } = struct;
  // Thousands of keys are listed three times as fast as pairs of keys and values.
  for (const given of Object.keys(value)) {
    const field = value[given];
    const name = knownName(given, struct);
    if (name === undefined) {
      if (reading.strict) {
        reading.note(() => `json: unknown field ${JSON.stringify(given)}`);
      }
      continue;
    }
    const shape = struct.fields[name]!;
    if (field === null && shape.kind !== "enum") continue;
    const inside = embedded === undefined || own.includes(name)
      ? [...path, name]
      : [...path, embedded, name];
    const read = readValue(field, shape, struct, inside, reading);
    if (read !== undefined) fields[name] = read;
  }
  return inOrder(fields, struct);
}

function inOrder(
  fields: Readonly<Record<string, unknown>>,
  struct: Struct,
): Record<string, unknown> {
  const ordered: Record<string, unknown> = {};
  for (const name of Object.keys(struct.fields)) {
    if (name in fields) ordered[name] = fields[name];
  }
  return ordered;
}

function knownName(given: string, { fields }: Struct): string | undefined {
  if (Object.hasOwn(fields, given)) return given;
  const name = fieldName(given);
  return Object.hasOwn(fields, name) ? name : undefined;
}

/** What a field is; undefined: it does not fit. */
function readValue(
  value: unknown,
  shape: Shape,
  parent: Struct,
  path: Path,
  reading: Reading,
): unknown {
  const into = (type: string): string => fieldOf(parent, path, type);
  const odd = (one: unknown, type: string): undefined => {
    reading.note(() => misfit(one, into(type)));
  };
  const list = <T>(type: string, read: (one: unknown) => T): T[] | undefined =>
    Array.isArray(value) ? value.map(read) : odd(value, type);
  const string = (one: unknown): string | undefined =>
    typeof one === "string" ? one : odd(one, "string");
  const int = (one: unknown, type: string): number | undefined => {
    const number = intOf(one, type);
    if (number !== undefined) return number;
    const what = one instanceof NumberText
      ? `number ${one.source}`
      : typeof one === "number"
      ? `number ${one}`
      : kindOf(one);
    reading.note(() => unfit(what, into(type)));
    return undefined;
  };
  switch (shape.kind) {
    case "string":
      return string(value);
    case "bool":
      return typeof value === "boolean" ? value : odd(value, "bool");
    case "int":
      return int(value, shape.type);
    case "time":
      return readTime(value);
    case "enum":
      return readWord(value, shape, into("string"));
    case "map":
      return readMap(value, (one, type) => odd(one, type));
    case "strings":
      return list("[]string", (one) => one === null ? "" : string(one) ?? "");
    case "ints":
      return list(
        `[]${shape.type}`,
        (one) => one === null ? 0 : int(one, shape.type) ?? 0,
      );
    case "struct":
      return readStruct(value, shape.struct, path, reading, parent);
    case "structs":
      return list(
        `[]*server.${shape.struct.name}`,
        // Go has a pointer to nothing there, which counts as one without fields.
        (one) => readStruct(one ?? {}, shape.struct, path, reading, parent),
      );
  }
}

/** Go names the struct that a field is in, and the way to it from the outermost. */
function fieldOf(struct: Struct, path: Path, type: string): string {
  return `Go struct field ${struct.name}.${path.join(".")} of type ${type}`;
}

/** The ends of Go's types; of the others the same as of int64. */
const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** The whole number that `value` is, as Go reads one of `type`; undefined: it is none. */
function intOf(value: unknown, type: string): number | undefined {
  const isText = value instanceof NumberText;
  if (typeof value !== "number" && !isText) return undefined;
  const text = isText ? value.source : String(value);
  const isUnsigned = type.startsWith("u");
  if (!(isUnsigned ? /^\d+$/ : /^-?\d+$/).test(text)) return undefined;
  const [least, most] = RANGES[type] ?? RANGES["int64"]!;
  const exact = BigInt(text);
  return exact < least || exact > most ? undefined : Number(exact);
}

function readTime(value: unknown): string {
  if (typeof value !== "string") {
    throw new ShapeError("Time.UnmarshalJSON: input is not a JSON string");
  }
  const fault = goTimeFault(value);
  if (fault !== undefined) throw new ShapeError(fault);
  return goTimeText(value);
}

/** Throws a `ShapeError` at once, as what Go calls for such a value does. */
function readWord(
  value: unknown,
  { words, complaint }: Shape & { readonly kind: "enum" },
  into: string,
): string {
  if (typeof value === "string" && words.includes(value)) return value;
  const shown = JSON.stringify(value);
  if (complaint === undefined) {
    throw new ShapeError(`can not unmarshal ${JSON.stringify(shown)}`);
  }
  if (complaint.endsWith(" ")) throw new ShapeError(complaint + shown);
  const isText = typeof value === "string" || value === null;
  throw new ShapeError(isText ? complaint : misfit(value, into));
}

function readMap(
  value: unknown,
  odd: (one: unknown, type: string) => undefined,
): Record<string, string> | undefined {
  if (!isRecord(value) || value instanceof NumberText) {
    return odd(value, "map[string]string");
  }
  const map: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === "string") map[name] = text;
    else if (text === null) map[name] = "";
    else odd(text, "string");
  }
  return map;
}

function misfit(value: unknown, into: string): string {
  return unfit(value instanceof NumberText ? "number" : kindOf(value), into);
}

function unfit(what: string, into: string): string {
  return `json: cannot unmarshal ${what} into ${into}`;
}
