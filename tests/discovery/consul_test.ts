/** Discovery at Consul: the suite, blocking queries that misbehave, and announcements. */
import assert from "node:assert/strict";
import {
  consul,
  CONSUL_SILENCE_MS,
} from "../../src/discovery/providers/consul.ts";
import type { ConsulOptions } from "../../src/discovery/sources/consul_service.ts";
import type {
  Discovery,
  DiscoveryError,
} from "../../src/discovery/discovery.ts";
import { consulRegistrar } from "../../src/discovery/announcing/consul_registrar.ts";
import type { Registration } from "../../src/discovery/registrar.ts";
import { nodeOf, type NodeRecord } from "../../src/discovery/node_record.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  type FakeConsul,
  type Instance,
  startFakeConsul,
} from "../support/fake_consul.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  ask,
  describeDiscovery,
  startWatch,
  testNode,
  urlsOf,
} from "./suite.ts";

const TOKEN = "b1gs08cr8-t0ken";
const TTL_MS = 15_000;
const NODE = testNode(1);

describeDiscovery("consul", { whenEmpty: "empty" }, async (t) => {
  const server = await startFakeConsul(t);
  server.requireToken(TOKEN);
  return {
    secret: TOKEN,
    provider: (wanted) =>
      consul(optionsFor(server, { token: TOKEN }), platform, wanted),
    put: (nodes) => server.replace(nodes.map(instanceOf)),
    putRaw: (items) => server.replace([], items.map(rawRow)),
    cut: () => server.cut(),
    mend: () => server.open(),
    stall: () => server.stall(),
    speak: (text) => server.speak(text),
  };
});

test("consul takes the machine's address when an instance has none", async (t) => {
  const server = await startFakeConsul(t);
  server.replace([
    { ID: "a", Name: "nats", Port: 4222 },
    { ID: "b", Name: "nats", Address: "::1", Port: 5222 },
    { ID: "c", Name: "nats" },
    { ID: "d", Name: "other", Address: "127.0.0.1", Port: 6222 },
  ]);
  const { endpoints } = await ask(providerAt(server));
  assert.deepEqual(endpoints.map(({ url }) => url), [
    "nats://127.0.0.9:4222",
    "nats://[::1]:5222",
  ]);
});

test("consul asks for a tag and a data centre, and names them", async (t) => {
  const server = await startFakeConsul(t);
  server.replace([
    { ...instanceOf(testNode(1)), Tags: ["blue"] },
    { ...instanceOf(testNode(2)), Tags: ["green"] },
  ]);
  const provider = providerAt(server, { tag: "blue", dc: "east" });
  const { endpoints } = await ask(provider);
  assert.deepEqual(urlsOf(endpoints), testNode(1).urls);
  assert.match(provider.name, /\/nats\?dc=east&tag=blue$/);
  const nowhere = providerAt(server, { dc: "nowhere" });
  await assert.rejects(ask(nowhere), /status 500$/);
});

test("consul says that a token is refused", async (t) => {
  const server = await startFakeConsul(t);
  server.requireToken(TOKEN);
  await assert.rejects(ask(providerAt(server)), /status 403$/);
});

test("a consul watch starts over when the index goes backwards", async (t) => {
  const server = await startFakeConsul(t);
  server.replace([instanceOf(testNode(1))]);
  const watcher = startWatch(t, providerAt(server));
  await watcher.sees(testNode(1).urls);
  const next = watcher.sees(testNode(2).urls);
  await until("the watch waits", () => server.waiting === 1);
  server.jumpBack();
  await until(
    "it waits again",
    () => server.waiting === 1 && server.requests.length === 4,
  );
  server.replace([instanceOf(testNode(2))]);
  await next;
  const asked = server.requests.map((line) => /index=(\d+)/.exec(line)?.[1]);
  assert.deepEqual(asked, [undefined, "11", undefined, "1"]);
});

test("a consul watch makes no loop of answers that come at once", async (t) => {
  const server = await startFakeConsul(t);
  const clock = new VirtualClock();
  server.replace([instanceOf(testNode(1))]);
  const watcher = startWatch(t, providerAt(server, {}, clock));
  await watcher.sees(testNode(1).urls);
  const next = watcher.sees(testNode(2).urls);
  server.hurry();
  const seconds = 10;
  for (let second = 0; second < seconds; second++) {
    await quiet(server);
    await clock.advance(1000);
  }
  await quiet(server);
  const count = server.requests.length;
  assert.ok(count > seconds && count <= seconds + 10, `${count} requests`);
  server.replace([instanceOf(testNode(2))]);
  await clock.advance(1000);
  await next;
});

