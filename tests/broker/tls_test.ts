/**
 * Clients and TLS: what comes in which order, who comes in, what becomes of
 * those who do something else, and that nothing stays open. Texts and orders
 * are nats-server 2.15.3's.
 */
import assert from "node:assert/strict";
import { connect as connectRaw, type Socket } from "node:net";
import type { TlsSettings } from "../../src/options/tls.ts";
import {
  type Certificate,
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing as skip,
  pinOf,
} from "../support/certificates.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import { connectPeer, Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  connectTlsPeer,
  type TlsPeer,
  tlsSettings,
} from "../support/tls_peer.ts";
import { until } from "../support/until.ts";

const CONNECT = 'CONNECT {"protocol":1,"verbose":false}\r\n';
const FAILURE = "TLS Handshake Failure";

interface Scene extends TestServer {
  readonly certificates: Certificates;
  /** A client that speaks TLS. */
  enter(
    options?: Parameters<typeof connectTlsPeer>[2],
  ): Promise<TlsPeer>;
  /** The reasons why clients have gone. */
  reasons(): (string | undefined)[];
}

async function scene(
  t: TestContext,
  tls: (certificates: Certificates) => Partial<TlsSettings> = () => ({}),
  options: TestOptions = {},
): Promise<Scene> {
  const certificates = makeCertificates(t);
  const midge = await startMidge(t, {
    tls: tlsSettings(certificates, tls(certificates)),
    ...options,
  });
  return {
    ...midge,
    certificates,
    async enter(how) {
      const entered = await connectTlsPeer(midge.port, certificates, how);
      t.after(() => entered.peer.close());
      return entered;
    },
    reasons: () =>
      midge.server.connz({ state: "closed" }).connections
        .map(({ reason }) => reason),
  };
}

function infoOf(greeting: string): Record<string, unknown> {
  assert.match(greeting, /^INFO \{.*\} \r\n$/);
  return JSON.parse(greeting.slice(5));
}

/** What INFO says of TLS. */
function tlsIn(greeting: string): unknown {
  const { tls_required, tls_verify, tls_available } = infoOf(greeting);
  return { tls_required, tls_verify, tls_available };
}

const REQUIRED = {
  tls_required: true,
  tls_verify: undefined,
  tls_available: undefined,
};
const AVAILABLE = {
  ...REQUIRED,
  tls_required: undefined,
  tls_available: true,
};

/** Logs in, and hears what it publishes itself. */
async function talks({ peer }: Pick<TlsPeer, "peer">): Promise<string> {
  peer.send(`${CONNECT}SUB x 1\r\nPUB x 2\r\nhi\r\nPING\r\n`);
  const text = await peer.expect("PONG\r\n");
  assert.match(text, /MSG x 1 2\r\nhi\r\nPONG\r\n$/);
  return text;
}

test("INFO comes in clear, and everything else in TLS", { skip }, async (t) => {
  const { enter, server, log } = await scene(t);
  const client = await enter();
  assert.deepEqual(tlsIn(client.greeting), REQUIRED);
  assert.doesNotMatch(await talks(client), /INFO/);
  const [row] = server.connz().connections;
  assert.equal(row?.tls_version, "1.3");
  const cipher = row?.tls_cipher_suite ?? "";
  // Deno's TLS has an order of its own.
  const bits = "Deno" in globalThis ? 256 : 128;
  assert.match(cipher, new RegExp(`^TLS_AES_${bits}_GCM_`));
  for (
    const text of [
      "Starting TLS client connection handshake",
      "TLS handshake complete",
      `TLS version 1.3, cipher suite ${cipher}`,
    ]
  ) {
    const label = `DBG 127.0.0.1:${row?.port} - cid:${row?.cid} - ${text}`;
    assert.ok(log.lines.includes(label), text);
  }
  assert.ok(log.lines.includes("INF TLS required for client connections"));
});

test("a login may take a second more than a handshake", { skip }, async (t) => {
  const { server } = await scene(t, () => ({ timeoutMs: 3000 }));
  assert.equal(server.varz().auth_timeout, 4);
});

