/** A client that finds the nodes that live, whatever became of those that it knew. */
import assert from "node:assert/strict";
import { InvalidOperationError } from "../../src/core/errors.ts";
import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
} from "../../src/client/api/errors.ts";
import { clientOptions } from "../../src/client/options.ts";
import type { Status } from "../../src/client/api/status.ts";
import { test } from "../support/test.ts";
import { FakeDiscovery, PushingDiscovery } from "./fake_discovery.ts";
import { FakeServer } from "./fake_server.ts";
import { eventsOf, Scene } from "./scene.ts";
import { rejection } from "../support/rejection.ts";

const DEAD = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];

function ofType<Type extends Status["type"]>(
  events: readonly Status[],
  type: Type,
): (Status & { readonly type: Type })[] {
  return events.filter((event) => event.type === type) as (
    & Status
    & { readonly type: Type }
  )[];
}

test("a cold client with three dead seeds reaches the node that is found", async (t) => {
  const scene = new Scene(t);
  const fourth = await scene.server();
  const events: Status[] = [];
  const client = await scene.connect(DEAD, {
    discovery: [new FakeDiscovery([fourth])],
    onStatus: (event) => events.push(event),
  });
  assert.equal(client.getServer(), fourth.listen);
  assert.ok(scene.dials.length <= 4, "within one round");
  assert.ok(scene.clock.monotonic() < 1000);
  assert.deepEqual(ofType(events, "servers"), [{
    type: "servers",
    added: [fourth.listen],
    removed: [],
    source: "provider:fake",
  }]);
  assert.deepEqual(ofType(events, "discovery"), [
    { type: "discovery", provider: "fake", reason: "connect", count: 1 },
  ]);
});

test("without seeds discovery is asked before anything is dialled", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([], {
    discovery: [new FakeDiscovery([server])],
  });
  assert.deepEqual(scene.dials.map(({ to }) => to), [server.listen]);
  assert.deepEqual(client.servers().map(({ origins }) => origins), [
    ["provider:fake"],
  ]);
});

test("the defaults of a client with discovery", () => {
  const discovery = [new FakeDiscovery()];
  const { servers, waitOnFirstConnect } = clientOptions({ discovery });
  assert.deepEqual([servers, waitOnFirstConnect], [[], true]);
  const named = clientOptions({ discovery, servers: "a" });
  assert.deepEqual(named.servers, ["a"]);
  assert.deepEqual(clientOptions({ discovery: [] }).servers, [
    "127.0.0.1:4222",
  ]);
});

test("the first connect waits until a node comes to life", async (t) => {
  const scene = new Scene(t);
  const provider = new FakeDiscovery();
  const events: Status[] = [];
  const connecting = scene.open(DEAD, {
    discovery: [provider],
    maxReconnectAttempts: 2,
    onStatus: (event) => events.push(event),
  });
  await scene.clock.advance(120_000);
  assert.ok(ofType(events, "poolExhausted").length > 3);
  assert.equal(ofType(events, "waitingForDiscovery").length, 1);
  const asked = provider.asked.filter((reason) => reason === "round-failed");
  assert.ok(asked.length >= 15 && asked.length <= 40, `${asked.length} asked`);
  const server = await scene.server();
  provider.names(server);
  const client = await scene.settled(connecting);
  assert.equal(client.getServer(), server.listen);
  await scene.settled(client.close());
});

