/**
 * The parameters of a request, read as Go reads them, with the words in which
 * nats-server complains. An absent or empty parameter has its default.
 */
import { quoted } from "../core/quote.ts";
import { Refusal } from "./refusal.ts";

const TRUE_TEXTS: ReadonlySet<string> = new Set(
  ["1", "t", "T", "TRUE", "true", "True"],
);
const FALSE_TEXTS: ReadonlySet<string> = new Set(
  ["", "0", "f", "F", "FALSE", "false", "False"],
);

const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The parameters in `search`, the part of a URL from its `?` on. Go leaves out
 * one that holds a `;` or a `%` that escapes nothing.
 */
export function goQuery(search: string): URLSearchParams {
  const given = search.replace(/^\?/, "").split("&");
  const taken = given.filter((one) =>
    !one.includes(";") && !/%(?![0-9A-Fa-f]{2})/.test(one)
  );
  return new URLSearchParams(taken.join("&"));
}

export function textParam(query: URLSearchParams, name: string): string {
  return query.get(name) ?? "";
}

export function boolParam(query: URLSearchParams, name: string): boolean {
  const text = textParam(query, name);
  if (TRUE_TEXTS.has(text)) return true;
  if (FALSE_TEXTS.has(text)) return false;
  throw invalid("boolean", name, "ParseBool", text, "invalid syntax");
}

export function intParam(query: URLSearchParams, name: string): number {
  const text = textParam(query, name);
  if (text === "") return 0;
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw invalid("int", name, "Atoi", text, "invalid syntax");
  }
  const value = BigInt(text.replace("+", ""));
  if (value > INT64_MAX || value < -INT64_MAX - 1n) {
    throw invalid("int", name, "Atoi", text, "value out of range");
  }
  return nearestSafe(value);
}

export function uintParam(query: URLSearchParams, name: string): number {
  const text = textParam(query, name);
  if (text === "") return 0;
  if (!/^[0-9]+$/.test(text)) {
    throw invalid("uint64", name, "ParseUint", text, "invalid syntax");
  }
  const value = BigInt(text);
  if (value > UINT64_MAX) {
    throw invalid("uint64", name, "ParseUint", text, "value out of range");
  }
  return nearestSafe(value);
}

/** A parameter that makes no sense; `message` is all that the client is told. */
export function badParam(name: string, message: string): Refusal {
  return new Refusal(400, `query ${name}`, message);
}

// No list and no id goes beyond what a number holds exactly.
function nearestSafe(value: bigint): number {
  if (value > SAFE_MAX) return Number.MAX_SAFE_INTEGER;
  return value < -SAFE_MAX ? Number.MIN_SAFE_INTEGER : Number(value);
}

function invalid(
  type: string,
  name: string,
  parser: string,
  text: string,
  why: string,
): Refusal {
  return badParam(
    name,
    `Error decoding ${type} for '${name}': strconv.${parser}: parsing ${
      quoted(text)
    }: ${why}`,
  );
}
