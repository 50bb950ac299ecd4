/**
 * Answers by what they hold: JSON, a text, a page for people, nothing. Each
 * kind comes with the headers that keep a browser from taking it for another
 * one. Which other sites may read an answer, and who may keep it, is for each
 * server to add.
 */
import type { HttpAnswer } from "../platform/http.ts";

export type HttpHeaders = Readonly<Record<string, string>>;

/** A script of any site may read the answer. */
export const READABLE_BY_ANY_SITE: HttpHeaders = {
  "Access-Control-Allow-Origin": "*",
};

/** No browser guesses at the type: a text that repeats parts of a request is no HTML. */
export const NOT_SNIFFED: HttpHeaders = { "X-Content-Type-Options": "nosniff" };

/** A cache asks whether the answer still holds before using it again. */
export const NOT_CACHED: HttpHeaders = { "Cache-Control": "no-cache" };

/** The type of a JSON answer, for bodies that are sent as a stream. */
export const JSON_TYPE: HttpHeaders = { "Content-Type": "application/json" };

const TEXT_TYPE: HttpHeaders = { "Content-Type": "text/plain; charset=utf-8" };

/** A page for people loads nothing and runs nothing. */
const HTML_HEADERS: HttpHeaders = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
};

/** `json` is printed already. */
export function jsonAnswer(
  status: number,
  json: string,
  headers: HttpHeaders = {},
): HttpAnswer {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: json };
}

export function textAnswer(
  status: number,
  body: string,
  headers: HttpHeaders = {},
): HttpAnswer {
  return {
    status,
    headers: { ...TEXT_TYPE, ...NOT_SNIFFED, ...headers },
    body,
  };
}

export function htmlAnswer(body: string): HttpAnswer {
  return { status: 200, headers: HTML_HEADERS, body };
}

/** The same request is to be made at `location`, a path of this server. */
export function redirectAnswer(location: string, method: string): HttpAnswer {
  const link = escapeHtml(location);
  const headers = { Location: location };
  return method === "GET" || method === "HEAD"
    ? {
      status: 307,
      headers: { ...HTML_HEADERS, ...headers },
      body: `<a href="${link}">Temporary Redirect</a>.\n\n`,
    }
    : { status: 307, headers, body: "" };
}

/** The reader has it already, by its `etag`. */
export function notModifiedAnswer(
  etag: string,
  headers: HttpHeaders = {},
): HttpAnswer {
  return { status: 304, headers: { ...headers, ETag: etag }, body: "" };
}

/** `text` as a page shows it. */
export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (char) => char === "&" ? "&amp;" : `&#${char.charCodeAt(0)};`,
  );
}
