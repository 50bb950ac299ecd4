/** TLS between nodes: who becomes a route, who does not, and what the log says. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import type { ClusterOptions } from "../../src/options/options.ts";
import {
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing,
  pinOf,
} from "../support/certificates.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { until } from "../support/until.ts";

const skip = opensslMissing;

type Changes = Parameters<typeof tlsSettings>[1];

interface NodeChanges {
  readonly tls?: Changes | undefined;
  readonly cluster?: Partial<ClusterOptions>;
}

/** A node of a cluster with TLS; it dials those that are given. */
function startNode(
  t: TestContext,
  certificates: Certificates,
  dialled: readonly TestServer[] = [],
  { tls, cluster }: NodeChanges = {},
): Promise<TestServer> {
  return startMidge(t, {
    cluster: {
      port: 0,
      tls: tlsSettings(certificates, tls),
      routes: dialled.map(({ clusterPort: port }) => ({
        host: "localhost",
        port,
      })),
      ...cluster,
    },
  });
}

function routesOf({ server }: TestServer): number {
  return server.cluster!.routes.size;
}

function logged({ log }: TestServer, pattern: RegExp): Promise<void> {
  return until(
    `a line like ${pattern}`,
    () => log.lines.some((line) => pattern.test(line)),
  );
}

test(
  "nodes with certificates of one authority form a mesh, and messages go over it",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const first = await startNode(t, certificates);
    const second = await startNode(t, certificates, [first]);
    const third = await startNode(t, certificates, [first]);
    const nodes = [first, second, third];
    for (const node of nodes) await node.server.cluster!.routesUp(2);
    for (const { server } of nodes) {
      for (const { connection } of server.cluster!.routes.values()) {
        assert.match(connection.socket.tls!.version, /^1\.[23]$/);
        assert.equal(connection.socket.tls!.peerCertificates!.length, 1);
      }
      const { tls_required, tls_verify, tls_timeout, tls_cert_not_after } =
        server.varz().cluster;
      assert.deepEqual([tls_required, tls_verify, tls_timeout], [
        true,
        true,
        2,
      ]);
      assert.match(tls_cert_not_after!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    const [here, there] = await Promise.all(
      [second, third].map(({ port }) => connectPeer({ port })),
    );
    for (const peer of [here!, there!]) t.after(() => peer.close());
    await here!.handshake();
    await there!.handshake();
    here!.send("SUB a 1\r\nPING\r\n");
    await here!.expect("PONG\r\n");
    await until(
      "interest is known",
      () => third.server.subsz({ subs: true, acc: "$G" }).num_subscriptions > 0,
    );
    there!.send("PUB a 2\r\nhi\r\n");
    assert.match(await here!.expect("hi\r\n"), /MSG a 1 2\r\nhi\r\n/);
  },
);

const STRANGERS: readonly [
  title: string,
  changes: (certificates: Certificates) => NodeChanges,
][] = [
  ["a certificate of an unknown authority", ({ stranger }) => ({
    tls: { shown: stranger, insecure: true },
  })],
  ["no certificate", () => ({ tls: { certificates: [], insecure: true } })],
  ["no TLS", () => ({ cluster: { tls: undefined } })],
];

for (const [title, changes] of STRANGERS) {
  test(`a node with ${title} becomes no route`, { skip }, async (t) => {
    const certificates = makeCertificates(t);
    const first = await startNode(t, certificates);
    const other = await startNode(
      t,
      certificates,
      [first],
      changes(certificates),
    );
    await logged(
      first,
      /^ERR 127\.0\.0\.1:\d+ - TLS route handshake error: \S/,
    );
    const third = await startNode(t, certificates, [first]);
    await third.server.cluster!.routesUp(1);
    await first.server.cluster!.routesUp(1);
    assert.deepEqual([routesOf(first), routesOf(other)], [1, 0]);
  });
}

test(
  "a node that is dialled shows the name of its host, from an authority that is known",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, stranger } = certificates;
    const shown = makeCertificate(authority, "elsewhere", {
      names: "DNS:elsewhere.test",
    });
    const wrongName = await startNode(t, certificates, [], { tls: { shown } });
    const known = await startNode(t, certificates, [wrongName]);
    await logged(
      known,
      /^ERR Error trying to connect to route \(attempt 1\): TLS route handshake error: \S/,
    );
    const unknown = await startNode(t, certificates, [], {
      tls: { shown: stranger },
    });
    const other = await startNode(t, certificates, [unknown]);
    await logged(
      other,
      /^ERR Error trying to connect to route \(attempt 1\): TLS route handshake error: \S/,
    );
    assert.deepEqual([known, other].map(routesOf), [0, 0]);
    const careless = await startNode(t, certificates, [wrongName], {
      tls: { insecure: true },
    });
    await careless.server.cluster!.routesUp(1);
    assert.ok(careless.log.lines.includes(
      "WRN TLS certificate chain and hostname of solicited routes will not be " +
        "verified. DO NOT USE IN PRODUCTION!",
    ));
  },
);

