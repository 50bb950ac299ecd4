/** `/discoveryz`: a server and its peers, with their addresses. */
import assert from "node:assert/strict";
import { nodesFrom } from "../../src/discovery/node_record.ts";
import { test } from "../support/test.ts";
import { type Row, startMonitored } from "./pages.ts";
import { shapeOf } from "./shape.ts";
import { until } from "../support/until.ts";

interface Discoveryz extends Row {
  readonly nodes: readonly Row[];
}

const nodesOf = (server: Awaited<ReturnType<typeof startMonitored>>) =>
  server.page<Discoveryz>("discoveryz").nodes;

test("a server without a cluster lists itself", async (t) => {
  const server = await startMonitored(t, { serverName: "alone" });
  const page = server.page<Discoveryz>("discoveryz");
  assert.deepEqual(shapeOf(page), [
    "server_id: string",
    "server_name: string",
    "now: time",
    "nodes: list",
    "nodes[]: object",
    "nodes[].id: string",
    "nodes[].name: string",
    "nodes[].urls: list",
    "nodes[].urls[]: string",
    "nodes[].monitor: string",
  ]);
  assert.deepEqual(page.nodes, [{
    id: server.watched.broker.identity.id,
    name: "alone",
    urls: [`nats://127.0.0.1:${server.port}`],
    monitor: "http://127.0.0.1:8222",
  }]);
});

test("servers of a cluster list each other with their addresses", async (t) => {
  const a = await startMonitored(t, {
    serverName: "a",
    clientAdvertise: "nats.example.com:4999",
    cluster: { advertise: "routes.example.com:6999" },
  });
  const route = { host: "127.0.0.1", port: a.clusterPort };
  const b = await startMonitored(t, {
    serverName: "b",
    cluster: { routes: [route] },
  });
  for (const server of [a, b]) {
    await until("both nodes on the page", () => nodesOf(server).length === 2);
  }
  const [ofA, ofB] = [a, b].map(({ watched }) => watched.broker.identity.id);
  const nodeA = {
    id: ofA,
    name: "a",
    cluster: "test",
    urls: ["nats://nats.example.com:4999"],
    routes: ["nats-route://routes.example.com:6999"],
  };
  const nodeB = {
    id: ofB,
    name: "b",
    cluster: "test",
    urls: [`nats://127.0.0.1:${b.port}`],
    routes: [`nats-route://127.0.0.1:${b.clusterPort}`],
  };
  const monitor = "http://127.0.0.1:8222";
  assert.deepEqual(nodesOf(a), [{ ...nodeA, monitor }, nodeB]);
  assert.deepEqual(nodesOf(b), [{ ...nodeB, monitor }, nodeA]);
  const read = nodesFrom(a.page("discoveryz")) ?? [];
  assert.deepEqual(read.map(({ id }) => id), [ofA, ofB]);
});

test("a server in lame duck mode says so, and its peers stop listing its client addresses", async (t) => {
  const a = await startMonitored(t, { serverName: "a", cluster: {} });
  const route = { host: "127.0.0.1", port: a.clusterPort };
  const b = await startMonitored(t, {
    serverName: "b",
    cluster: { routes: [route] },
  });
  await until("both nodes on the page", () => nodesOf(b).length === 2);
  await a.client();
  void a.watched.broker.enterLameDuck();
  assert.equal(nodesOf(a)[0]!["lameDuck"], true);
  await until(
    "a node without addresses for clients",
    () => nodesOf(b)[1]?.["urls"] === undefined,
  );
});

test("a server with no_advertise lists no client addresses", async (t) => {
  const a = await startMonitored(t, { cluster: { noAdvertise: true } });
  const [own = {}] = nodesOf(a);
  assert.equal(own["urls"], undefined);
  assert.deepEqual(own["routes"], [`nats-route://127.0.0.1:${a.clusterPort}`]);
});

test("a server that listens on all addresses lists those that can be dialled", async (t) => {
  const interfaceAddresses = (): string[] => ["192.0.2.7", "2001:db8::7"];
  const { page, port } = await startMonitored(
    t,
    { host: "0.0.0.0" },
    { interfaceAddresses },
  ).then((server) => ({ page: nodesOf(server), port: server.port }));
  assert.deepEqual(page[0]!["urls"], [
    `nats://192.0.2.7:${port}`,
    `nats://[2001:db8::7]:${port}`,
  ]);
});
