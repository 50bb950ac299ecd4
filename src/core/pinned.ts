/** Whether a peer of a TLS connection has one of the public keys that may come in. */
import type { TlsState } from "../platform/socket.ts";

/** Why the peer may not come in, for the log; empty: it may. */
export function pinnedFault(
  state: TlsState | undefined,
  pinned: readonly string[] | undefined,
): string {
  if (pinned === undefined) return "";
  const [own] = state?.peerCertificates ?? [];
  if (own === undefined) {
    return "Failed pinned cert test as client did not provide a certificate";
  }
  return pinned.includes(own.keySha256)
    ? ""
    : `Failed pinned cert test for key id: ${own.keySha256}`;
}
