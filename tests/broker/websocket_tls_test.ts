/** WebSockets under TLS: who comes in, who is told that it speaks the wrong thing, and what is shown after a reload. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectRaw } from "node:net";
import {
  connect as connectTls,
  type ConnectionOptions,
  type TLSSocket,
} from "node:tls";
import type { Server } from "../../src/app/server.ts";
import {
  defaultAuthorizationOptions,
  defaultWebSocketOptions,
} from "../../src/options/options.ts";
import type { TlsSettings } from "../../src/options/tls.ts";
import {
  type Certificate,
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing as skip,
  pinOf,
} from "../support/certificates.ts";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { connectPeer, Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { upgraded, type WebSocketPeer } from "./websocket_peer.ts";

async function startSecure(
  t: TestContext,
  certificates: Certificates,
  tls: Partial<TlsSettings> & { readonly shown?: Certificate } = {},
  options: TestOptions = {},
) {
  const midge = await startMidge(t, {
    ...options,
    websocket: {
      ...defaultWebSocketOptions(),
      host: "127.0.0.1",
      tls: tlsSettings(certificates, { verify: false, ...tls }),
    },
  });
  return { ...midge, webPort: midge.server.websocketAddress!.port };
}

/** A reload of `websocket.tls` alone. */
async function reload(
  { broker }: Server,
  tls: TlsSettings,
): Promise<void> {
  const { options } = broker;
  const changed = { ...options, websocket: { ...options.websocket!, tls } };
  await broker.reconfigure(changed, await broker.makeDoors(changed));
}

async function dial(
  t: TestContext,
  port: number,
  certificates: Certificates,
  options: ConnectionOptions = {},
): Promise<{ page: WebSocketPeer; socket: TLSSocket }> {
  const { peer, socket } = await handshake(t, port, certificates, options);
  return { page: await upgraded(peer, port), socket };
}

async function handshake(
  t: TestContext,
  port: number,
  { authority }: Certificates,
  options: ConnectionOptions = {},
): Promise<{ peer: Peer; socket: TLSSocket }> {
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    servername: "localhost",
    ca: authority.cert,
    ...options,
  });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  return { peer: new Peer(socket), socket };
}

test("a client by wss is a client", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const { webPort, server, log } = await startSecure(t, certificates);
  const { page, socket } = await dial(t, webPort, certificates);
  await page.login();
  page.send("SUB x 1\r\nPUB x 2\r\nhi\r\n");
  await page.expect("MSG x 1 2\r\nhi\r\n");
  const [client] = server.connz().connections;
  assert.equal(client!.type, "websocket");
  assert.equal(`TLSv${client!.tls_version}`, socket.getProtocol());
  assert.equal(server.websocketUrl, `wss://127.0.0.1:${webPort}`);
  assert.ok(log.lines.includes(
    `INF Listening for websocket clients on wss://127.0.0.1:${webPort}`,
  ));
  assert.ok(!log.lines.some((line) => line.includes("PRODUCTION")));
});

test(
  "HTTP in clear is told that it should not be, and other words are not answered",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { webPort, log } = await startSecure(t, certificates);
    const plain = await connectPeer({ port: webPort });
    t.after(() => plain.close());
    plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await plain.expectClosed();
    assert.equal(
      plain.unread,
      "HTTP/1.0 400 Bad Request\r\n\r\n" +
        "Client sent an HTTP request to an HTTPS server.\n",
    );
    const nonsense = await connectPeer({ port: webPort });
    t.after(() => nonsense.close());
    nonsense.send("CONNECT {}\r\n");
    await nonsense.expectClosed();
    assert.equal(nonsense.unread, "");
    const errors = log.lines.filter((line) => line.startsWith("ERR"))
      .map((line) => line.replace(/:\d+:/, ":<port>:"));
    const prefix = "ERR websocket: TLS handshake error from 127.0.0.1:<port>:";
    assert.deepEqual(errors, [
      `${prefix} client sent an HTTP request to an HTTPS server`,
      `${prefix} tls: first record does not look like a TLS handshake`,
    ]);
  },
);

test("who says nothing is let go of when the time for the handshake is over", {
  skip,
}, async (t) => {
  const certificates = makeCertificates(t);
  const { webPort } = await startSecure(t, certificates, { timeoutMs: 50 });
  const silent = await connectPeer({ port: webPort });
  t.after(() => silent.close());
  await silent.expectClosed();
  const half = await connectPeer({ port: webPort });
  t.after(() => half.close());
  half.send("\x16\x03\x01\x02\x00\x01");
  await half.expectClosed();
});

test(
  "a certificate says who the client is, where the block maps it",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const alice = makeCertificate(certificates.authority, "alice", {
      names: "email:alice@example.com",
    });
    const { webPort, server } = await startSecure(t, certificates, {
      verify: true,
      verifyAndMap: true,
      authorities: [certificates.authority.cert],
    }, {
      authorization: {
        ...defaultAuthorizationOptions(),
        users: [{ user: "alice@example.com", password: "" }],
      },
    });
    const { page } = await dial(t, webPort, certificates, alice);
    await page.login();
    const [client] = server.connz({ auth: true }).connections;
    assert.equal(client!.authorized_user, "alice@example.com");
  },
);