test("who must show a certificate is told so", { skip }, async (t) => {
  const { enter, certificates } = await scene(t, () => ({ verify: true }));
  const { cert, key } = certificates.client;
  const client = await enter({ cert, key });
  assert.deepEqual(tlsIn(client.greeting), { ...REQUIRED, tls_verify: true });
  await talks(client);
});

test("who may show a certificate is not told of it", { skip }, async (t) => {
  const { enter, certificates } = await scene(t, () => ({
    verify: "optional",
  }));
  const bare = await enter();
  assert.deepEqual(tlsIn(bare.greeting), REQUIRED);
  await talks(bare);
  const { cert, key } = certificates.client;
  await talks(await enter({ cert, key }));
});

/** What is in the log of clients that did not get in. */
const UNWANTED: readonly {
  readonly title: string;
  readonly verify: TlsSettings["verify"];
  readonly shows?: (certificates: Certificates) => Certificate;
  readonly says: RegExp;
}[] = [
  {
    title: "without a certificate",
    verify: true,
    says:
      /^ERR .*TLS handshake error: tls: client didn't provide a certificate$/,
  },
  {
    title: "with one of an unknown authority",
    verify: true,
    shows: ({ stranger }) => makeCertificate(stranger, "impostor", {}),
    says: /^ERR .*: x509: certificate signed by unknown authority$/,
  },
  {
    title: "with one of an unknown authority, which it need not show",
    verify: "optional",
    shows: ({ stranger }) => makeCertificate(stranger, "impostor", {}),
    says: /^ERR .*: x509: certificate signed by unknown authority$/,
  },
];

for (const { title, verify, shows, says } of UNWANTED) {
  test(`a client ${title} does not come in`, { skip }, async (t) => {
    const { enter, certificates, reasons, log, server } = await scene(
      t,
      () => ({ verify }),
    );
    const own = shows?.(certificates);
    const { peer } = await enter({
      ...own && { cert: own.cert, key: own.key },
    });
    peer.send(`${CONNECT}PING\r\n`);
    assert.equal(await peer.expectClosed(), "");
    await until("the end", () => reasons().length === 1);
    assert.deepEqual(reasons(), [FAILURE]);
    assert.ok(log.lines.some((line) => says.test(line)), log.lines.join("\n"));
    assert.equal(server.connz().num_connections, 0);
    assert.doesNotMatch(log.lines.join("\n"), /PRIVATE KEY/);
  });
}

test("with allow_non_tls a client may do without", { skip }, async (t) => {
  const { enter, port, log } = await scene(t, () => ({}), {
    allowNonTls: true,
  });
  const secure = await enter();
  assert.deepEqual(tlsIn(secure.greeting), AVAILABLE);
  await talks(secure);
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  assert.deepEqual(tlsIn(await peer.expect("\r\n")), AVAILABLE);
  await talks({ peer });
  assert.ok(log.lines.includes("INF TLS available for client connections"));
});

test(
  "with allow_non_tls few bytes are waited for, and then taken",
  { skip },
  async (t) => {
    const { port } = await scene(t, () => ({ timeoutMs: 100 }), {
      allowNonTls: true,
    });
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.expect("\r\n");
    // Too few to tell whether a handshake begins, and no more will come.
    peer.send("PING\n");
    await peer.expect("PONG\r\n");
  },
);

test("with handshake_first nothing is said before", { skip }, async (t) => {
  const { enter, log, server } = await scene(
    t,
    () => ({ handshakeFirst: true }),
  );
  const client = await enter({ first: true });
  const info = await client.peer.expect("\r\n");
  assert.deepEqual(tlsIn(info), REQUIRED);
  await talks(client);
  assert.equal(server.connz().connections[0]!.tls_first, true);
  assert.ok(log.lines.includes(
    'WRN Clients that are not using "TLS Handshake First" option will fail ' +
      "to connect",
  ));
});

test("with a time for handshake_first both come in", { skip }, async (t) => {
  const { enter, server } = await scene(t, () => ({
    handshakeFirst: true,
    fallbackDelayMs: 50,
  }));
  const late = await enter();
  assert.deepEqual(tlsIn(late.greeting), REQUIRED);
  assert.equal(server.connz().connections[0]!.tls_first, undefined);
  assert.doesNotMatch(await talks(late), /INFO/);
});

