/**
 * JSON as Go decodes it into a struct, with its words for what is wrong: tools
 * show them, and tests compare them.
 */
import { depthFault, syntaxFault } from "./go_syntax.ts";
import { fieldName, isRecord } from "./json.ts";

/** What a field takes. */
export type GoKind = "string" | "bool" | "int" | "strings";

export interface GoField {
  readonly kind: GoKind;
  /** Where it stands in the struct, `ConnzOptions.sort`. */
  readonly path: string;
  /** Go's name for the type, where it is not that of the kind. */
  readonly type?: string;
}

export interface GoStruct {
  readonly name: string;
  readonly fields: Readonly<Record<string, GoField>>;
}

/** The fields that a text gives, or what is wrong with it. */
export type GoDecoded =
  | { readonly values: Readonly<Record<string, unknown>> }
  | { readonly error: string };

const DEFAULT_TYPES: Readonly<Record<GoKind, string>> = {
  string: "string",
  bool: "bool",
  int: "int",
  strings: "string",
};

export function decodeGo(text: string, struct: GoStruct): GoDecoded {
  const tooDeep = depthFault(text);
  if (tooDeep !== undefined) return { error: tooDeep.error };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { error: syntaxFault(text)!.error };
  }
  if (body === null) return { values: {} };
  if (!isRecord(body)) {
    const into = `Go value of type server.${struct.name}`;
    return { error: `json: cannot unmarshal ${kindOf(body)} into ${into}` };
  }
  const values: Record<string, unknown> = {};
  let error = "";
  for (const [given, value] of Object.entries(body)) {
    const name = nameOf(given, struct);
    if (name === undefined || value === null) continue;
    const wrong = misfit(value, struct.fields[name]!, struct.name);
    // Go goes on, and tells the first thing that did not fit.
    if (wrong === "") values[name] = value;
    else if (error === "") error = wrong;
  }
  return error === "" ? { values } : { error };
}

function nameOf(given: string, { fields }: GoStruct): string | undefined {
  if (Object.hasOwn(fields, given)) return given;
  const name = fieldName(given);
  return Object.hasOwn(fields, name) ? name : undefined;
}

/** What Go says of a value that a field does not take; empty: it takes it. */
function misfit(value: unknown, field: GoField, struct: string): string {
  const { kind, path, type = DEFAULT_TYPES[kind] } = field;
  const complain = (what: string, of: string): string =>
    `json: cannot unmarshal ${what} into Go struct field ${struct}.${path} of type ${of}`;
  if (kind === "strings") {
    if (!Array.isArray(value)) return complain(kindOf(value), "[]string");
    const odd = value.find((one) => typeof one !== "string" && one !== null);
    return odd === undefined ? "" : complain(kindOf(odd), "string");
  }
  if (kind === "int") {
    if (typeof value !== "number") return complain(kindOf(value), type);
    const isUnsigned = type.startsWith("u");
    const fits = Number.isInteger(value) && (!isUnsigned || value >= 0);
    return fits ? "" : complain(`number ${value}`, type);
  }
  const isFit = kind === "bool"
    ? typeof value === "boolean"
    : typeof value === "string";
  return isFit ? "" : complain(kindOf(value), type);
}

export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return value === null ? "null" : typeof value;
}
