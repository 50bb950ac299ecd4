/**
 * What JSON of the API may look like, as tables: it is read strictly, in Go's
 * words for what is wrong, and what is written has the order of the table.
 *
 * NATS JetStream API: an unknown field is an error, unless the server is told
 * to be lenient; names count in any case; `null` is as if the field were missing.
 */
import { kindOf, syntaxError } from "../../core/go_json.ts";
import { fieldName, isRecord } from "../../core/json.ts";

/** What one value may be. */
export type Shape =
  | { readonly kind: "string" | "bool" | "time" | "strings" | "map" | "action" }
  /** `type`: Go's name for it. */
  | { readonly kind: "int"; readonly type: string }
  | { readonly kind: "ints"; readonly type: string }
  /** One of some words. `zero`: the one that an empty string stands for. */
  | { readonly kind: "enum"; readonly words: readonly string[] }
  | { readonly kind: "struct"; readonly struct: Struct }
  | { readonly kind: "structs"; readonly struct: Struct };

/** The fields of an object, by name, in the order in which they are written. */
export interface Struct {
  readonly name: string;
  /** Go's name for the struct inside this one that has the fields, where it is not this one. */
  readonly embedded?: string;
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
}

/** The fields that a text gives. Throws a `ShapeError`. */
export function readShape(
  text: string,
  struct: Struct,
  options: ReadingOptions,
): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ShapeError(decoderError(text));
  }
  if (body === null) return {};
  return readStruct(body, struct, [], options);
}

/** In the words of Go's decoder, which reads on where there is no more. */
function decoderError(text: string): string {
  const error = syntaxError(text);
  return error === "unexpected end of JSON input" ? "unexpected EOF" : error;
}

/** Where a value stands: the names from the outermost field on. */
type Path = readonly string[];

function readStruct(
  value: unknown,
  struct: Struct,
  path: Path,
  options: ReadingOptions,
  parent: Struct = struct,
): Record<string, unknown> {
  if (!isRecord(value)) {
    throw path.length === 0
      ? misfit(value, `Go value of type server.${struct.name}`)
      : misfit(value, fieldOf(parent, path, `server.${struct.name}`));
  }
  const inside = struct.embedded === undefined
    ? path
    : [...path, struct.embedded];
  const fields: Record<string, unknown> = {};
  for (const [given, field] of Object.entries(value)) {
    const name = knownName(given, struct);
    if (name === undefined) {
      if (!options.strict) continue;
      throw new ShapeError(`json: unknown field ${JSON.stringify(given)}`);
    }
    if (field === null) continue;
    const shape = struct.fields[name]!;
    fields[name] = readValue(field, shape, struct, [...inside, name], options);
  }
  return fields;
}

function knownName(given: string, { fields }: Struct): string | undefined {
  if (Object.hasOwn(fields, given)) return given;
  const name = fieldName(given);
  return Object.hasOwn(fields, name) ? name : undefined;
}

function readValue(
  value: unknown,
  shape: Shape,
  parent: Struct,
  path: Path,
  options: ReadingOptions,
): unknown {
  const fits = <T>(one: T, isFit: boolean, type: string): T => {
    if (!isFit) throw misfit(one, fieldOf(parent, path, type));
    return one;
  };
  const list = <T>(type: string, read: (one: unknown) => T): T[] =>
    fits(value as unknown[], Array.isArray(value), type).map(read);
  switch (shape.kind) {
    case "string":
      return fits(value, typeof value === "string", "string");
    case "bool":
      return fits(value, typeof value === "boolean", "bool");
    case "int":
      return readInt(value, fieldOf(parent, path, shape.type), shape.type);
    case "time":
      return readTime(value);
    case "enum":
      return readWord(value, shape.words);
    case "action":
      return readAction(value);
    case "map":
      return readMap(value, (type) => fieldOf(parent, path, type));
    case "strings":
      return list(
        "[]string",
        (one) => fits(one, typeof one === "string", "string"),
      );
    case "ints":
      return list(
        `[]${shape.type}`,
        (one) => readInt(one, fieldOf(parent, path, shape.type), shape.type),
      );
    case "struct":
      return readStruct(value, shape.struct, path, options, parent);
    case "structs":
      return list(
        `[]*server.${shape.struct.name}`,
        (one) => readStruct(one, shape.struct, path, options, parent),
      );
  }
}

/** Go names the struct that a field is in, and the way to it from the outermost. */
function fieldOf(struct: Struct, path: Path, type: string): string {
  return `Go struct field ${struct.name}.${path.join(".")} of type ${type}`;
}

function readInt(value: unknown, into: string, type: string): number {
  if (typeof value !== "number") throw misfit(value, into);
  const isUnsigned = type.startsWith("u");
  if (!Number.isInteger(value) || (isUnsigned && value < 0)) {
    throw new ShapeError(`json: cannot unmarshal number ${value} into ${into}`);
  }
  return value;
}

/** RFC 3339 */
const TIME =
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

function readTime(value: unknown): string {
  if (typeof value !== "string") {
    throw new ShapeError("Time.UnmarshalJSON: input is not a JSON string");
  }
  if (!TIME.test(value) || Number.isNaN(Date.parse(value))) {
    const shown = JSON.stringify(value);
    throw new ShapeError(
      `parsing time ${shown} as "2006-01-02T15:04:05Z07:00": ` +
        `cannot parse ${shown} as "2006"`,
    );
  }
  return value;
}

function readWord(value: unknown, words: readonly string[]): string {
  if (typeof value === "string" && words.includes(value)) return value;
  const shown = JSON.stringify(JSON.stringify(value));
  throw new ShapeError(`can not unmarshal ${shown}`);
}

function readAction(value: unknown): string {
  if (value === "" || value === "create" || value === "update") return value;
  throw new ShapeError(`unknown consumer action: ${JSON.stringify(value)}`);
}

function readMap(
  value: unknown,
  into: (type: string) => string,
): Record<string, string> {
  if (!isRecord(value)) throw misfit(value, into("map[string]string"));
  const map: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string") throw misfit(text, into("string"));
    map[name] = text;
  }
  return map;
}

function misfit(value: unknown, into: string): ShapeError {
  return new ShapeError(`json: cannot unmarshal ${kindOf(value)} into ${into}`);
}
