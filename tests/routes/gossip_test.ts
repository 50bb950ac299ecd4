/** How servers hear of each other: the INFO that is passed on, and the dials that come of it. */
import assert from "node:assert/strict";
import { startCluster } from "../../src/faces/cluster.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  clientOf,
  infoText,
  interests,
  join,
  knock,
  listen,
  logged,
  meshed,
  nextInfo,
  roundTrip,
  routeCount,
  routeTo,
  welcome,
} from "./route_peer.ts";
import { until } from "../support/until.ts";

test("the first server hears no gossip", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { lines } = await join(t, midge, { info: { port: 6222 } });
  assert.deepEqual(lines, []);
});

test("servers that are here are told of a new one, and the new one of none", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const one = await join(t, midge, { id: "ONE", info: { port: 1111 } });
  const two = await join(t, midge, { id: "TWO", info: { port: 2222 } });
  assert.deepEqual(two.lines, []);
  const three = await join(t, midge, {
    id: "THREE",
    info: { port: 3333, nonce: "abc", connect_urls: ["10.1.2.3:4222"] },
  });
  assert.deepEqual(three.lines, []);
  const about = (id: string, port: number): Record<string, unknown> => ({
    server_id: id,
    server_name: id,
    version: "2.9.10",
    proto: 1,
    host: "127.0.0.1",
    port,
    headers: true,
    max_payload: 1_048_576,
    cluster: "test",
    ip: `nats-route://127.0.0.1:${port}/`,
  });
  assert.deepEqual(await nextInfo(one.peer), about("TWO", 2222));
  const aboutThree = {
    ...about("THREE", 3333),
    connect_urls: ["10.1.2.3:4222"],
  };
  assert.deepEqual(await nextInfo(one.peer), aboutThree);
  assert.deepEqual(await nextInfo(two.peer), aboutThree);
});

test("an address that a server advertises is passed on as it is", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const one = await join(t, midge, { id: "ONE" });
  const ip = "nats-route://example.test:7777/";
  await join(t, midge, { id: "TWO", info: { port: 2222, ip } });
  assert.equal((await nextInfo(one.peer))["ip"], ip);
});

test("a server that needs credentials or has a made-up name is shown so", async (t) => {
  const midge = await startMidge(t, { cluster: { name: "" } });
  const cluster = midge.server.cluster!.clusterName;
  const own = { cluster, cluster_dynamic: true };
  const one = await join(t, midge, { id: "ONE", connect: own, info: own });
  const info = { ...own, port: 2222, auth_required: true };
  await join(t, midge, { id: "TWO", connect: own, info });
  const gossip = await nextInfo(one.peer);
  assert.equal(gossip["auth_required"], true);
  assert.equal(gossip["cluster_dynamic"], true);
});

test("a server that cannot be dialled is not told of", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const one = await join(t, midge, { id: "ONE" });
  await join(t, midge, { id: "TWO", info: { port: 0 } });
  assert.deepEqual(await roundTrip(one.peer), []);
});

test("a server that gossip tells of is dialled", async (t) => {
  const listener = await listen(t);
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const ip = `nats-route://127.0.0.1:${listener.port}/`;
  peer.send(infoText({ id: "TWO", info: { ip, port: 1 } }));
  await welcome(listener, { id: "TWO" });
  assert.equal(routeCount(midge), 2);
});

test("gossip leads to no dial of oneself, of known servers, or twice", async (t) => {
  const [known, other] = [await listen(t), await listen(t)];
  const at = (port: number): { ip: string } => ({
    ip: `nats-route://127.0.0.1:${port}/`,
  });
  const routes = [{ host: "127.0.0.1", port: known.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  await welcome(known, { id: "KNOWN" });
  const { peer } = await join(t, midge);
  const own = midge.server.broker.identity.id;
  peer.send(
    infoText({ id: own, info: at(midge.clusterPort) }) +
      infoText({ id: own, info: at(other.port) }) +
      infoText({ id: "KNOWN", info: at(other.port) }) +
      // Not known by its id, but configured.
      infoText({ id: "STRANGER", info: at(known.port) }) +
      infoText({ id: "TWO", info: at(other.port) }) +
      infoText({ id: "TWO", info: at(other.port) }),
  );
  await roundTrip(peer);
  await welcome(other, { id: "TWO" });
  const dials = midge.log.lines.filter((line) =>
    line.includes("Trying to connect to route on")
  );
  assert.equal(dials.length, 2, dials.join("\n"));
});

test("a server that could not be dialled is dialled when gossip tells of it again", async (t) => {
  const listener = await listen(t);
  const { port } = listener;
  await listener.close();
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const gossip = infoText({
    id: "TWO",
    info: { ip: `nats-route://127.0.0.1:${port}/` },
  });
  const failures = (): number =>
    midge.log.lines.filter((line) =>
      line.startsWith("ERR Error trying to connect to route (attempt 1)")
    ).length;
  for (let round = 1; round <= 3; round++) {
    peer.send(gossip);
    await logged(midge, "Error trying to connect");
    await until(`attempt ${round} fails`, () => failures() >= round);
  }
});

test("a server tells its advertised address", async (t) => {
  const advertise = "midge.test:7222";
  const midge = await startMidge(t, { cluster: { advertise } });
  const { info } = await knock(t, midge);
  assert.equal(info.host, "midge.test");
  assert.equal(info.port, 7222);
  assert.equal(info.ip, "nats-route://midge.test:7222/");
});

test("an advertised host without a port has the real port", async (t) => {
  const midge = await startMidge(t, { cluster: { advertise: "midge.test" } });
  const { info } = await knock(t, midge);
  const address = `midge.test:${midge.clusterPort}`;
  assert.equal(info.ip, `nats-route://${address}/`);
  assert.equal(info.port, midge.clusterPort);
});

test("servers find each other by an advertised address", async (t) => {
  const first = await startMidge(t, { cluster: {} });
  const routes = [routeTo(first)];
  const advertised = await startMidge(t, {
    cluster: { advertise: "localhost", routes },
  });
  await meshed([first, advertised]);
  const third = await startMidge(t, { cluster: { routes } });
  await meshed([first, advertised, third]);
});

test("a new server is found by all, and all its clients' interest", async (t) => {
  await using cluster = await startCluster({ size: 1 });
  const { port } = cluster.servers[0]!.clusterAddress!;
  const routes = [`nats-route://127.0.0.1:${port}`];
  for (const node of [1, 2, 3]) {
    await cluster.add({ cluster: { routes } });
    const client = await clientOf(t, cluster, node);
    client.send(`SUB from.${node} 1\r\n`);
    await roundTrip(client);
    await cluster.settled();
  }
  for (const server of cluster.servers) await interests({ server }, 3);
});
