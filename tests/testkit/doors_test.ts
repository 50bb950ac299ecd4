/** Nodes of the kit whose clients come by TLS or by WebSocket. */
import assert from "node:assert/strict";
import {
  type ClusterSetup,
  connect,
  InvalidArgumentError,
  type RunningCluster,
  startCluster,
  withServer,
} from "../../mod.ts";
import { rejection } from "../support/rejection.ts";
import { test, type TestContext } from "../support/test.ts";

async function clusterOf(
  t: TestContext,
  setup: ClusterSetup,
): Promise<RunningCluster> {
  const cluster = await startCluster({ size: 2, ...setup });
  t.after(() => cluster.stop());
  return cluster;
}

/** A client at `url` answers one elsewhere, and goes on when its node is dead. */
async function servesAndMoves(
  cluster: RunningCluster,
  url: string,
): Promise<void> {
  const service = await cluster.connect({ servers: url });
  service.subscribe("ask", {
    callback: (_error, message) => void message.respond("yes"),
  });
  await cluster.settled();
  const asking = await cluster.connect({ node: 1 });
  assert.equal((await asking.request("ask")).string(), "yes");
  await cluster.kill(0);
  await cluster.settled();
  assert.equal((await asking.request("ask")).string(), "yes");
  await cluster.restart(0);
  await cluster.settled();
  assert.equal((await asking.request("ask")).string(), "yes");
}

const MEMORY: ClusterSetup = {
  network: "memory",
  clock: "virtual",
  seed: 7,
};

for (const [where, setup] of [["sockets", {}], ["memory", MEMORY]] as const) {
  test(`each node has a port for WebSockets, on ${where}`, async (t) => {
    const cluster = await clusterOf(t, { ...setup, websocket: true });
    const { websocketUrls, nodes, urls } = cluster;
    assert.equal(websocketUrls.length, 2);
    assert.deepEqual(
      nodes.map(({ websocketUrl }) => websocketUrl),
      websocketUrls,
    );
    assert.ok(websocketUrls.every((url) => url.startsWith("ws://")));
    assert.ok(urls.every((url) => url.startsWith("nats://")));
    await servesAndMoves(cluster, websocketUrls[0]!);
    assert.deepEqual(cluster.websocketUrls, websocketUrls);
  });
}

test("without it there is none, and a node may have one of its own", async (t) => {
  const cluster = await clusterOf(t, {
    node: (index) =>
      index === 0 ? {} : { websocket: { no_tls: true, compression: true } },
  });
  assert.equal(cluster.tls, undefined);
  assert.equal(cluster.nodes[0]!.websocketUrl, undefined);
  const [url, ...others] = cluster.websocketUrls;
  assert.deepEqual(others, []);
  const client = await cluster.connect({ servers: url! });
  await client.flush();
});

test("clients of a cluster with TLS trust its authority, and nobody else does", async (t) => {
  const cluster = await clusterOf(t, { tls: true });
  const { ca } = cluster.tls!;
  const { urls: servers } = cluster;
  const other = await connect({ servers, tls: { ca } });
  t.after(() => other.close());
  assert.equal(other.info?.tls_required, true);
  for (const tls of [{}, { ca, serverName: "other.test" }]) {
    assert.match(
      String(await rejection(connect({ servers, tls, reconnect: false }))),
      /TLS/,
    );
  }
  await servesAndMoves(cluster, servers[0]!);
});

test("nodes of a cluster with TLS talk over it, those that come later too", async (t) => {
  const cluster = await clusterOf(t, { tls: true });
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  await cluster.meshed();
  for (const { cluster: node } of cluster.servers) {
    const routes = [...node!.routes.values()];
    assert.equal(routes.length, 1);
    for (const { connection: { socket } } of routes) {
      assert.match(socket.tls!.version, /^1\.[23]$/);
      // Both ends show certificates.
      assert.equal(socket.tls!.peerCertificates!.length, 1);
    }
  }
});

test("WebSockets of a cluster with TLS have it, too", async (t) => {
  const cluster = await clusterOf(t, { tls: true, websocket: true });
  const { websocketUrls: urls } = cluster;
  assert.ok(urls.every((url) => url.startsWith("wss://")));
  await servesAndMoves(cluster, urls[0]!);
});

test("a node's own settings of TLS count, and clients have a certificate", async (t) => {
  const cluster = await clusterOf(t, {
    size: 1,
    tls: true,
    node: () => ({ tls: { verify: true, timeout: 5 } }),
  });
  const client = await cluster.connect({ tls: cluster.tls! });
  await client.flush();
  const stranger = cluster.connect({ reconnect: false });
  assert.match(String(await rejection(stranger)), /Cannot connect|closed|TLS/);
});

test(
  "a server under test has TLS by one word",
  withServer({ tls: true, websocket: true }, async (server, scene) => {
    const inside = await scene.connect();
    await inside.flush();
    assert.equal(inside.info?.tls_required, true);
    const { ca } = scene.tls!;
    for (const servers of [server.url, server.websocketUrl!]) {
      const client = await connect({ servers, tls: { ca } });
      await client.flush();
      await client.close();
    }
  }),
);

test("a setup that makes no sense says so", async () => {
  const cases: readonly [object, RegExp][] = [
    [{ tls: true, network: "memory" }, /"tls" needs network: "sockets"/],
    [{ tls: {} }, /"tls" is true or false/],
    [{ websocket: 1 }, /"websocket" is true or false/],
    [{ node: {} }, /"node" is a function/],
    [{ log: {} }, /"log" is a function/],
    [{ name: 1 }, /"name" is a string/],
  ];
  for (const [setup, text] of cases) {
    const error = await rejection(startCluster(setup));
    assert.ok(error instanceof InvalidArgumentError);
    assert.match(error.message, text);
  }
});
