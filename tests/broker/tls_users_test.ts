/** Clients that are who their certificates say, from the socket to what monitoring tells of them. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  makeCertificate,
  makeCertificates,
  opensslMissing as skip,
} from "../support/certificates.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { connectTlsPeer } from "../support/tls_peer.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { until } from "../support/until.ts";

function pairOf({ cert, key }: Certificate): { cert: string; key: string } {
  return { cert, key };
}

const CONNECT = 'CONNECT {"verbose":false}\r\nPING\r\n';

test(
  "a client is who its certificate says, and monitoring tells what it has shown",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority } = certificates;
    const dn = "CN=alice,OU=dev,O=Acme";
    const { port, server, log } = await startMidge(t, {
      tls: tlsSettings(certificates, { verifyAndMap: true }),
      authorization: { users: [{ user: dn, password: "" }], timeoutMs: 2000 },
    });
    const shown = makeCertificate(authority, "alice", {
      subject: "/O=Acme/OU=dev/CN=alice",
    });
    const { peer } = await connectTlsPeer(port, certificates, pairOf(shown));
    t.after(() => peer.close());
    peer.send(CONNECT);
    await peer.expect("PONG\r\n");
    const [row] = server.connz({ auth: true }).connections;
    const read = new X509Certificate(shown.cert);
    assert.equal(row!.authorized_user, dn);
    assert.deepEqual(
      row!.tls_peer_certs!.map(({ subject, cert_sha256 }) => ({
        subject,
        cert_sha256,
      })),
      [{
        subject: dn,
        cert_sha256: read.fingerprint256.replaceAll(":", "").toLowerCase(),
      }],
    );
    assert.match(row!.tls_peer_certs![0]!.spki_sha256!, /^[0-9a-f]{64}$/);
    assert.equal(server.connz().connections[0]!.tls_peer_certs, undefined);
    assert.ok(
      log.lines.some((line) =>
        line.endsWith(`Using DistinguishedNameMatch for auth ["${dn}"]`)
      ),
    );
    const other = makeCertificate(authority, "other", { subject: "/CN=bob" });
    const { peer: stranger } = await connectTlsPeer(
      port,
      certificates,
      pairOf(other),
    );
    t.after(() => stranger.close());
    stranger.send(CONNECT);
    await stranger.expect("-ERR 'Authorization Violation'\r\n");
    peer.close();
    await until(
      "both are gone",
      () => server.connz({ state: "closed" }).connections.length === 2,
    );
    const closed = server.connz({ state: "closed", auth: true }).connections;
    for (const { tls_version, tls_peer_certs } of closed) {
      assert.match(tls_version!, /^1\.[23]$/);
      assert.equal(tls_peer_certs, undefined);
    }
  },
);
