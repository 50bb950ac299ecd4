/** Requests over TLS of one's own. */
import type { Fetch, FetchTls } from "../platform/fetch.ts";
import type { TlsUpgrade } from "../platform/socket.ts";

/** `fetch`, whose requests by https have the TLS that `tls` gives for each; undefined: the machine's. */
export function fetchWithTls(
  fetch: Fetch,
  tls: () => FetchTls | undefined | Promise<FetchTls | undefined>,
): Fetch {
  return async (url, request) =>
    url.startsWith("https:")
      ? fetch(url, { ...request, tls: await tls() })
      : fetch(url, request);
}

/** What a `tls` block says to a side that asks. */
export function fetchTlsOf(
  { certificates: [certificate] = [], ...others }:
    & FetchTls
    & Pick<TlsUpgrade, "certificates">,
): FetchTls {
  return { ...others, certificate };
}
