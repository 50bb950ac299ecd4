/** `/varz`: fields, units and counters. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { startMonitored } from "./pages.ts";
import { shapeOf } from "./shape.ts";
import { until } from "../support/until.ts";

test("a server without a cluster has nats-server's fields in its order", async (t) => {
  const midge = await startMonitored(t, { serverName: "a" });
  assert.deepEqual(shapeOf(midge.page("varz")), [
    "server_id: string",
    "server_name: string",
    "version: string",
    "proto: number",
    "go: string",
    "host: string",
    "port: number",
    "max_connections: number",
    "ping_interval: number",
    "ping_max: number",
    "http_host: string",
    "http_port: number",
    "http_base_path: string",
    "https_port: number",
    "auth_timeout: number",
    "max_control_line: number",
    "max_payload: number",
    "max_pending: number",
    "cluster: object",
    "gateway: object",
    "leaf: object",
    "mqtt: object",
    "websocket: object",
    "jetstream: object",
    "tls_timeout: number",
    "write_deadline: number",
    "start: time",
    "now: time",
    "uptime: string",
    "mem: number",
    "cores: number",
    "gomaxprocs: number",
    "cpu: number",
    "connections: number",
    "total_connections: number",
    "routes: number",
    "remotes: number",
    "leafnodes: number",
    "in_msgs: number",
    "in_bytes: number",
    "in_client_msgs: number",
    "in_client_bytes: number",
    "out_msgs: number",
    "out_bytes: number",
    "out_client_msgs: number",
    "out_client_bytes: number",
    "slow_consumers: number",
    "stale_connections: number",
    "stalled_clients: number",
    "subscriptions: number",
    "http_req_stats: object",
    "http_req_stats./varz: number",
    "config_load_time: time",
    "config_digest: string",
    "slow_consumer_stats: object",
    "slow_consumer_stats.clients: number",
    "slow_consumer_stats.routes: number",
    "slow_consumer_stats.gateways: number",
    "slow_consumer_stats.leafs: number",
    "stale_connection_stats: object",
    "stale_connection_stats.clients: number",
    "stale_connection_stats.routes: number",
    "stale_connection_stats.gateways: number",
    "stale_connection_stats.leafs: number",
    "disk_io_wait_stats: object",
    "disk_io_wait_stats.waiters: number",
    "disk_io_wait_stats.waits: number",
    "disk_io_wait_stats.wait_time: number",
    "disk_io_wait_stats.max_wait_time: number",
  ]);
});

test("options are shown in nats-server's units", async (t) => {
  const midge = await startMonitored(t, {
    serverName: "a",
    authorization: {
      users: [{ user: "a", password: "b" }],
      timeoutMs: 2500,
    },
    clientAdvertise: "nats.example:4333",
    pingIntervalMs: 120_000,
    writeDeadlineMs: 10_000,
    maxConnections: Infinity,
    maxSubscriptions: 7,
    httpBasePath: "/nats",
    serverTags: ["east", "big"],
  });
  const page = midge.page("nats/varz");
  const told = {
    server_name: "a",
    host: "nats.example",
    port: 4333,
    auth_required: true,
    max_connections: -1,
    max_subscriptions: 7,
    ping_interval: 120_000_000_000,
    http_base_path: "/nats",
    http_port: 8222,
    auth_timeout: 2.5,
    write_deadline: 10_000_000_000,
    cluster: {},
    tags: ["east", "big"],
  };
  for (const [field, value] of Object.entries(told)) {
    assert.deepEqual(page[field], value, field);
  }
});

test("uptime counts from the start, and the figures of the process are plausible", async (t) => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  let cpuSeconds = 5;
  const midge = await startMonitored(t, {}, {
    clock,
    cpuSeconds: () => cpuSeconds,
    memoryUsage: () => 12_345,
    coreCount: () => 3,
    runtimeName: "test 1",
  });
  await clock.advance(93_784_000);
  cpuSeconds += 93_784 * 0.25;
  const page = midge.page("varz");
  assert.equal(page["start"], "2026-01-01T00:00:00Z");
  assert.equal(page["now"], "2026-01-02T02:03:04Z");
  assert.equal(page["uptime"], "1d2h3m4s");
  assert.equal(page["cpu"], 25);
  assert.deepEqual(
    [page["mem"], page["cores"], page["go"]],
    [12_345, 3, "test 1"],
  );
  cpuSeconds += 10;
  assert.equal(midge.page("varz")["cpu"], 25, "no time has passed");
  await clock.advance(20_000);
  assert.equal(midge.page("varz")["cpu"], 50);
});

test("messages and payload bytes are counted, every delivery once", async (t) => {
  const midge = await startMonitored(t);
  const peer = await midge.client();
  await midge.client();
  await midge.say(peer, "SUB a 1\r\nSUB a 2\r\nSUB b 3\r\n");
  await midge.say(peer, "PUB a 3\r\nxyz\r\nPUB c 4\r\nxyzw\r\n");
  const page = midge.page("varz");
  const counters = {
    connections: 2,
    total_connections: 2,
    in_msgs: 2,
    in_bytes: 7,
    in_client_msgs: 2,
    in_client_bytes: 7,
    out_msgs: 2,
    out_bytes: 6,
    out_client_msgs: 2,
    out_client_bytes: 6,
    subscriptions: 3,
  };
  for (const [field, value] of Object.entries(counters)) {
    assert.equal(page[field], value, field);
  }
  await midge.leave(peer);
  const after = midge.page("varz");
  assert.deepEqual(
    [after["connections"], after["total_connections"], after["subscriptions"]],
    [1, 2, 0],
  );
});

test("a member of a cluster shows its cluster, and the traffic over routes", async (t) => {
  const a = await startMonitored(t, { cluster: {} });
  const route = { host: "127.0.0.1", port: a.clusterPort };
  const b = await startMonitored(t, { cluster: { routes: [route] } });
  const subscriber = await a.client();
  await a.say(subscriber, "SUB a 1\r\n");
  await until(
    "the subscription of the other server",
    () => b.page("varz")["subscriptions"] === 1,
  );
  const publisher = await b.client();
  await b.say(publisher, "PUB a 2\r\nhi\r\n");
  await subscriber.expect("hi\r\n");
  const pageB = b.page("varz");
  assert.deepEqual(pageB["cluster"], {
    name: "test",
    addr: "127.0.0.1",
    cluster_port: b.clusterPort,
    auth_timeout: 2,
    urls: [`127.0.0.1:${a.clusterPort}`],
    tls_timeout: 2,
  });
  assert.deepEqual(
    (pageB["connect_urls"] as string[]).toSorted(),
    [a, b].map(({ port }) => `127.0.0.1:${port}`).toSorted(),
  );
  const pageA = a.page("varz");
  for (const page of [pageA, pageB]) {
    assert.deepEqual([page["routes"], page["remotes"]], [1, 1]);
    assert.deepEqual([page["in_msgs"], page["out_msgs"]], [1, 1]);
    assert.deepEqual([page["in_bytes"], page["out_bytes"]], [2, 2]);
  }
  assert.deepEqual(
    [pageA["in_client_msgs"], pageA["out_client_msgs"]],
    [0, 1],
  );
  assert.deepEqual(
    [pageB["in_client_bytes"], pageB["out_client_bytes"]],
    [2, 0],
  );
});

test("the traffic of a route is still counted when the route is closed", async (t) => {
  const a = await startMonitored(t, { cluster: {} });
  const route = { host: "127.0.0.1", port: a.clusterPort };
  const b = await startMonitored(t, { cluster: { routes: [route] } });
  const subscriber = await a.client();
  await a.say(subscriber, "SUB a 1\r\n");
  await until(
    "the subscription of the other server",
    () => b.page("varz")["subscriptions"] === 1,
  );
  await b.say(await b.client(), "PUB a 2\r\nhi\r\n");
  await subscriber.expect("hi\r\n");
  await b.watched.cluster?.stop();
  await until("the end of the route", () => a.page("varz")["routes"] === 0);
  const page = a.page("varz");
  assert.deepEqual([page["in_msgs"], page["in_client_msgs"]], [1, 0]);
});

test("stale clients are counted", async (t) => {
  const clock = new VirtualClock();
  const midge = await startMonitored(t, { pingMax: 1 }, { clock });
  const peer = await midge.client();
  await clock.advanceUntil(
    () => midge.page("varz")["stale_connections"] === 1,
    1_000_000,
  );
  await peer.expectClosed();
  const page = midge.page("varz");
  assert.deepEqual(page["stale_connection_stats"], {
    clients: 1,
    routes: 0,
    gateways: 0,
    leafs: 0,
  });
  assert.equal(
    midge.connz("state=closed").connections[0]?.["reason"],
    "Stale Connection",
  );
});