test(
  "a node that is known by its address shows the name of a route, or the address",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const shown = makeCertificate(certificates.authority, "nodes", {
      names: "DNS:localhost",
    });
    const first = await startNode(t, certificates, [], { tls: { shown } });
    const second = await startNode(t, certificates, [first], {
      tls: { shown },
    });
    // Gossip tells of it by its address, which no certificate shows.
    const third = await startNode(t, certificates, [first], { tls: { shown } });
    for (const node of [first, second, third]) {
      await node.server.cluster!.routesUp(2);
    }
  },
);

test(
  "a node that dials with TLS where there is none is told so",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const plain = await startMidge(t, { cluster: { port: 0 } });
    const secure = await startNode(t, certificates, [plain]);
    await logged(
      plain,
      /^ERR 127\.0\.0\.1:\d+ - rid:\d+ - The other node begins with a TLS handshake, and this cluster has no tls$/,
    );
    await logged(
      secure,
      /^ERR Error trying to connect to route \(attempt 1\): TLS route handshake error: /,
    );
    assert.deepEqual([routesOf(plain), routesOf(secure)], [0, 0]);
  },
);

test(
  "a certificate may have to be one of those that are pinned",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { server, client } = certificates;
    const first = await startNode(t, certificates);
    const second = await startNode(t, certificates, [first]);
    await second.server.cluster!.routesUp(1);
    const [route] = second.server.cluster!.routes.values();
    const pinned =
      route!.connection.socket.tls!.peerCertificates![0]!.keySha256;
    const picky = await startNode(t, certificates, [], {
      tls: { pinnedCerts: [pinned] },
    });
    const good = await startNode(t, certificates, [picky], {
      tls: { shown: server },
    });
    await good.server.cluster!.routesUp(1);
    await startNode(t, certificates, [picky], { tls: { shown: client } });
    await logged(
      picky,
      /^DBG \S+ - Failed pinned cert test for key id: [0-9a-f]{64}$/,
    );
    await logged(
      picky,
      /^ERR \S+ - TLS route handshake error: certificate not pinned$/,
    );
    assert.equal(routesOf(picky), 1);
  },
);

test(
  "certificates may say who a node is, in place of a password",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority } = certificates;
    const authorization = {
      users: [],
      user: "node@cluster.test",
      password: "not compared",
      timeoutMs: undefined,
    };
    const hub = await startNode(t, certificates, [], {
      tls: { verifyAndMap: true },
      cluster: { authorization },
    });
    const shown = makeCertificate(authority, "mapped", {
      names: "email:node@cluster.test,DNS:localhost",
    });
    const mapped = await startNode(t, certificates, [hub], { tls: { shown } });
    await mapped.server.cluster!.routesUp(1);
    const other = await startNode(t, certificates, [hub]);
    await logged(
      hub,
      /^DBG \S+ - rid:\d+ - User in cert \["CN=server"\], not found$/,
    );
    await logged(hub, /^ERR \S+ - rid:\d+ - authentication error$/);
    assert.deepEqual([routesOf(hub), routesOf(other)], [1, 0]);
  },
);

