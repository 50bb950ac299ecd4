/**
 * JSON as Go decodes it into a struct, with its words for what is wrong: tools
 * show them, and tests compare them.
 */
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

const BLANK = /[ \t\r\n]/;
const LITERALS = ["true", "false", "null"];
/** A number as far as it is one. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/;
const NUMBER_BEGUN = /^-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?/;

/** What is wrong with a text, and where; undefined: it is JSON. */
export function syntaxFault(
  text: string,
): { readonly error: string; readonly at: number } | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch { /* what is wrong, Go says otherwise */ }
  const error = syntaxError(text);
  if (error === MORE) return { error, at: text.length };
  // The shortest beginning that nothing can make JSON of.
  let [short, long] = [0, text.length];
  while (long - short > 1) {
    const middle = (short + long) >> 1;
    if (syntaxError(text.slice(0, middle)) === MORE) short = middle;
    else long = middle;
  }
  return { error, at: short };
}

/** What is said of a text that may go on; of JSON, too. */
const MORE = "unexpected end of JSON input";

/** What Go's scanner says of the first character that cannot be there. */
function syntaxError(text: string): string {
  const open: ("object" | "array")[] = [];
  let expects: Expectation = "value";
  let at = 0;
  while (true) {
    while (at < text.length && BLANK.test(text[at]!)) at++;
    if (at >= text.length) return "unexpected end of JSON input";
    const char = text[at]!;
    if (expects === "value" || expects === "value or ]") {
      if (char === "]" && expects === "value or ]") {
        open.pop();
        expects = after(open);
        at++;
      } else if (char === "{" || char === "[") {
        open.push(char === "{" ? "object" : "array");
        expects = char === "{" ? "key or }" : "value or ]";
        at++;
      } else {
        const end = scalarEnd(text, at);
        if (typeof end === "string") return end;
        at = end;
        expects = after(open);
      }
      continue;
    }
    if (expects === "key" || expects === "key or }") {
      if (char === "}" && expects === "key or }") {
        open.pop();
        expects = after(open);
        at++;
        continue;
      }
      if (char !== '"') {
        return invalid(char, "looking for beginning of object key string");
      }
      const end = stringEnd(text, at);
      if (typeof end === "string") return end;
      at = end;
      expects = "colon";
      continue;
    }
    const next = follow(expects, char, open);
    if (next.error !== undefined) return next.error;
    expects = next.expects;
    at++;
  }
}

type Expectation =
  | "value"
  | "value or ]"
  | "key"
  | "key or }"
  | "colon"
  | "comma in object"
  | "comma in array"
  | "end";

function after(open: readonly ("object" | "array")[]): Expectation {
  const inner = open.at(-1);
  if (inner === undefined) return "end";
  return inner === "object" ? "comma in object" : "comma in array";
}

/** A colon, a comma, the end of a list or of an object, or what is wrong instead. */
function follow(
  expects: Expectation,
  char: string,
  open: ("object" | "array")[],
): { readonly expects: Expectation; readonly error?: string } {
  if (expects === "colon") {
    return char === ":"
      ? { expects: "value" }
      : { expects, error: invalid(char, "after object key") };
  }
  if (expects === "end") {
    return { expects, error: invalid(char, "after top-level value") };
  }
  const isObject = expects === "comma in object";
  if (char === ",") return { expects: isObject ? "key" : "value" };
  if (char === (isObject ? "}" : "]")) {
    open.pop();
    return { expects: after(open) };
  }
  const where = isObject
    ? "after object key:value pair"
    : "after array element";
  return { expects, error: invalid(char, where) };
}

/** Where a string, a number or a literal ends, or what is wrong with it. */
function scalarEnd(text: string, start: number): number | string {
  const char = text[start]!;
  if (char === '"') return stringEnd(text, start);
  if (char === "-" || (char >= "0" && char <= "9")) {
    return numberEnd(text, start);
  }
  const literal = LITERALS.find((one) => one[0] === char);
  if (literal === undefined) {
    return invalid(char, "looking for beginning of value");
  }
  for (let i = 1; i < literal.length; i++) {
    const next = text[start + i];
    if (next === undefined) return "unexpected end of JSON input";
    if (next !== literal[i]) {
      return invalid(next, `in literal ${literal} (expecting '${literal[i]}')`);
    }
  }
  return start + literal.length;
}

function numberEnd(text: string, start: number): number | string {
  const rest = text.slice(start);
  const whole = NUMBER.exec(rest)?.[0] ?? "";
  const begun = NUMBER_BEGUN.exec(rest)![0];
  if (whole === begun) return start + whole.length;
  const next = rest[begun.length];
  if (next === undefined) return "unexpected end of JSON input";
  const last = begun.at(-1)!;
  if (last === ".") {
    return invalid(next, "after decimal point in numeric literal");
  }
  if (/[eE+]/.test(last) || /[eE]-$/.test(begun)) {
    return invalid(next, "in exponent of numeric literal");
  }
  return invalid(next, "in numeric literal");
}

function stringEnd(text: string, start: number): number | string {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return at + 1;
    if (char < " ") return invalid(char, "in string literal");
    if (char !== "\\") continue;
    const escaped = text[++at];
    if (escaped === undefined) break;
    if (!'"\\/bfnrtu'.includes(escaped)) {
      return invalid(escaped, "in string escape code");
    }
    if (escaped !== "u") continue;
    for (let digit = 0; digit < 4; digit++) {
      const hex = text[++at];
      if (hex === undefined) return "unexpected end of JSON input";
      if (!/[0-9A-Fa-f]/.test(hex)) {
        return invalid(hex, "in \\u hexadecimal character escape");
      }
    }
  }
  return "unexpected end of JSON input";
}

function invalid(char: string, where: string): string {
  const shown = char === "'" ? "\\'" : char === '"' ? '"' : escaped(char);
  return `invalid character '${shown}' ${where}`;
}

function escaped(char: string): string {
  const text = JSON.stringify(char).slice(1, -1);
  return text === "\\u0000" ? "\\x00" : text.replace(/^\\u00/, "\\x");
}