test(
  "certificates that a reload brings are shown to those who come from then on",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { webPort, server } = await startSecure(t, certificates);
    const first = await dial(t, webPort, certificates);
    await first.page.login();
    const next = makeCertificate(certificates.authority, "next", {
      names: "DNS:localhost",
      subject: "/CN=next",
    });
    await reload(
      server,
      tlsSettings(certificates, { verify: false, shown: next }),
    );
    const second = await dial(t, webPort, certificates);
    assert.equal(second.socket.getPeerCertificate().subject.CN, "next");
    first.page.send("PING\r\n");
    await first.page.expect("PONG\r\n");
  },
);

test("only those come in whose keys are pinned", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const { client, server: stranger } = certificates;
  const { webPort, log } = await startSecure(t, certificates, {
    verify: "optional",
    pinnedCerts: [pinOf(client)],
  });
  const { page } = await dial(t, webPort, certificates, client);
  await page.login();
  for (const own of [stranger, {}]) {
    const { peer } = await handshake(t, webPort, certificates, own);
    assert.equal(await peer.expectClosed(), "");
  }
  const told = log.lines.map((line) => line.replace(/127\S+\d/, "<client>"));
  const error = "ERR websocket: TLS handshake error from <client>: " +
    "certificate not pinned";
  const debug = "DBG <client> - Failed pinned cert test";
  assert.deepEqual(
    told.filter((line) => line === error || line.startsWith(debug)),
    [
      `${debug} for key id: ${pinOf(stranger)}`,
      error,
      `${debug} as client did not provide a certificate`,
      error,
    ],
  );
});

test(
  "a client whose key is not pinned any more goes, before its request as well",
  {
    skip,
  },
  async (t) => {
    const certificates = makeCertificates(t);
    const { client, server: other } = certificates;
    const pins = (...pinnedCerts: string[]): TlsSettings =>
      tlsSettings(certificates, { verify: "optional", pinnedCerts });
    const { webPort, server } = await startSecure(t, certificates, {
      ...pins(pinOf(client)),
    });
    const { page } = await dial(t, webPort, certificates, client);
    await page.login();
    const asking = await handshake(t, webPort, certificates, client);
    asking.peer.send("GET / HTTP/1.1\r\n");
    await reload(server, pins(pinOf(client), pinOf(other)));
    page.send("PING\r\n");
    await page.expect("PONG\r\n");
    await reload(server, pins(pinOf(other)));
    await page.raw.expectClosed();
    await asking.peer.expectClosed();
    const [gone] = server.connz({ state: "closed" }).connections;
    assert.equal(gone?.reason, "TLS Handshake Failure");
  },
);

test("more handshakes than may begin in a second are not begun", {
  skip,
}, async (t) => {
  const certificates = makeCertificates(t);
  const { webPort, log } = await startSecure(t, certificates, {
    connectionRateLimit: 1,
  });
  const { page } = await dial(t, webPort, certificates);
  await page.login();
  // On a busy machine a second may be over between two of them.
  const told = /^WRN Rejected \d+ connections due to TLS rate limiting$/;
  await until("one that is rejected", async () => {
    const socket = connectRaw({ port: webPort, host: "127.0.0.1" });
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    return log.lines.some((line) => told.test(line));
  });
  page.send("PING\r\n");
  await page.expect("PONG\r\n");
});

test("a server that stops leaves no handshake behind", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const { webPort, server } = await startSecure(t, certificates);
  const silent = await connectPeer({ port: webPort });
  t.after(() => silent.close());
  const half = await connectPeer({ port: webPort });
  t.after(() => half.close());
  half.send("\x16\x03");
  // One that comes later is accepted later.
  await dial(t, webPort, certificates);
  await server.stop();
  await silent.expectClosed();
  await half.expectClosed();
});

test(
  "lame duck mode waits for no handshake, no request and no half of a frame",
  {
    skip,
  },
  async (t) => {
    const certificates = makeCertificates(t);
    const { webPort, port, server } = await startSecure(t, certificates, {}, {
      tls: tlsSettings(certificates, { verify: false, timeoutMs: 60_000 }),
      lameDuckGraceMs: 0,
      lameDuckDurationMs: 200,
    });
    const silent = [];
    for (const at of [port, webPort]) {
      for (const said of ["", "\x16\x03\x01"]) {
        const socket = connectRaw(at, "127.0.0.1");
        t.after(() => socket.destroy());
        socket.on("error", () => {});
        socket.resume();
        const closed = new Promise((resolve) => socket.on("close", resolve));
        socket.write(said, "latin1");
        silent.push(closed);
      }
    }
    const asking = await handshake(t, webPort, certificates);
    asking.peer.send("GET / HTTP/1.1\r\nHo");
    const { page } = await dial(t, webPort, certificates);
    await page.login();
    page.raw.send(Uint8Array.of(0x82, 0xff, 0, 0));
    await server.lameDuck();
    await Promise.all(silent);
    await asking.peer.expectClosed();
    await page.raw.expectClosed();
  },
);
