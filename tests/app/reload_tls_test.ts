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
import { startHeldGate } from "../support/held_gate.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { connectTlsPeer } from "../support/tls_peer.ts";
import { until } from "../support/until.ts";
import { startReloadable } from "./reloading.ts";

const UPGRADE = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Version: 13\r\n\r\n";

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

/** How far a handshake has come when the reload is there, in bytes of its hello; all: the server has answered it. */
const PROGRESS = [0, 3, "all"] as const;

for (const door of ["client", "websocket"] as const) {
  test(
    `who is in a handshake with the ${door} port during a reload comes in by what holds then`,
    {
      skip,
    },
    async (t) => {
      const certificates = makeCertificates(t);
      const { server, client, authority } = certificates;
      const renewed = makeCertificate(authority, "renewed", {
        names: "DNS:localhost",
      });
      const verified = (shown: Certificate, pinned: Certificate): string => {
        const block = tls(
          shown,
          `, verify: true, ca_file: "${authority.certFile}", pinned_certs: ["${
            pinOf(pinned)
          }"]`,
        );
        return door === "client"
          ? block
          : `websocket { listen: "127.0.0.1:-1", ${block} }`;
      };
      const midge = await startReloadable(t, verified(server, client));
      const { port } = door === "client"
        ? midge.server.address!
        : midge.server.websocketAddress!;
      /** Stands still in its handshake; `go` gives whom it was shown, or that it was let go of. */
      const begin = async (
        own: Certificate,
        progress: typeof PROGRESS[number],
      ) => {
        const gate = await startHeldGate(t, port);
        const entering = connectTlsPeer(gate.port, certificates, {
          cert: own.cert,
          key: own.key,
          first: door === "websocket",
        });
        const { peer, shown } = await entering;
        t.after(() => peer.close());
        if (progress === "all") {
          await gate.passRecord();
          await until("the server has answered", () => shown() !== undefined);
        } else if (progress > 0) await gate.pass(progress);
        return async (): Promise<string> => {
          gate.open();
          if (door === "client") peer.send(CONNECT);
          else peer.send(UPGRADE);
          await until(
            "it comes in, or goes",
            () =>
              peer.closed ||
              peer.unread.includes(door === "client" ? "PONG" : "101"),
          );
          if (peer.closed) return "gone";
          return new X509Certificate(shown()!).subject;
        };
      };
      const stopped = [];
      for (const progress of PROGRESS) {
        stopped.push({
          progress,
          pinnedLater: await begin(server, progress),
          pinnedNoMore: await begin(client, progress),
        });
      }
      await midge.reload(verified(renewed, server));
      for (const { progress, pinnedLater, pinnedNoMore } of stopped) {
        assert.equal(await pinnedNoMore(), "gone", `${progress}`);
        // What the server has shown by then was shown before.
        const shown = progress === "all" ? "CN=server" : "CN=renewed";
        assert.equal(await pinnedLater(), shown, `${progress}`);
      }
    },
  );
}