test("within that time a handshake is waited for", { skip }, async (t) => {
  const { enter } = await scene(t, () => ({
    handshakeFirst: true,
    fallbackDelayMs: 30_000,
  }));
  const first = await enter({ first: true });
  assert.deepEqual(tlsIn(await first.peer.expect("\r\n")), REQUIRED);
  await talks(first);
});

test("allow_non_tls with handshake_first is as without, unless it falls back", {
  skip,
}, async (t) => {
  const strict = await scene(t, () => ({ handshakeFirst: true }), {
    allowNonTls: true,
  });
  const first = await strict.enter({ first: true });
  const both = { ...REQUIRED, tls_available: true };
  assert.deepEqual(tlsIn(await first.peer.expect("\r\n")), both);
  const lenient = await scene(
    t,
    () => ({ handshakeFirst: true, fallbackDelayMs: 20 }),
    { allowNonTls: true },
  );
  const peer = await connectPeer({ port: lenient.port });
  t.after(() => peer.close());
  assert.deepEqual(tlsIn(await peer.expect("\r\n")), AVAILABLE);
  await talks({ peer });
});

const HALF_A_HELLO = Uint8Array.from([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]);

/** What does not become a handshake, and what the log says of it. */
const STRANGERS: readonly {
  readonly title: string;
  readonly does: (raw: Socket) => void;
  readonly says: string;
  readonly level?: "DBG";
}[] = [
  {
    title: "speaks NATS",
    does: (raw) => raw.write(`${CONNECT}PUB x 2\r\nhi\r\nPING\r\n`),
    says: "tls: first record does not look like a TLS handshake",
    level: "DBG",
  },
  {
    title: "speaks HTTP",
    does: (raw) => raw.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    says: "tls: first record does not look like a TLS handshake",
    level: "DBG",
  },
  { title: "hangs up", does: (raw) => raw.end(), says: "EOF" },
  {
    title: "hangs up behind a word",
    does: (raw) => raw.end("PI"),
    says: "unexpected EOF",
  },
  {
    title: "hangs up in the middle",
    does: (raw) => raw.end(HALF_A_HELLO),
    says: "unexpected EOF",
  },
  {
    title: "resets in the middle",
    does: (raw) => raw.write(HALF_A_HELLO, () => raw.resetAndDestroy()),
    says: "read tcp 127.0.0.1:HERE->127.0.0.1:THERE: read: connection reset " +
      "by peer",
  },
];

for (const { title, does, says, level = "ERR" } of STRANGERS) {
  test(
    `one that ${title} is let go of without an answer`,
    { skip },
    async (t) => {
      const { port, reasons, server, log } = await scene(t);
      const raw = connectRaw(port, "127.0.0.1");
      let heard = "";
      raw.on("error", () => {});
      raw.on("data", (chunk) => heard += String(chunk));
      const gone = new Promise((resolve) => raw.once("close", resolve));
      await until("INFO", () => heard.endsWith("\r\n"));
      const { localPort } = raw;
      does(raw);
      await gone;
      await until("the end", () => reasons().length === 1);
      assert.deepEqual(reasons(), [FAILURE]);
      assert.match(heard, /^INFO [^\n]*\n$/);
      assert.equal(server.connz().num_connections, 0);
      const text = says.replace("HERE", `${port}`).replace(
        "THERE",
        `${localPort}`,
      );
      const line = `${level} 127.0.0.1:${localPort} - cid:1 - ` +
        `TLS handshake error: ${text}`;
      assert.ok(log.lines.includes(line), log.lines.join("\n"));
      assert.equal(server.varz().in_msgs, 0);
    },
  );
}

test(
  "one that says nothing is let go of when the time is over",
  { skip },
  async (t) => {
    for (const handshakeFirst of [false, true]) {
      const { port, reasons, log } = await scene(t, () => ({
        timeoutMs: 50,
        handshakeFirst,
      }));
      const peer = await connectPeer({ port });
      t.after(() => peer.close());
      const said = await peer.expectClosed();
      assert.match(said, handshakeFirst ? /^$/ : /^INFO [^\n]*\n$/);
      assert.deepEqual(reasons(), [FAILURE]);
      const text = /^DBG .* - TLS handshake error: read tcp .*: i\/o timeout$/;
      assert.ok(log.lines.some((line) => text.test(line)));
    }
  },
);