test("a consul watch tells nothing when nothing has changed", async (t) => {
  const server = await startFakeConsul(t);
  server.replace([instanceOf(testNode(1))]);
  const watcher = startWatch(t, providerAt(server));
  await watcher.sees(testNode(1).urls);
  const next = watcher.next();
  await until("the watch waits", () => server.waiting === 1);
  server.churn();
  await until("it has asked again", () => server.requests.length === 3);
  server.replace([instanceOf(testNode(2))]);
  const { value } = await next;
  assert.deepEqual(urlsOf(value.endpoints), testNode(2).urls);
});

test("a consul watch notices that its connection is half-open", async (t) => {
  const server = await startFakeConsul(t);
  const clock = new VirtualClock();
  const provider = providerAt(server, {}, clock);
  const watcher = startWatch(t, provider);
  await watcher.sees([]);
  const failed = assert.rejects(watcher.next(), {
    message: `"${provider.name}" did not answer in ${CONSUL_SILENCE_MS} ms`,
  });
  await until("the watch waits", () => server.waiting === 1);
  server.stall();
  await clock.advance(CONSUL_SILENCE_MS);
  await failed;
  assert.equal(clock.pendingTimers, 0);
});

test("a consul watch fails where there is no index", async (t) => {
  const server = await startFakeConsul(t);
  server.hideIndex();
  const watcher = startWatch(t, providerAt(server));
  await assert.rejects(watcher.next(), /it gives no index$/);
});

test("a node stands at consul from its announcement to its withdrawal", async (t) => {
  const { server, announce } = await scene(t, { tag: "blue" });
  const node = { ...NODE, monitor: "http://127.0.0.1:8222" };
  const registration = await announce(node);
  const { endpoints } = await ask(providerAt(server, { tag: "blue" }));
  assert.deepEqual(endpoints, [{
    url: "nats://127.0.0.1:4001",
    serverId: "NODE1",
    serverName: "n1",
    cluster: "test",
  }]);
  const { endpoints: routes } = await ask(
    consul(optionsFor(server), platform, "route"),
  );
  assert.deepEqual(urlsOf(routes), NODE.routes);
  assert.deepEqual(server.instance("nats-NODE1"), {
    ID: "nats-NODE1",
    Name: "nats",
    Address: "127.0.0.1",
    Port: 4001,
    Tags: ["blue"],
    Meta: {
      id: "NODE1",
      name: "n1",
      cluster: "test",
      route: "nats-route://127.0.0.1:6001",
      monitor: "http://127.0.0.1:8222",
    },
    Check: {
      TTL: "15000ms",
      Status: "passing",
      DeregisterCriticalServiceAfter: "60000ms",
    },
  });
  await registration.update({ ...node, lameDuck: true });
  const [leaving] = (await ask(providerAt(server))).endpoints;
  assert.equal(leaving?.lameDuck, true);
  await registration.close();
  assert.equal(server.instance("nats-NODE1"), undefined);
});

test("consul keeps what one address cannot say", async (t) => {
  const { server, announce } = await scene(t);
  const many = Array.from(
    { length: 16 },
    (_, at) => `nats-route://${"x".repeat(50)}${at}:6222`,
  );
  await announce({
    ...NODE,
    urls: ["tls://[::1]:4222", "nats://b.example:4222"],
    routes: many,
  });
  const { endpoints } = await ask(providerAt(server));
  assert.deepEqual(endpoints.map(({ url }) => url), [
    "tls://[::1]:4222",
    "nats://b.example:4222",
  ]);
  const routes = await ask(consul(optionsFor(server), platform, "route"));
  assert.ok(routes.endpoints.length >= 6);
  assert.equal(server.instance("nats-NODE1")?.Address, "::1");
});