test("the first connect can have one round only", async (t) => {
  const scene = new Scene(t);
  const provider = new FakeDiscovery(["127.0.0.1:9"]);
  const error = await scene.failure(
    scene.open(DEAD, { discovery: [provider], waitOnFirstConnect: false }),
  );
  assert.ok(error instanceof ConnectionError);
  for (const listen of [...DEAD, "127.0.0.1:9"]) {
    assert.match(error.message, new RegExp(`to ${listen}:`));
  }
  await scene.clock.advance(2000);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("all nodes are replaced twice, and found twice", async (t) => {
  const scene = new Scene(t);
  let nodes = await Promise.all([scene.server(), scene.server()]);
  const provider = new FakeDiscovery(nodes);
  const client = await scene.connect(nodes, { discovery: [provider] });
  for (let generation = 2; generation <= 3; generation++) {
    const old = nodes;
    nodes = await Promise.all([scene.server(), scene.server()]);
    provider.names(...nodes);
    old.forEach((node) => node.stop());
    await scene.until(() => client.getServer() === "");
    await scene.until(() => client.getServer() !== "");
    assert.ok(nodes.some(({ listen }) => listen === client.getServer()));
  }
});

test("a name stays in use when all addresses behind it change, twice", async (t) => {
  const names: Record<string, string[]> = { cluster: ["10.0.0.1"] };
  const scene = new Scene(t, names);
  const start = (machine: string): Promise<FakeServer> =>
    FakeServer.start(scene.network.on(machine), { host: machine, port: 4222 });
  let node = await start("10.0.0.1");
  const client = await scene.connect(["cluster"], {
    discovery: [new FakeDiscovery()],
  });
  for (const machine of ["10.0.0.2", "10.0.0.3"]) {
    names["cluster"] = [machine];
    const next = await start(machine);
    node.stop();
    await scene.until(() => next.connections.length > 0);
    await scene.until(() => client.getServer() === "cluster:4222");
    node = next;
  }
  node.stop();
});

test("a provider that fails changes nothing", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const provider = new FakeDiscovery([b!]);
  const client = await scene.connect([a!], { discovery: [provider] });
  await scene.clock.advance(1000);
  const before = client.servers().map(({ url }) => url);
  assert.equal(before.length, 2);
  const events = eventsOf(client);
  provider.isDown = true;
  await scene.clock.advance(300_000);
  assert.deepEqual(client.servers().map(({ url }) => url), before);
  const failures = ofType(events, "discovery");
  assert.ok(failures.length > 1);
  assert.ok(failures.every(({ error }) => error?.message === "It is down"));
  assert.deepEqual(ofType(events, "disconnect"), []);
  a!.stop();
  await scene.until(() => client.getServer() === b!.listen);
});

test("a provider that is empty for a moment takes nothing away", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const provider = new FakeDiscovery([a!, b!]);
  const client = await scene.connect([], { discovery: [provider] });
  const events = eventsOf(client);
  provider.names();
  await scene.settled(client.rediscover());
  await scene.clock.advance(5000);
  provider.names(a!, b!);
  await scene.settled(client.rediscover());
  assert.equal(client.servers().length, 2);
  assert.deepEqual(ofType(events, "servers"), []);
  assert.deepEqual(ofType(events, "disconnect"), []);
});

test("among many dead servers the living one is found in one round", async (t) => {
  const scene = new Scene(t);
  const [first, live] = await Promise.all([scene.server(), scene.server()]);
  const dead = Array.from({ length: 8 }, (_, i) => `127.0.0.1:${i + 1}`);
  const provider = new FakeDiscovery([...dead, live!]);
  const client = await scene.connect([first!], {
    discovery: [provider],
    noRandomize: false,
  });
  await scene.clock.advance(5000);
  scene.dials.length = 0;
  first!.stop();
  await scene.until(() => client.getServer() === live!.listen);
  const dialled = scene.dials.map(({ to }) => to);
  assert.equal(new Set(dialled).size, dialled.length, "each at most once");
});

test("a dead server is not dialled more often than the options say", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const provider = new FakeDiscovery(DEAD);
  const client = await scene.connect([server], {
    discovery: [provider],
    reconnectTimeWait: 2000,
  });
  server.stop();
  await scene.until(() => client.getServer() === "");
  scene.dials.length = 0;
  await scene.clock.advance(60_000);
  for (const dead of DEAD) {
    const times = scene.dials.filter(({ to }) => to === dead)
      .map(({ at }) => at);
    assert.ok(times.length > 5, `${times.length} dials`);
    const waits = times.slice(1).map((at, i) => at - times[i]!);
    assert.ok(Math.min(...waits) >= 1999, `${waits}`);
  }
});

