/**
 * The certificates that the other end of a TLS connection showed, by what
 * `node:tls` tells of them. Runtimes differ in how they write names, and not
 * all of them escape what stands in one, so names are for showing: a decision by
 * a name reads it from the bytes.
 */
import { createHash } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { PeerCertificate } from "../../platform/socket.ts";

/** Its own certificate first, then those that vouch for it, as far as they are known. */
export function peerCertificates(
  stream: TLSSocket,
): readonly PeerCertificate[] {
  const found: PeerCertificate[] = [];
  const seen = new Set<string>();
  let next: Partial<DetailedPeerCertificate> | undefined = stream
    .getPeerCertificate(true);
  // Without a certificate there is an empty object; an authority's stands for itself.
  while (next?.raw !== undefined) {
    const facts = factsOf(next.raw, next);
    if (seen.has(facts.sha256)) break;
    seen.add(facts.sha256);
    found.push(facts);
    next = next.issuerCertificate;
  }
  return found;
}

function factsOf(
  raw: Uint8Array,
  { subject, subjectaltname }: Partial<DetailedPeerCertificate>,
): PeerCertificate {
  return {
    // A copy: what the runtime hands out is a view of memory of its own.
    der: Uint8Array.from(raw),
    sha256: createHash("sha256").update(raw).digest("hex"),
    subject: Object.entries(subject ?? {})
      .flatMap(([key, values]) =>
        [values].flat().map((value) => `${key}=${value}`)
      ).join(", "),
    names: subjectaltname?.split(", ") ?? [],
  };
}