test(
  "certificates may have to be for the host of a configured route",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority } = certificates;
    const hub = await startNode(t, certificates, [], {
      tls: { checkKnownUrls: true },
      cluster: { routes: [{ host: "b.nodes.test", port: 1 }] },
    });
    const shown = makeCertificate(authority, "wild", {
      names: "DNS:*.nodes.test,DNS:localhost",
    });
    const known = await startNode(t, certificates, [hub], { tls: { shown } });
    await known.server.cluster!.routesUp(1);
    const outside = makeCertificate(authority, "outside", {
      names: "DNS:*.b.nodes.test,DNS:nodes.test,DNS:localhost",
    });
    const other = await startNode(t, certificates, [hub], {
      tls: { shown: outside },
    });
    await logged(hub, /^ERR \S+ - rid:\d+ - authentication error$/);
    assert.deepEqual([routesOf(hub), routesOf(other)], [1, 0]);
  },
);

test(
  "other certificates hold from the next handshake on, and routes that stand stay",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority } = certificates;
    const hub = await startNode(t, certificates);
    const before = await startNode(t, certificates, [hub]);
    await before.server.cluster!.routesUp(1);
    const renewed = makeCertificate(authority, "renewed", {
      names: "DNS:localhost",
    });
    const { cluster } = hub.server;
    cluster!.reconfigure({
      ...cluster!.options,
      tls: tlsSettings(certificates, { shown: renewed }),
    });
    const after = await startNode(t, certificates, [hub]);
    await after.server.cluster!.routesUp(1);
    const shownTo = ({ server }: TestServer): string => {
      const [route] = server.cluster!.routes.values();
      return route!.connection.socket.tls!.peerCertificates![0]!.keySha256;
    };
    assert.notEqual(shownTo(before), shownTo(after));
    assert.equal(routesOf(before) > 0, true);
  },
);

test(
  "who is in a handshake when other settings come is let go of, to dial again",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const hub = await startNode(t, certificates, [], {
      tls: { timeoutMs: 60_000 },
    });
    const { cluster } = hub.server;
    const change = (pinnedCerts: string[] | undefined): void =>
      cluster!.reconfigure({
        ...cluster!.options,
        tls: tlsSettings(certificates, { timeoutMs: 60_000, pinnedCerts }),
      });
    const socket = connect(hub.clusterPort, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.resume();
    await logged(hub, /Starting TLS route server handshake/);
    change(undefined);
    assert.ok(!hub.log.lines.some((line) => line.includes("handshake error")));
    change([pinOf(certificates.server)]);
    await closed;
    const node = await startNode(t, certificates, [hub]);
    await node.server.cluster!.routesUp(1);
  },
);

test(
  "nodes may begin with TLS, and end it, while they run",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const hub = await startMidge(t, { cluster: { port: 0 } });
    const { clusterPort, server: { cluster } } = hub;
    const change = (tls: ClusterOptions["tls"]): void =>
      cluster!.reconfigure({ ...cluster!.options, tls });
    change(tlsSettings(certificates));
    const secure = await startNode(t, certificates, [hub]);
    await secure.server.cluster!.routesUp(1);
    change(undefined);
    const plain = await startNode(t, certificates, [hub], {
      cluster: { tls: undefined },
    });
    await plain.server.cluster!.routesUp(1);
    assert.equal(hub.server.clusterAddress!.port, clusterPort);
    await cluster!.routesUp(2);
  },
);

test(
  "silence and garbage in place of a handshake end, and nothing is left open",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const node = await startNode(t, certificates, [], {
      tls: { timeoutMs: 200 },
    });
    const sockets: Socket[] = [];
    for (const said of ["", "CONNECT {}\r\n", "\x16\x03\x01\x00\x05abcde"]) {
      const socket = connect(node.clusterPort, "127.0.0.1");
      t.after(() => socket.destroy());
      socket.on("error", () => {});
      socket.write(said, "latin1");
      sockets.push(socket);
    }
    await Promise.all(sockets.map((socket) =>
      new Promise((resolve) => {
        socket.on("close", resolve);
        socket.resume();
      })
    ));
    await until(
      "three lines",
      () =>
        node.log.lines.filter((line) =>
          line.includes("TLS route handshake error: ")
        ).length === 3,
    );
    const second = await startNode(t, certificates, [node]);
    await second.server.cluster!.routesUp(1);
  },
);

test("a node that stops does not wait for handshakes", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const node = await startNode(t, certificates, [], {
    tls: { timeoutMs: 60_000 },
  });
  const socket = connect(node.clusterPort, "127.0.0.1");
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.resume();
  await logged(node, /^DBG \S+ - Starting TLS route server handshake$/);
  await node.server.stop();
  await closed;
});
