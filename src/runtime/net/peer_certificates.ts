/**
 * The certificates that the other end of a TLS connection showed, by what
 * `node:tls` tells of them: their bytes, and nothing of what the runtime reads
 * in those, which is not the same on each.
 */
import { createHash } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { readCertificate } from "../../core/certificate.ts";
import type { PeerCertificate } from "../../platform/socket.ts";

/**
 * Its own certificate first, then those that vouch for it. Runtimes add the
 * authority that they found themselves, which stands for itself: it is left out.
 */
export function peerCertificates(
  stream: TLSSocket,
): readonly PeerCertificate[] {
  const found: PeerCertificate[] = [];
  const seen = new Set<string>();
  let next: Partial<DetailedPeerCertificate> | undefined = stream
    .getPeerCertificate(true);
  // Without a certificate there is an empty object.
  while (next?.raw !== undefined) {
    const facts = factsOf(next.raw);
    if (seen.has(facts.sha256)) break;
    seen.add(facts.sha256);
    if (found.length > 0 && isRoot(next)) break;
    found.push(facts);
    next = next.issuerCertificate;
  }
  return found;
}

function isRoot(
  { subject, issuer }: Partial<DetailedPeerCertificate>,
): boolean {
  return JSON.stringify(subject) === JSON.stringify(issuer);
}

function factsOf(raw: Uint8Array): PeerCertificate {
  // A copy: what the runtime hands out is a view of memory of its own.
  const der = Uint8Array.from(raw);
  const key = readCertificate(der)?.publicKeyInfo;
  return {
    der,
    sha256: sha256(der),
    // What cannot be read has no key that anybody knows.
    keySha256: key === undefined ? "" : sha256(key),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