test("a server that reached its limit is tried from time to time, though no provider names it", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const provider = new FakeDiscovery();
  provider.isDown = true;
  const client = await scene.connect([server], {
    discovery: [provider],
    maxReconnectAttempts: 2,
  });
  server.stop();
  await scene.until(() => client.getServer() === "");
  scene.dials.length = 0;
  await scene.clock.advance(100_000);
  assert.ok(scene.dials.length >= 4 && scene.dials.length <= 6);
  await scene.server({ port: server.port });
  await scene.until(() => client.getServer() === server.listen);
});

test("pushed news end the waiting at once", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const provider = new PushingDiscovery(DEAD);
  const client = await scene.connect([server], {
    discovery: [provider],
    reconnectTimeWait: 3_600_000,
  });
  await scene.clock.advance(5000);
  server.stop();
  await scene.clock.advance(10_000);
  assert.equal(client.getServer(), "");
  const next = await scene.server();
  provider.names(next);
  const pushedAt = scene.clock.monotonic();
  await scene.until(() => client.getServer() === next.listen);
  assert.ok(scene.clock.monotonic() - pushedAt < 100);
});

test("pushed news end an attempt at a server that says nothing", async (t) => {
  const scene = new Scene(t);
  const [server, mute] = await Promise.all([
    scene.server(),
    scene.server({ mute: true }),
  ]);
  const provider = new PushingDiscovery([mute!]);
  const client = await scene.connect([server!], { discovery: [provider] });
  await scene.clock.advance(5000);
  server!.stop();
  await scene.until(() => mute!.connections.length === 1);
  const mutedAt = scene.clock.monotonic();
  const next = await scene.server();
  provider.names(mute!, next);
  await scene.until(() => client.getServer() === next.listen);
  assert.ok(scene.clock.monotonic() - mutedAt < 1500);
});

test("pushed news end an attempt at the only server known", async (t) => {
  const scene = new Scene(t);
  const mute = await scene.server({ mute: true });
  const provider = new PushingDiscovery();
  const connecting = scene.open([mute], { discovery: [provider] });
  await scene.clock.advance(10_000);
  assert.equal(mute.client.isClosed, false);
  const server = await scene.server();
  provider.names(server);
  const client = await scene.settled(connecting);
  assert.equal(client.getServer(), server.listen);
  assert.ok(scene.clock.monotonic() < 10_500);
  await scene.settled(client.close());
});

test("a server that says nothing does not hold up the others", async (t) => {
  const scene = new Scene(t);
  const [mute, live] = await Promise.all([
    scene.server({ mute: true }),
    scene.server(),
  ]);
  const client = await scene.connect([mute!, live!], {
    discovery: [new FakeDiscovery()],
  });
  assert.equal(client.getServer(), live!.listen);
  assert.ok(scene.clock.monotonic() < 4000);
});

test("one slow server gets more time in each round", async (t) => {
  const scene = new Scene(t);
  const slow = await scene.server({ mute: true });
  const connecting = scene.open([DEAD[0]!, slow], {
    discovery: [new FakeDiscovery()],
    maxReconnectAttempts: -1,
  });
  for (let round = 1; round <= 2; round++) {
    await scene.until(() => slow.connections.length === round);
  }
  await scene.clock.advance(4000);
  assert.equal(slow.client.isClosed, false, "it has six seconds now");
  slow.client.sendInfo();
  const client = await scene.settled(connecting);
  assert.equal(client.getServer(), slow.listen);
  await scene.settled(client.close());
});

test("in a herd each client asks its provider at most once a second", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const providers = Array.from({ length: 50 }, () => new FakeDiscovery(DEAD));
  const clients = await scene.settled(Promise.all(
    providers.map((provider) =>
      scene.open([server], { discovery: [provider], reconnectJitter: 100 })
    ),
  ));
  t.after(() => scene.settled(Promise.all(clients.map((one) => one.close()))));
  await scene.clock.advance(1000);
  providers.forEach(({ asked }) => asked.length = 0);
  server.stop();
  await scene.clock.advance(10_000);
  for (const { asked } of providers) {
    assert.ok(asked.length >= 3 && asked.length <= 10, `${asked.length}`);
  }
});

