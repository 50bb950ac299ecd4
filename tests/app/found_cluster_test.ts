/**
 * The article's open problem for nodes, on real sockets: the nodes that
 * everybody was told of are dead, and those that live find each other.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  connectClient,
  interests,
  logged,
  meshed,
  roundTrip,
  routeCount,
} from "../routes/route_peer.ts";
import { startCluster } from "../../cluster.ts";
import { startServer } from "../../server.ts";
import { defaultRegistryOptions } from "../../src/options/options.ts";
import { discoveryAt } from "../support/directory.ts";
import { dnsmasqMissing, startDnsmasq } from "../support/dnsmasq.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { etcdMissing, startEtcd } from "../support/etcd.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { spawnMidge, type TestProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { freePort } from "../support/free_port.ts";

interface Node {
  readonly midge: TestServer;
  readonly client: Peer;
}

/** Starts a node whose seeds are the route ports `seeds`, with a subscriber of "news" on it. */
async function startNode(
  t: TestContext,
  seeds: readonly number[],
  urls: { readonly find?: string; readonly announce?: string },
): Promise<Node> {
  const routes = seeds.map((port) => ({ host: "127.0.0.1", port }));
  const midge = await startMidge(t, {
    discovery: discoveryAt(urls),
    cluster: { routes },
  });
  const client = await connectClient(t, midge);
  client.send("SUB news 1\r\n");
  await roundTrip(client);
  return { midge, client };
}

/** Asserts that what is published on any of the nodes reaches everybody, once. */
async function assertInTouch(nodes: readonly Node[]): Promise<void> {
  await meshed(nodes.map(({ midge }) => midge));
  for (const { midge } of nodes) await interests(midge, nodes.length);
  for (const [index, { client }] of nodes.entries()) {
    const text = `from ${index}`;
    client.send(`PUB news ${text.length}\r\n${text}\r\n`);
    for (const { client: reader } of nodes) {
      await reader.expect(`MSG news 1 ${text.length}\r\n${text}\r\n`);
    }
  }
  for (const { client } of nodes) {
    const more = (await roundTrip(client)).filter((line) => /^MSG/.test(line));
    assert.deepEqual(more, []);
  }
}

/** Nodes whose seeds die, and that are told of `url` and nothing else. */
async function outliveTheSeeds(t: TestContext, url: string): Promise<void> {
  const urls = { find: url, announce: url };
  const seed = await startNode(t, [], urls);
  const seeds = [seed.midge.clusterPort];
  const survivors = [
    await startNode(t, seeds, urls),
    await startNode(t, seeds, urls),
  ];
  await assertInTouch([seed, ...survivors]);
  await seed.midge.server.stop();
  const newcomer = await startNode(t, seeds, urls);
  await assertInTouch([...survivors, newcomer]);
  // The survivors go as well, and another one comes that knows nobody of old.
  for (const { midge } of survivors) await midge.server.stop();
  const last = await startNode(t, seeds, urls);
  await assertInTouch([newcomer, last]);
}

test("a node whose seeds are all dead and the survivors form a mesh, through a folder", async (t) => {
  await outliveTheSeeds(t, `file://${temporaryFolder(t)}/`);
});

test("the same through a registry", async (t) => {
  const port = await startRegistry(t);
  await outliveTheSeeds(t, `registry://127.0.0.1:${port}`);
});

test("the same through etcd", { skip: etcdMissing }, async (t) => {
  const etcd = await startEtcd(t);
  await outliveTheSeeds(t, `etcd://127.0.0.1:${etcd.port}/midge`);
});

test("a cluster in one process announces itself, and a server of a program finds it", async (t) => {
  const folder = `file://${temporaryFolder(t)}/`;
  const cluster = await startCluster({
    size: 2,
    name: "red",
    node: () => ({ discovery: { announce: [folder], ttl: "5s" } }),
  });
  t.after(() => cluster.stop());
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    cluster: { name: "red", host: "127.0.0.1", port: 0 },
    discovery: { find: folder },
  });
  t.after(() => server.stop());
  await server.cluster?.routesUp(2);
  assert.equal(server.cluster?.routes.size, 2);
});

test("all nodes behind one name are found, by a real DNS server", {
  skip: dnsmasqMissing,
}, async (t) => {
  const dns = await startDnsmasq(t);
  const hosts = ["127.0.0.1", "127.0.0.2"];
  const port = await freePort();
  const nodes = [];
  for (const host of hosts) {
    nodes.push(await startMidge(t, { cluster: { host, port } }));
  }
  await dns.serve({ hosts: { "nodes.test": hosts } });
  const find = `dns://nodes.test:${port}?resolver=${dns.resolver}`;
  const seeker = await startMidge(t, {
    discovery: discoveryAt({ find }),
    cluster: {},
  });
  await meshed([...nodes, seeker]);
});

test("a node joins a nats-server that it finds by its monitoring", {
  skip: natsServerMissing,
}, async (t) => {
  const http = await freePort();
  const other = await startNatsServer({
    config: `http: "127.0.0.1:${http}", cluster { name: test }`,
    routes: [],
  });
  t.after(() => other.stop());
  const seeker = await startNode(t, [], {
    find: `monitor://127.0.0.1:${http}`,
  });
  await until("a route", () => routeCount(seeker.midge) === 1);
  const client = await connectClient(t, { port: other.port });
  client.send("SUB answers 1\r\n");
  await roundTrip(client);
  await interests(seeker.midge, 2);
  seeker.client.send("PUB answers 2\r\nhi\r\n");
  await client.expect("MSG answers 1 2\r\nhi\r\n");
  client.send("PUB news 2\r\nho\r\n");
  await seeker.client.expect("MSG news 1 2\r\nho\r\n");
});

