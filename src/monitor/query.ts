/**
 * The parameters of a request, read as Go reads them, with the words in which
 * nats-server complains. An absent or empty parameter has its default.
 */
import { quoted } from "../core/quote.ts";

/** The request cannot be answered; `message` is the answer's body. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

/** Rows of a page when the request asks for no number. */
const PAGE_ROWS = 1024;

const TRUE_TEXTS: ReadonlySet<string> = new Set(
  ["1", "t", "T", "TRUE", "true", "True"],
);
const FALSE_TEXTS: ReadonlySet<string> = new Set(
  ["", "0", "f", "F", "FALSE", "false", "False"],
);

const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

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

/** How much of the subscriptions a page shall tell. */
export type SubscriptionLevel = "none" | "subjects" | "detail";

export function subsParam(query: URLSearchParams): SubscriptionLevel {
  if (textParam(query, "subs").toLowerCase() === "detail") return "detail";
  return boolParam(query, "subs") ? "subjects" : "none";
}

/** Which part of a list to tell. */
export interface Window {
  readonly offset: number;
  readonly limit: number;
}

export function windowParams(query: URLSearchParams): Window {
  const offset = intParam(query, "offset");
  const limit = intParam(query, "limit");
  return {
    offset: Math.max(offset, 0),
    limit: limit > 0 ? limit : PAGE_ROWS,
  };
}

export function rowsIn<T>(
  rows: readonly T[],
  { offset, limit }: Window,
): readonly T[] {
  return rows.slice(offset, offset + limit);
}

// No list and no id here goes beyond what a number holds exactly.
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
): BadRequest {
  return new BadRequest(
    `Error decoding ${type} for '${name}': strconv.${parser}: parsing ${
      quoted(text)
    }: ${why}`,
  );
}