test("a node is healthy at consul as long as it renews, and forgotten later", async (t) => {
  const { server, clock, nodeClock, announce } = await scene(t);
  await announce();
  for (let passed = 0; passed < 2 * TTL_MS; passed += TTL_MS / 3) {
    const heard = server.requests.length;
    await until("the renewal", async () => {
      await nodeClock.advance(500);
      return server.requests.length > heard;
    });
    await clock.advance(TTL_MS / 3);
    assert.deepEqual(server.healthy, ["nats-NODE1"]);
  }
  // Its clock stands still from now on, as if it had crashed.
  await clock.advance(TTL_MS);
  assert.deepEqual(server.healthy, []);
  assert.deepEqual((await ask(providerAt(server))).endpoints, []);
  await clock.advance(60_000);
  assert.equal(server.instance("nats-NODE1"), undefined);
});

test("a node is announced again at a consul agent that forgot it", async (t) => {
  const { server, nodeClock, announce, errors } = await scene(t);
  await announce();
  server.forget();
  await nodeClock.advance(TTL_MS / 3);
  await until("it is back", () => server.healthy.length === 1);
  assert.deepEqual(errors, []);
});

test("a node that cannot reach its consul agent tries again and tells", async (t) => {
  const { server, nodeClock, announce, errors } = await scene(t);
  await announce();
  await server.cut();
  server.forget();
  await nodeClock.advance(TTL_MS / 3);
  await until("it has failed", () => errors.length > 0);
  assert.match(errors[0]!.message, /connection refused$/);
  await server.open();
  await until("it is back", async () => {
    await nodeClock.advance(1000);
    return server.healthy.length === 1;
  });
});

test("nobody is announced at consul without the right token, or without an id", async (t) => {
  const { server, announce } = await scene(t);
  const nameless = nodeOf({ urls: ["nats://127.0.0.1:4222"] });
  await assert.rejects(announce(nameless), /the node has no id$/);
  server.requireToken(TOKEN);
  await assert.rejects(announce(), /status 403$/);
});

interface Scene {
  readonly server: FakeConsul;
  /** Consul's, and the announcing node's. */
  readonly clock: VirtualClock;
  readonly nodeClock: VirtualClock;
  readonly errors: DiscoveryError[];
  announce(node?: NodeRecord): Promise<Registration>;
}

async function scene(
  t: TestContext,
  options: Partial<ConsulOptions> = {},
): Promise<Scene> {
  const clock = new VirtualClock();
  const nodeClock = new VirtualClock();
  const server = await startFakeConsul(t, clock);
  const errors: DiscoveryError[] = [];
  const registrar = consulRegistrar(optionsFor(server, options), {
    ...platform,
    clock: nodeClock,
  });
  return {
    server,
    clock,
    nodeClock,
    errors,
    async announce(node = NODE): Promise<Registration> {
      const registration = await registrar.register(node, {
        ttlMs: TTL_MS,
        signal: new AbortController().signal,
        onError: (error) => errors.push(error),
      });
      t.after(() => registration.close());
      return registration;
    },
  };
}

function providerAt(
  server: FakeConsul,
  options: Partial<ConsulOptions> = {},
  clock: VirtualClock | undefined = undefined,
): Discovery {
  const machine = { ...platform, ...(clock !== undefined && { clock }) };
  return consul(optionsFor(server, options), machine, "client");
}

function optionsFor(
  { port }: FakeConsul,
  options: Partial<ConsulOptions> = {},
): ConsulOptions {
  return {
    host: "127.0.0.1",
    port,
    tls: false,
    token: "",
    service: "/nats",
    dc: "",
    tag: "",
    ...options,
  };
}

/** An instance as a program registers it that knows nothing of Midge, apart from the routes. */
function instanceOf(node: NodeRecord): Instance {
  const { hostname, port } = new URL(node.urls[0]!);
  return {
    ID: node.id,
    Name: "nats",
    Address: hostname,
    Port: Number(port),
    Meta: { id: node.id, cluster: node.cluster, route: node.routes.join(",") },
  };
}

/** A row of Consul's answer that says what a hostile entry says. */
function rawRow(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item;
  const { urls, ...Meta } = item as Record<string, unknown>;
  const url = Array.isArray(urls) ? urls.join(",") : urls;
  return { Service: { Meta: { ...Meta, url } } };
}

/** Until the provider asks no more, for as long as its clock stands still. */
async function quiet(server: FakeConsul): Promise<void> {
  let before = -1;
  await until("the provider waits", () => {
    const isQuiet = server.requests.length === before;
    before = server.requests.length;
    return isQuiet;
  });
}