test("each node can be the registry of the others", async (t) => {
  const registry = { ...defaultRegistryOptions(), port: await freePort() };
  const url = `registry://127.0.0.1:${registry.port}`;
  const urls = { find: url, announce: url };
  const waiting = await startNode(t, [], urls);
  const midge = await startMidge(t, {
    registry,
    discovery: discoveryAt(urls),
    cluster: {},
  });
  await meshed([waiting.midge, midge]);
});

test("a node finds the living one among the addresses that it was told to ask", async (t) => {
  const dead = await freePort();
  const living = await startNode(t, [], {});
  const find = [dead, living.midge.clusterPort]
    .map((port) => `nats-route://127.0.0.1:${port}`).join(",");
  const seeker = await startNode(t, [], { find });
  await assertInTouch([living, seeker]);
  await logged(seeker.midge, "attempt 2");
});

test("a node that was killed is forgotten, and one that retires is gone at once", async (t) => {
  const port = await startRegistry(t);
  const folder = temporaryFolder(t);
  const file = join(folder, "node.cfg");
  writeFileSync(
    file,
    `discovery { announce: "registry://127.0.0.1:${port}", ttl: "2s" }`,
  );
  const start = (name: string): TestProcess => {
    const node = spawnMidge([
      ..."-a 127.0.0.1 -p -1 -cluster nats://127.0.0.1:-1".split(" "),
      ..."-cluster_name red -routes nats://127.0.0.1:1 -c".split(" "),
      file,
      ...`-discover registry://127.0.0.1:${port} -n ${name}`.split(" "),
    ]);
    t.after(() => node.stop());
    return node;
  };
  const [staying, killed] = [start("staying"), start("killed")];
  await Promise.all([staying, killed].map(async (node) => {
    await node.waitFor("Announced at registry://");
    await node.waitFor("Route connection created");
  }));
  const [, address] = await killed.waitFor(/route connections on (\S+:\d+)/);
  await staying.waitFor(`Found a node on ${address} `);
  killed.kill("SIGKILL");
  await staying.waitFor(`Forgot the node on ${address}, found at registry://`);
  staying.kill("SIGUSR2");
  assert.deepEqual(await staying.exited, { code: 0, signal: null });
  assert.match(
    staying.stderr,
    /Withdrawing from registry:[^]*Entering lame duck mode/,
  );
  const seeker = await startNode(t, [], {
    find: `registry://127.0.0.1:${port}`,
  });
  await logged(seeker.midge, "Found 0 at registry://");
});

async function startRegistry(t: TestContext): Promise<number> {
  const registry = { ...defaultRegistryOptions(), port: 0 };
  const { server } = await startMidge(t, { registry, registryOnly: true });
  assert(server.registryAddress !== undefined);
  return server.registryAddress.port;
}

test("a node that leaves is gone from the folder before its clients hear of it", async (t) => {
  const folder = `file://${temporaryFolder(t)}/`;
  const urls = { find: folder, announce: folder };
  const leaving = await startNode(t, [], urls);
  const staying = await startNode(t, [], urls);
  await assertInTouch([leaving, staying]);
  await logged(staying.midge, "Found a node on");
  leaving.midge.server.enterLameDuck();
  await leaving.client.expect(/"ldm":true/);
  await logged(staying.midge, "Forgot the node on");
  assert.equal(routeCount(staying.midge), 1);
  await leaving.midge.server.stop();
  await until("no route", () => routeCount(staying.midge) === 0);
});

test("no line of a log shows the secrets of registries, in whatever state they are", async (t) => {
  const dead = `127.0.0.1:${await freePort()}`;
  const urls = `etcd://u:hunter2@${dead}/x,registry://hunter2@${dead}`;
  const midge = await startMidge(t, {
    trace: true,
    discovery: discoveryAt({
      announce: urls,
      find: `${urls},http://${dead}/list?token=hunter2,` +
        `nats-route://u:hunter2@${dead}`,
    }),
    cluster: {},
  });
  for (const url of [`etcd://${dead}/x`, `http://${dead}/list`]) {
    await logged(midge, `Error finding nodes at ${url}`);
  }
  await logged(midge, "Error announcing at registry://");
  await logged(midge, "Error trying to connect to route (attempt 1)");
  await midge.server.stop();
  const shown = midge.log.lines.filter((line) => line.includes("hunter2"));
  assert.deepEqual(shown, []);
});

test("a secret that is missing ends the start in one line", async (t) => {
  const program = spawnMidge([
    ..."-a 127.0.0.1 -p -1 -announce".split(" "),
    "registry://127.0.0.1:1?token_env=MIDGE_TEST_NOT_SET",
  ]);
  t.after(() => program.stop());
  const { code } = await program.exited;
  assert.equal(code, 1);
  assert.match(
    program.stderr,
    /\[FTL\] Cannot use "registry:.*" for discovery: the variable of its secret is not set\n$/,
  );
});
