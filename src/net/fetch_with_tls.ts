/** Requests over TLS of one's own. */
import type { Fetch, FetchTls } from "../platform/fetch.ts";

/** `fetch`, whose requests have the TLS that `tls` gives for each. */
export function fetchWithTls(
  fetch: Fetch,
  tls: () => Promise<FetchTls>,
): Fetch {
  return async (url, request) => fetch(url, { ...request, tls: await tls() });
}
