/**
 * Answers as nats-server gives them: headers, and JSON as Go writes it.
 */
import { goJson } from "../core/json.ts";
import type { HttpAnswer } from "../platform/http.ts";

const JSON_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "application/json",
  "Access-Control-Allow-Origin": "*",
};

/** No browser may take a text that repeats parts of the request for HTML. */
const TEXT_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/plain; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
};

/** The root page loads nothing and runs nothing. */
const HTML_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
};

export const NOT_FOUND: HttpAnswer = textAnswer(404, "404 page not found\n");

/** `page` as JSON; fields that are `undefined` are left out. */
export function jsonAnswer(page: object): HttpAnswer {
  return { status: 200, headers: JSON_HEADERS, body: goJson(page, 2) };
}

/** JSON without blanks, which is how nats-server tells its health. */
export function compactAnswer(status: number, page: object): HttpAnswer {
  return { status, headers: JSON_HEADERS, body: goJson(page, 0) };
}

export function textAnswer(status: number, body: string): HttpAnswer {
  return { status, headers: TEXT_HEADERS, body };
}

export function htmlAnswer(body: string): HttpAnswer {
  return { status: 200, headers: HTML_HEADERS, body };
}

/** Nothing for an empty text, an empty list or 0: Go's `omitempty`. */
export function unlessEmpty<T extends string | number | readonly unknown[]>(
  value: T,
): T | undefined {
  const size = typeof value === "number" ? value : value.length;
  return size === 0 ? undefined : value;
}