test("a client that is refused does not ask for other servers", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const provider = new FakeDiscovery([server]);
  const client = await scene.connect([server], { discovery: [provider] });
  await scene.clock.advance(2000);
  provider.asked.length = 0;
  server.options = { refusal: "Authorization Violation" };
  server.client.drop();
  await scene.clock.advance(40_000);
  assert.equal(client.isClosed(), false);
  assert.deepEqual(provider.asked, []);
  const refused = server.connections.length;
  assert.ok(refused <= 5, `${refused} connections`);
  server.options = {};
  await scene.until(() => client.getServer() === server.listen);
});

test("the first connect fails when a server refuses us twice and there is no other", async (t) => {
  const scene = new Scene(t);
  const strict = await scene.server({ refusal: "Authorization Violation" });
  const error = await scene.failure(
    scene.open(DEAD, { discovery: [new FakeDiscovery([strict])] }),
  );
  assert.ok(error instanceof AuthorizationError);
  await scene.clock.advance(2000);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("discovery never gives up, unless it is told to", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const discovery = [new FakeDiscovery()];
  const policy = { discoveryPolicy: { giveUpAfterMs: 30_000 } };
  const patient = await scene.connect([server], { discovery });
  const other = await scene.connect([server], { discovery, ...policy });
  server.stop();
  const error = await scene.settled(other.closed());
  assert.match(String(error), /No server was reached within 30000 ms/);
  await scene.clock.advance(3_600_000);
  assert.equal(patient.isClosed(), false);
  const cold = await scene.failure(scene.open(DEAD, { discovery, ...policy }));
  assert.match(String(cold), /No server was reached within 30000 ms/);
});

test("a signal ends the first connect, and later the connection", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const discovery = [new FakeDiscovery()];
  const first = new AbortController();
  const connecting = scene.open(DEAD, { discovery, signal: first.signal });
  await scene.clock.advance(10_000);
  first.abort(new Error("enough"));
  assert.match(String(await scene.failure(connecting)), /enough/);
  const late = await rejection(scene.open([server], { signal: first.signal }));
  assert.match(String(late), /enough/);
  const second = new AbortController();
  const { signal } = second;
  const client = await scene.connect([server], { discovery, signal });
  second.abort(new Error("later"));
  assert.match(String(await scene.settled(client.closed())), /later/);
  await scene.clock.advance(2000);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("closing ends the search, and leaves nothing behind", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], {
    discovery: [new PushingDiscovery(), new FakeDiscovery()],
  });
  server.stop();
  await scene.clock.advance(10_000);
  const flushed = rejection(client.flush());
  await scene.settled(client.close());
  assert.ok(await flushed instanceof ClosedConnectionError);
  assert.ok(await rejection(client.rediscover()) instanceof Error);
  await scene.clock.advance(2000);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("discovery is asked when it is called for", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const provider = new FakeDiscovery();
  const client = await scene.connect([server], { discovery: [provider] });
  await scene.settled(client.rediscover());
  // A minute, 20 % more or less, at a time.
  await scene.clock.advance(200_000);
  assert.deepEqual(
    provider.asked,
    ["connect", "manual", ...Array<string>(4).fill("periodic")].slice(
      0,
      provider.asked.length,
    ),
  );
  const without = await scene.connect([server]);
  const error = await rejection(without.rediscover());
  assert.ok(error instanceof InvalidOperationError);
});

test("discovery is asked when the cluster shrinks to one", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const provider = new FakeDiscovery();
  await scene.connect([a!], { discovery: [provider] });
  a!.client.sendInfo({ connect_urls: [a!.listen, b!.listen] });
  await scene.clock.advance(2000);
  a!.client.sendInfo({ connect_urls: [a!.listen] });
  await scene.until(() => provider.asked.includes("info-shrunk"));
});