test("a version that is too old is named", { skip }, async (t) => {
  const { enter, log, reasons } = await scene(t, () => ({
    minVersion: "TLSv1.3",
  }));
  const { peer } = await enter({ maxVersion: "TLSv1.2" });
  await peer.expectClosed();
  await until("the end", () => reasons().length === 1);
  const text =
    /TLS handshake error: tls: client offered only unsupported versions: \[(?:[0-9a-f]{3,4} ?)+\]$/;
  assert.ok(log.lines.some((line) => text.test(line)), log.lines.join("\n"));
});

test(
  "what is said in clear in front of a handshake is nothing",
  { skip },
  async (t) => {
    const { port, certificates, server, reasons } = await scene(t, () => ({}), {
      allowNonTls: false,
    });
    const { connect } = await import("node:tls");
    const raw = connectRaw(port, "127.0.0.1");
    raw.on("error", () => {});
    const gone = new Promise((resolve) => raw.once("close", resolve));
    // In one piece with the hello, so that both are read at once.
    raw.cork();
    raw.write(`${CONNECT}PUB x 2\r\nhi\r\n`);
    const stream = connect({ socket: raw, ca: certificates.authority.cert });
    stream.on("error", () => {});
    raw.uncork();
    await gone;
    await until("the end", () => reasons().length === 1);
    assert.deepEqual(reasons(), [FAILURE]);
    assert.equal(server.varz().in_msgs, 0);
  },
);

test("what is said in clear behind a hello is nothing", { skip }, async (t) => {
  const { port, server, reasons } = await scene(t);
  const raw = connectRaw(port, "127.0.0.1");
  raw.on("error", () => {});
  raw.resume();
  const gone = new Promise((resolve) => raw.once("close", resolve));
  const hello = await helloOf();
  const plain = new TextEncoder().encode(`${CONNECT}PUB x 2\r\nhi\r\n`);
  raw.write(Uint8Array.from([...hello, ...plain]));
  await gone;
  await until("the end", () => reasons().length === 1);
  assert.deepEqual(reasons(), [FAILURE]);
  assert.equal(server.varz().in_msgs, 0);
});

