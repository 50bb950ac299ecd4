/**
 * The parameters that several pages have: how much of the subscriptions to
 * tell, and which part of a list.
 */
import { boolParam, intParam, textParam } from "../http/go_params.ts";
import type { Window } from "./snapshot.ts";

/** Rows of a page when the request asks for no number. */
const PAGE_ROWS = 1024;

/** How much of the subscriptions a page shall tell. */
export type SubscriptionLevel = "none" | "subjects" | "detail";

export function subsParam(query: URLSearchParams): SubscriptionLevel {
  if (textParam(query, "subs").toLowerCase() === "detail") return "detail";
  return boolParam(query, "subs") ? "subjects" : "none";
}

export function windowParams(query: URLSearchParams): Window {
  const offset = intParam(query, "offset");
  const limit = intParam(query, "limit");
  return {
    offset: Math.max(offset, 0),
    limit: limit > 0 ? limit : PAGE_ROWS,
  };
}

/** The rows of `rows` that a window shows. */
export function rowsIn<T>(
  rows: readonly T[],
  { offset, limit }: Window,
): readonly T[] {
  return rows.slice(offset, offset + limit);
}