test("what the cluster drops is kept for a while, and tried last", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!], {
    discovery: [new FakeDiscovery()],
  });
  a!.client.sendInfo({ connect_urls: [a!.listen, b!.listen] });
  await scene.clock.advance(100);
  a!.client.sendInfo({ connect_urls: [a!.listen] });
  await scene.clock.advance(100);
  const origins = client.servers().map(({ listen, origins }) => [
    listen,
    ...origins,
  ]);
  assert.deepEqual(origins, [
    [a!.listen, "static", "gossip"],
    [b!.listen, "grace"],
  ]);
  await scene.clock.advance(500_000);
  assert.equal(client.servers().length, 2);
  await scene.clock.advance(200_000);
  assert.equal(client.servers().length, 1);
});

test("a lame duck is left for another node, without a gap", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all(
    ["A", "B"].map((id) => scene.server({ info: { server_id: id } })),
  );
  const provider = new FakeDiscovery([
    { url: `nats://${a!.listen}`, serverId: "A" },
    { url: `nats://${b!.listen}`, serverId: "B" },
  ]);
  const client = await scene.connect([a!], { discovery: [provider] });
  await scene.clock.advance(3000);
  const events = eventsOf(client);
  a!.client.sendInfo({ server_id: "A", ldm: true });
  await scene.until(() => client.getServer() === b!.listen);
  const told = events.map(({ type }) => type)
    .filter((type) => type !== "discovery");
  assert.deepEqual(told, ["ldm", "disconnect", "reconnect"]);
  await scene.until(() => a!.client.isClosed);
  const duck = client.servers().find(({ listen }) => listen === a!.listen);
  assert.equal(duck?.lameDuck, true);
});

test("a lame duck is left as soon as another node is found", async (t) => {
  const scene = new Scene(t);
  const a = await scene.server();
  const provider = new PushingDiscovery([a, DEAD[0]!]);
  const client = await scene.connect([a], { discovery: [provider] });
  await scene.clock.advance(3000);
  a.client.sendInfo({ ldm: true });
  await scene.clock.advance(10_000);
  assert.equal(client.getServer(), a.listen, "there is nobody else");
  const b = await scene.server();
  provider.names(a, b);
  await scene.until(() => client.getServer() === b.listen);
});

test("the loss of a lame duck on the way to another node is a loss like others", async (t) => {
  const scene = new Scene(t);
  const [a, mute] = await Promise.all([
    scene.server(),
    scene.server({ mute: true }),
  ]);
  const provider = new FakeDiscovery([mute!]);
  const client = await scene.connect([a!], { discovery: [provider] });
  await scene.clock.advance(3000);
  a!.client.sendInfo({ ldm: true });
  await scene.until(() => mute!.connections.length === 1);
  a!.stop();
  await scene.until(() => client.getServer() === "");
  const b = await scene.server();
  provider.names(b);
  await scene.until(() => client.getServer() === b.listen);
  assert.equal(b.connections.length, 1);
});

test("the node that a client was moving to is tried at once when the lame duck is gone", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([
    scene.server(),
    scene.server({ mute: true }),
  ]);
  const discovery = [new FakeDiscovery([b!])];
  const client = await scene.connect([a!], { discovery });
  await scene.clock.advance(3000);
  a!.client.sendInfo({ ldm: true });
  await scene.until(() => b!.connections.length === 1);
  b!.options = {};
  a!.stop();
  const startMs = scene.clock.monotonic();
  await scene.until(() => client.getServer() === b!.listen);
  const gapMs = scene.clock.monotonic() - startMs;
  assert.ok(gapMs < 500, `${gapMs} ms`); // the wait between attempts is 1000
});

test("lame ducks that a provider knows are chosen last", async (t) => {
  const scene = new Scene(t);
  const [duck, other] = await Promise.all([scene.server(), scene.server()]);
  const provider = new FakeDiscovery([
    { url: `nats://${duck!.listen}`, lameDuck: true },
    { url: `nats://${other!.listen}`, priority: 9 },
  ]);
  const client = await scene.connect([], { discovery: [provider] });
  assert.equal(client.getServer(), other!.listen);
  assert.equal(duck!.connections.length, 0);
});

test("given servers come first and in order, then those that were found", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  await scene.connect(DEAD, { discovery: [new FakeDiscovery([server])] });
  assert.deepEqual(
    scene.dials.map(({ to }) => to),
    [...DEAD, server.listen],
  );
});