/** A ClientHello, as a client sends it. */
async function helloOf(): Promise<Uint8Array> {
  const { connect } = await import("node:tls");
  const { createServer } = await import("node:net");
  return await new Promise((resolve) => {
    const server = createServer((raw) => {
      raw.once("data", (chunk) => {
        raw.destroy();
        server.close();
        resolve(new Uint8Array(chunk));
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      connect({ port, host: "127.0.0.1" }).on("error", () => {});
    });
  });
}

test(
  "TLS on a port without it is no operation of the protocol",
  { skip },
  async (t) => {
    const { port } = await startMidge(t);
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.expect("\r\n");
    peer.send(await helloOf());
    await peer.expect("-ERR 'Unknown Protocol Operation'\r\n");
    await peer.expectClosed();
  },
);

test(
  "many at once come in or go, each by itself, and none stays",
  { skip },
  async (t) => {
    const { enter, port, server, reasons, certificates } = await scene(
      t,
      () => ({
        verify: "optional",
      }),
    );
    const { cert, key } = makeCertificate(
      certificates.stranger,
      "impostor",
      {},
    );
    const clients = Promise.all(Array.from({ length: 10 }, async () => {
      const client = await enter();
      await talks(client);
      return client;
    }));
    const others = Promise.all(Array.from({ length: 10 }, async (_, index) => {
      if (index % 2 === 0) {
        const { peer } = await enter({ cert, key });
        return await peer.expectClosed();
      }
      const peer = await connectPeer({ port });
      peer.send("GET / HTTP/1.1\r\n\r\n");
      return await peer.expectClosed();
    }));
    const there = await clients;
    await others;
    await until("the others' end", () => reasons().length === 10);
    assert.equal(server.connz().num_connections, 10);
    await Promise.all(there.map(({ peer }) => peer.close()));
    await until("the end", () => server.connz().num_connections === 0);
    assert.equal(server.broker.clients.sessions.size, 0);
  },
);

test("more handshakes than may begin in a second are refused in clear", {
  skip,
}, async (t) => {
  const { enter, port, log, reasons } = await scene(t, () => ({
    connectionRateLimit: 2,
  }));
  await talks(await enter());
  await talks(await enter());
  const refused = await Promise.all([1, 2, 3].map(async () => {
    const peer = await connectPeer({ port });
    return await peer.expectClosed();
  }));
  // A busy machine may have needed more than a second for all of them.
  const throttled = refused.filter((text) =>
    /^INFO [^\n]*\n-ERR 'Connection throttling is active. Please try again later.'\r\n$/
      .test(text)
  );
  assert.ok(throttled.length > 0, refused.join("\n"));
  const reason = "Maximum Connections Exceeded";
  assert.equal(
    reasons().filter((one) => one === reason).length,
    throttled.length,
  );
  const told = /^WRN Rejected \d connections due to TLS rate limiting$/;
  await until("the log", () => log.lines.some((line) => told.test(line)));
});

test("only those come in whose keys are pinned", { skip }, async (t) => {
  const { enter, certificates, log, reasons } = await scene(
    t,
    ({ client }) => ({ verify: "optional", pinnedCerts: [pinOf(client)] }),
  );
  await talks(await enter(certificates.client));
  for (const own of [certificates.server, undefined]) {
    const { peer } = await enter(own === undefined ? {} : own);
    peer.send(`${CONNECT}PING\r\n`);
    assert.equal(await peer.expectClosed(), "");
  }
  assert.deepEqual(reasons(), [FAILURE, FAILURE]);
  const texts = [
    "ERR TLS handshake error: certificate not pinned",
    `DBG Failed pinned cert test for key id: ${pinOf(certificates.server)}`,
    "DBG Failed pinned cert test as client did not provide a certificate",
  ];
  const shown = log.lines.map((line) =>
    line.replace(/127\S+ - cid:\d+ - /, "")
  );
  for (const text of texts) assert.ok(shown.includes(text), text);
});

test(
  "a full server says so in clear, as one without TLS does",
  { skip },
  async (t) => {
    const { port } = await scene(t, () => ({}), { maxConnections: 0 });
    const peer = await connectPeer({ port });
    const said = await peer.expectClosed();
    assert.match(
      said,
      /^INFO [^\n]*\n-ERR 'maximum connections exceeded'\r\n$/,
    );
  },
);

test(
  "a server that stops lets go of clients in their handshakes",
  { skip },
  async (t) => {
    const { port, server } = await scene(t);
    const peers = await Promise.all([HALF_A_HELLO, new Uint8Array()].map(
      async (bytes) => {
        const peer = await connectPeer({ port });
        await peer.expect("\r\n");
        peer.send(bytes);
        return peer;
      },
    ));
    await server.stop();
    await Promise.all(peers.map((peer) => peer.expectClosed()));
  },
);

test("who is told to leave hears nothing of it in clear before its handshake", {
  skip,
}, async (t) => {
  const { port, certificates, server } = await scene(t, () => ({
    handshakeFirst: true,
  }));
  const raw = connectRaw(port, "127.0.0.1");
  raw.on("error", () => {});
  t.after(() => raw.destroy());
  await until("the client", () => server.broker.clients.sessions.size === 1);
  for (const session of server.broker.clients.sessions.values()) {
    assert.equal(session.pushLeave(), 0);
  }
  const { connect } = await import("node:tls");
  const stream = connect({
    socket: raw,
    servername: "localhost",
    ca: certificates.authority.cert,
  });
  const peer = new Peer(stream);
  t.after(() => peer.close());
  assert.match(await peer.expect("\r\n"), /^INFO \{(?!.*"ldm")/);
  await talks({ peer });
  for (const session of server.broker.clients.sessions.values()) {
    assert.ok(session.pushLeave() > 0);
  }
  await peer.expect('"ldm":true');
});
