/** TLS of a running server: other certificates, other settings, on and off. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Certificate,
  makeCertificate,
  makeCertificates,
  opensslMissing as skip,
  pinOf,
} from "../support/certificates.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { connectTlsPeer } from "../support/tls_peer.ts";
import { startReloadable } from "./reloading.ts";

const CONNECT = 'CONNECT {"protocol":1,"verbose":false}\r\nPING\r\n';

function tls(
  { certFile, keyFile }: Pick<Certificate, "certFile" | "keyFile">,
  more = "",
): string {
  return `tls { cert_file: "${certFile}", key_file: "${keyFile}", timeout: 30 ${more} }`;
}

test("other contents of the same files are shown at the next handshake", {
  skip,
}, async (t) => {
  const certificates = makeCertificates(t);
  const { server, authority } = certificates;
  const folder = temporaryFolder(t);
  const files = {
    certFile: join(folder, "a.pem"),
    keyFile: join(folder, "a.key"),
  };
  const put = ({ certFile, keyFile }: Certificate): void => {
    copyFileSync(certFile, files.certFile);
    copyFileSync(keyFile, files.keyFile);
  };
  put(server);
  const midge = await startReloadable(t, tls(files));
  const { port } = midge.server.address!;
  const enter = async () => {
    const entered = await connectTlsPeer(port, certificates);
    t.after(() => entered.peer.close());
    entered.peer.send(CONNECT);
    await entered.peer.expect("PONG\r\n");
    return entered;
  };
  const first = await enter();
  put(makeCertificate(authority, "renewed", { names: "DNS:localhost" }));
  const before = midge.told.length;
  await midge.reload(tls(files));
  assert.ok(midge.told.slice(before).includes("Reloaded: tls = enabled"));
  const second = await enter();
  const [old, next] = [first, second].map(({ shown }) =>
    new X509Certificate(shown()!).subject
  );
  assert.deepEqual([old, next], ["CN=server", "CN=renewed"]);
  first.peer.send("PING\r\n");
  await first.peer.expect("PONG\r\n");
});

test("TLS goes on and off, for clients to come", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const midge = await startReloadable(t, "");
  const { port } = midge.server.address!;
  const plain = await midge.login();
  await midge.reload(tls(certificates.server));
  assert.equal(midge.server.address?.port, port);
  assert.ok(midge.told.includes("Reloaded: tls = enabled"));
  assert.ok(midge.told.includes("Reloaded: tls timeout = 30"));
  await plain.silence();
  const { peer, greeting } = await connectTlsPeer(port, certificates);
  t.after(() => peer.close());
  assert.match(greeting, /"tls_required":true/);
  peer.send(CONNECT);
  await peer.expect("PONG\r\n");
  await midge.reload("");
  assert.ok(midge.told.includes("Reloaded: tls = disabled"));
  const late = await midge.peer();
  assert.doesNotMatch(await late.expect("\r\n"), /tls_/);
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
});

test(
  "what cannot change is named, and a file that is not there",
  { skip },
  async (t) => {
    const { server } = makeCertificates(t);
    const midge = await startReloadable(t, tls(server));
    const refused: readonly (readonly [string, RegExp])[] = [
      [
        `${tls(server)}\nallow_non_tls: true`,
        /^config reload not supported for AllowNonTLS: old=false, new=true$/,
      ],
      [
        tls(server, ", verify_and_map: true"),
        /^config reload not supported for TLSMap: old=false, new=true$/,
      ],
      [
        tls(server, ", connection_rate_limit: 5"),
        /^config reload not supported for TLSRateLimit: old=0, new=5$/,
      ],
      [
        tls({ ...server, keyFile: "/nope" }),
        /open \/nope: no such file or directory/,
      ],
    ];
    for (const [text, message] of refused) {
      await assert.rejects(midge.reload(text), { message });
    }
    const before = midge.told.length;
    await midge.reload(tls(server, ", handshake_first: auto"));
    const told = midge.told.slice(before);
    assert.ok(told.includes("Reloaded: Client TLS handshake first: true"));
    assert.ok(told.includes(
      "Reloaded: Client TLS handshake first fallback delay: 50ms",
    ));
    assert.ok(!told.includes("Reloaded: tls = enabled"));
  },
);

test("a client whose key is not pinned any more goes", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const { server, client, authority } = certificates;
  const [own, other] = [client, server].map(pinOf);
  const withPins = (...pins: (string | undefined)[]): string =>
    tls(
      server,
      `, verify: true, ca_file: "${authority.certFile}", pinned_certs: [${
        pins.map((pin) => `"${pin}"`)
      }]`,
    );
  const midge = await startReloadable(t, withPins(own));
  const { port } = midge.server.address!;
  const { cert, key } = client;
  const { peer } = await connectTlsPeer(port, certificates, { cert, key });
  t.after(() => peer.close());
  peer.send(CONNECT);
  await peer.expect("PONG\r\n");
  await midge.reload(withPins(own, other));
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
  await midge.reload(withPins(other));
  await peer.expectClosed();
  const [gone] = midge.server.connz({ state: "closed" }).connections;
  assert.equal(gone?.reason, "TLS Handshake Failure");
  for (
    const line of [
      "Reloaded: 2 pinned_certs",
      "Reloaded: 1 pinned_certs",
      "Disconnect 1 clients due to pinned certs reload",
    ]
  ) {
    assert.ok(midge.told.includes(line), line);
  }
});
