/** What a server announces of itself at its registries. */
import assert from "node:assert/strict";
import type { ServerPlatform } from "../../src/app/parts.ts";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import { Simulation } from "../routes/simulation.ts";
import { Directory, makersOf } from "../support/directory.ts";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { test, type TestContext } from "../support/test.ts";
import { ANNOUNCE, ONE, SEED } from "./announcer_scene.ts";

/** What a server with `options` announces, on a machine with these addresses. */
async function announcedBy(
  t: TestContext,
  options: TestOptions,
  addresses: readonly string[] = ["10.1.2.3", "fd00::1"],
): Promise<NodeRecord> {
  const world = new Simulation(t, SEED);
  const directory = new Directory(world.clock);
  const changes: Partial<ServerPlatform> = {
    network: world.network.on(ONE),
    clock: world.clock,
    random: world.random,
    interfaceAddresses: () => [...addresses],
    discovery: makersOf({ one: directory }),
    serveHttp: () =>
      Promise.resolve({
        address: { host: options.http?.host ?? "", port: 8222 },
        close: () => Promise.resolve(),
      }),
  };
  await startMidge(
    t,
    { port: 4222, serverName: "a", discovery: ANNOUNCE, ...options },
    changes,
  );
  await world.clock.advance(0);
  const [node] = directory.nodes;
  assert(node !== undefined);
  return node;
}

test("a server tells its id, its names and its doors", async (t) => {
  const node = await announcedBy(t, {
    host: "127.0.0.1",
    http: { host: "127.0.0.1", port: 8222 },
    httpBasePath: "/base",
    cluster: { host: "127.0.0.1", port: 6222, name: "article" },
  });
  assert.match(node.id, /^N[A-Z2-7]{55}$/);
  assert.deepEqual({ ...node, id: "" }, {
    id: "",
    name: "a",
    cluster: "article",
    urls: ["nats://127.0.0.1:4222"],
    routes: ["nats-route://127.0.0.1:6222"],
    monitor: "http://127.0.0.1:8222/base",
    lameDuck: false,
  });
});

test("a server that listens everywhere tells the addresses of its machine", async (t) => {
  const everywhere = { host: "0.0.0.0", port: 6222 };
  const options = {
    host: "0.0.0.0",
    http: { host: "0.0.0.0", port: 8222 },
    cluster: everywhere,
  };
  const { urls, routes, monitor } = await announcedBy(t, options);
  assert.deepEqual(urls, ["nats://10.1.2.3:4222", "nats://[fd00::1]:4222"]);
  assert.deepEqual(routes, [
    "nats-route://10.1.2.3:6222",
    "nats-route://[fd00::1]:6222",
  ]);
  assert.equal(monitor, "http://10.1.2.3:8222");
  // A machine that is on no network is reached by itself only.
  const alone = await announcedBy(t, options, []);
  assert.deepEqual(alone.urls, ["nats://127.0.0.1:4222"]);
  assert.deepEqual(alone.routes, ["nats-route://127.0.0.1:6222"]);
  assert.equal(alone.monitor, "http://127.0.0.1:8222");
});

test("a server tells the addresses that it is configured to tell", async (t) => {
  const { urls, routes } = await announcedBy(t, {
    host: "0.0.0.0",
    clientAdvertise: "nats.example",
    cluster: { host: "0.0.0.0", port: 6222, advertise: "[fd00::2]:7000" },
  });
  assert.deepEqual(urls, ["nats://nats.example:4222"]);
  assert.deepEqual(routes, ["nats-route://[fd00::2]:7000"]);
});

test("a server keeps to itself what it is told to, and what it has not", async (t) => {
  const hidden = await announcedBy(t, {
    cluster: { port: 6222, noAdvertise: true },
  });
  assert.deepEqual(hidden.urls, []);
  assert.equal(hidden.routes.length, 1);
  const alone = await announcedBy(t, {});
  assert.deepEqual([alone.routes, alone.cluster, alone.monitor], [[], "", ""]);
  assert.equal(alone.urls.length, 1);
  const dialsOut = await announcedBy(t, {
    cluster: { port: undefined, name: "x" },
  });
  assert.deepEqual(dialsOut.routes, []);
  // A name that was made up would keep others away.
  const nameless = await announcedBy(t, { cluster: { port: 6222, name: "" } });
  assert.equal(nameless.cluster, "");
});

test("of very many addresses some are told", async (t) => {
  const many = Array.from({ length: 50 }, (_, index) => `10.1.0.${index}`);
  const { urls } = await announcedBy(t, { host: "0.0.0.0" }, many);
  assert.equal(urls.length, 16);
});
