/**
 * Long lists, a page at a time.
 *
 * NATS JetStream API: an offset beyond the end gives an empty page at the end.
 */

export interface PageOf<T> {
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  readonly rows: readonly T[];
}

/** The page of a list that could not be made. */
export const NO_PAGE = { total: 0, offset: 0, limit: 0 } as const;

export function pageOf<T>(
  all: readonly T[],
  offset: unknown,
  limit: number,
): PageOf<T> {
  const total = all.length;
  const wanted = typeof offset === "number" ? offset : 0;
  const from = Math.min(Math.max(wanted, 0), total);
  return { total, offset: from, limit, rows: all.slice(from, from + limit) };
}
