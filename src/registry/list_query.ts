/**
 * What a reader of the list asks for: the list that it has already, by index or
 * ETag, and how long it is willing to wait for a newer one.
 */
import { lastEventId } from "../http/event_stream.ts";
import { Refusal } from "../http/refusal.ts";
import type { HttpRequest } from "../platform/http.ts";

/** The longest wait; proxies tend to give up after a minute. */
export const WAIT_MAX_MS = 55_000;

export interface RequestedList {
  /** The index of the list that the reader has. */
  readonly known: number | undefined;
  readonly waitMs: number;
  /** By ETag: the same list is not sent again. */
  readonly isConditional: boolean;
}

/** Reads the query and `If-None-Match`. Throws a `Refusal`. */
export function requestedList(request: HttpRequest): RequestedList {
  const { query, headers } = request;
  const waitMs = waitIn(query.get("wait") ?? "0");
  const byIndex = indexIn(query.get("index"));
  if (byIndex !== undefined) {
    return { known: byIndex, waitMs, isConditional: false };
  }
  const known = indexOfEtag(headers.get("if-none-match") ?? "");
  return { known, waitMs, isConditional: known !== undefined };
}

/** The index of the list that a returning reader of the stream has, by its last event. */
export function eventIndex(request: HttpRequest): number | undefined {
  const last = lastEventId(request);
  return INDEX.test(last) ? Number(last) : indexIn(request.query.get("index"));
}

export function etagOf(index: number): string {
  return `"${index}"`;
}

const INDEX = /^\d{1,15}$/;

function indexIn(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (INDEX.test(text)) return Number(text);
  throw new Refusal(400, "query index", "Expected a number");
}

function indexOfEtag(header: string): number | undefined {
  const [, digits] = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim()) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["", 1000],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
]);

function waitIn(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,7})(ms|s|m)?$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new Refusal(400, "query wait", "Expected a duration such as 55s");
  }
  return Math.min(Number(digits) * (UNIT_MS.get(unit) ?? 0), WAIT_MAX_MS);
}
