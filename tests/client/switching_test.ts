/** What users do to a connection, and what happens to their machine: other servers, a forced reconnect, a sleep. */
import assert from "node:assert/strict";
import type { Clock } from "../../src/platform/clock.ts";
import { InvalidArgumentError } from "../../src/core/errors.ts";
import {
  ClosedConnectionError,
  DrainingConnectionError,
} from "../../src/client/api/errors.ts";
import type { Status } from "../../src/client/api/status.ts";
import {
  DiscoveryError,
  type Endpoint,
  type ServerCache,
} from "../../src/discovery/discovery.ts";
import { test } from "../support/test.ts";
import { FakeDiscovery } from "./fake_discovery.ts";
import { FakeServer } from "./fake_server.ts";
import { eventsOf, Scene, withoutReasons } from "./scene.ts";
import { rejection } from "../support/rejection.ts";

test("a subscription ends after as many messages as it was told, over two servers", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!]);
  const lasting = client.subscribe("x", { queue: "crew" });
  const gone = client.subscribe("y");
  await scene.settled(client.flush());
  for (const text of ["1", "2"]) a!.client.deliver("x", 1, text);
  for (const text of ["1", "2"]) a!.client.deliver("y", 2, text);
  await scene.settled(client.flush());
  await client.reconnect();
  await scene.until(() => client.getServer() === b!.listen);
  // A server counts from its own SUB on. One that counted too far would go on
  // choosing a member of the group that is not there any more.
  lasting.unsubscribe(5);
  gone.unsubscribe(2);
  await scene.settled(client.flush());
  assert.deepEqual(b!.ops, ["SUB x crew 1", "SUB y 2", "UNSUB 1 3", "UNSUB 2"]);
  for (const text of ["3", "4", "5"]) b!.client.deliver("x", 1, text);
  await scene.settled(client.flush());
  assert.deepEqual([lasting.isClosed(), lasting.getReceived()], [true, 5]);
});

test("a connect that is given up as its socket opens does not go on", async (t) => {
  const scene = new Scene(t);
  const mute = await scene.server({ mute: true });
  const { network } = scene;
  for (let microtasks = 0; microtasks < 16; microtasks++) {
    const giveUp = new AbortController();
    const giveUpLater = async (): Promise<void> => {
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      giveUp.abort(new Error("enough"));
    };
    const connecting = scene.open(
      [mute],
      { signal: giveUp.signal },
      undefined,
      {
        network: {
          listen: (at, options, onSocket) =>
            network.listen(at, options, onSocket),
          lookup: (host) => network.lookup(host),
          dial: async (to, options) => {
            const socket = await network.dial(to, options);
            giveUpLater();
            return socket;
          },
        },
      },
    );
    const startMs = scene.clock.monotonic();
    const error = await scene.failure(connecting);
    assert.equal((error as Error).message, "enough");
    const tookMs = scene.clock.monotonic() - startMs;
    assert.ok(tookMs < 1000, `${microtasks} microtasks: ${tookMs} ms`);
    await scene.until(() => mute.client.isClosed);
  }
});

test("a forced reconnect goes to the next server and keeps subscriptions", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!]);
  client.subscribe("x");
  await scene.settled(client.flush());
  const events = eventsOf(client);
  client.publish("x", "last words");
  await client.reconnect();
  await scene.until(() => client.getServer() === b!.listen);
  await scene.until(() => events.some(({ type }) => type === "resubscribed"));
  const lost = events.find((event) => event.type === "disconnect");
  assert.equal(lost?.reason.message, "A reconnect was asked for");
  assert.deepEqual(withoutReasons(events), [
    { type: "forceReconnect" },
    { type: "disconnect", server: a!.listen },
    { type: "reconnecting" },
    { type: "reconnect", server: b!.listen },
    { type: "resubscribed", server: b!.listen },
  ]);
  assert.equal(a!.ops.at(-1), "PUB x 10\r\nlast words");
  assert.deepEqual(b!.ops, ["SUB x 1"]);
});

test("a forced reconnect where there is nothing to leave", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { maxReconnectAttempts: -1 });
  server.stop();
  await scene.until(() => client.getServer() === "");
  const events = eventsOf(client);
  await client.reconnect();
  assert.deepEqual(events, []);
  await scene.settled(client.close());
  const error = await rejection(client.reconnect());
  assert.ok(error instanceof ClosedConnectionError);
  const draining = await scene.connect([await scene.server()]);
  const drained = draining.drain();
  const refused = await rejection(draining.reconnect());
  assert.ok(refused instanceof DrainingConnectionError);
  await scene.settled(drained);
});

test("without reconnects a forced one is the end", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { reconnect: false });
  await client.reconnect();
  const error = await scene.settled(client.closed());
  assert.match(String(error), /A reconnect was asked for/);
});

test("other servers take effect with the next connect", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!]);
  const events = eventsOf(client);
  client.setServers([b!.listen]);
  await scene.clock.advance(5000);
  assert.equal(client.getServer(), a!.listen);
  await client.reconnect();
  await scene.until(() => client.getServer() === b!.listen);
  assert.deepEqual(events[0], {
    type: "servers",
    added: [b!.listen],
    removed: [a!.listen],
    source: "static",
  });
  assert.deepEqual(client.getServers().map(({ listen }) => listen), [
    b!.listen,
  ]);
  assert.throws(() => client.setServers([]), InvalidArgumentError);
  assert.throws(() => client.setServers("http://x"), InvalidArgumentError);
  client.setServers(client.getServers().map(({ listen }) => listen));
});

test("other servers end the wait for one that is dead", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!], {
    reconnectTimeWait: 60_000,
    maxReconnectAttempts: -1,
  });
  a!.stop();
  await scene.until(() => client.getServer() === "");
  client.setServers(`${b!.listen}, 127.0.0.1:1`);
  await scene.until(() => client.getServer() === b!.listen);
  assert.ok(scene.clock.monotonic() < 10_000);
  assert.ok(scene.dials.every(({ at }) => at < 5000));
});

test("a client tells of the servers that it knows", async (t) => {
  const scene = new Scene(t);
  const info = { server_id: "A", server_name: "node", cluster: "blue" };
  const server = await scene.server({ info });
  const client = await scene.connect(["127.0.0.1:1", server], {
    discovery: [new FakeDiscovery(["10.0.0.1:4222"])],
  });
  await scene.clock.advance(1000);
  const [dead, alive, named] = client.servers();
  assert.match(dead!.lastError ?? "", /connection refused/);
  assert.equal(dead!.attempts, 1);
  const { lastConnect } = alive!;
  assert.ok(lastConnect > 0 && lastConnect <= scene.clock.now());
  assert.deepEqual(alive, {
    url: `nats://${server.listen}`,
    listen: server.listen,
    hostname: "127.0.0.1",
    port: server.port,
    tlsName: "",
    origins: ["static"],
    gossiped: false,
    lameDuck: false,
    attempts: 0,
    everConnected: true,
    lastConnect,
    src: server.listen,
    reconnects: 0,
    didConnect: true,
    serverId: "A",
    serverName: "node",
    cluster: "blue",
  });
  assert.deepEqual(named?.origins, ["provider:fake"]);
  assert.equal(named?.everConnected, false);
  assert.equal(named?.lastConnect, 0);
});

test("an address that does not answer is not waited for alone", async (t) => {
  const names = { node: ["fd00::1", "127.0.0.1", "10.0.0.1"] };
  const scene = new Scene(t, names);
  scene.network.partition("127.0.0.1", "fd00::1");
  const server = await scene.server({ port: 4222 });
  const late = await FakeServer.start(
    scene.network.on("fd00::1"),
    { host: "fd00::1", port: 4222 },
  );
  const client = await scene.connect(["node"]);
  assert.equal(server.connections.length, 1);
  assert.deepEqual(
    scene.dials.map(({ to, at }) => [to, Math.floor(at)]),
    [["fd00::1:4222", 0], ["127.0.0.1:4222", 250]],
  );
  scene.network.heal("127.0.0.1", "fd00::1");
  await scene.clock.advance(1000);
  assert.equal(client.getServer(), "node:4222");
  assert.ok(late.connections.every(({ isClosed }) => isClosed));
});

/** A clock that can be made to have slept. */
class SleepyClock implements Clock {
  readonly #clock: Clock;
  /** What the wall clock and the monotonic one have gained. */
  wallMs = 0;
  monotonicMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.wallMs;
  }

  monotonic(): number {
    return this.#clock.monotonic() + this.monotonicMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.#clock.after(delayMs, run);
  }
}

for (const which of ["wallMs", "monotonicMs"] as const) {
  test(`after a sleep that ${which} shows, the server is pinged at once`, async (t) => {
    const scene = new Scene(t);
    const clock = new SleepyClock(scene.clock);
    const [a, b] = await Promise.all([scene.server(), scene.server()]);
    const provider = new FakeDiscovery();
    const client = await scene.connect([a!, b!], {
      discovery: [provider],
      pingInterval: 86_400_000,
    }, clock);
    const pings = (): number =>
      a!.client.ops.filter((op) => op === "PING").length;
    await scene.clock.advance(30_000);
    assert.equal(pings(), 1, "that of the login");
    clock[which] += 3_600_000;
    await scene.clock.advance(6000);
    assert.equal(pings(), 2);
    assert.equal(client.getServer(), a!.listen, "it has answered");
    provider.asked.length = 0;
    a!.client.answersPings = false;
    clock[which] += 3_600_000;
    await scene.until(() => client.getServer() === b!.listen);
    assert.ok(provider.asked.length > 0);
  });
}

class FakeCache extends FakeDiscovery implements ServerCache {
  readonly stored: (readonly Endpoint[])[] = [];
  isReadOnly = false;

  store(endpoints: readonly Endpoint[]): Promise<void> {
    if (this.isReadOnly) {
      return Promise.reject(new DiscoveryError("It cannot be written"));
    }
    this.stored.push(endpoints);
    return Promise.resolve();
  }
}

test("a cache is written when the pool changes, without credentials", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { server_id: "A" } });
  const cache = new FakeCache(["10.0.0.9:4222"], "cache:///x");
  const client = await scene.connect([`nats://ann:secret@${server.listen}`], {
    discovery: [cache],
    discoveryPolicy: { trustWithPasswords: true },
  });
  server.client.sendInfo({
    connect_urls: [server.listen, "10.0.0.1:4222", "10.0.0.2:4222"],
  });
  await scene.clock.advance(5000);
  assert.ok(cache.stored.length <= 2, "changes come together");
  const urls = cache.stored.at(-1)!.map(({ url }) => url);
  assert.deepEqual(urls, [
    `nats://${server.listen}`,
    "nats://10.0.0.1:4222",
    "nats://10.0.0.2:4222",
  ]);
  assert.doesNotMatch(JSON.stringify(cache.stored), /ann|secret/);
  await scene.clock.advance(600_000);
  assert.ok(cache.stored.length <= 2, "nothing has changed");
  server.client.sendInfo({ connect_urls: [server.listen] });
  await scene.clock.advance(10);
  const written = cache.stored.length;
  await scene.settled(client.close());
  assert.equal(cache.stored.length, written, "what is in grace is remembered");
});

test("what is due is written before the end", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const cache = new FakeCache([], "cache:///x");
  const client = await scene.connect([server], { discovery: [cache] });
  await scene.settled(client.close());
  assert.deepEqual(cache.stored.map((list) => list.length), [1]);
});

test("a cache that cannot be written is told as a status, and does no harm", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const cache = new FakeCache([], "cache:///x");
  cache.isReadOnly = true;
  const events: Status[] = [];
  const client = await scene.connect([server], {
    discovery: [cache],
    onStatus: (event) => events.push(event),
  });
  await scene.clock.advance(2000);
  const [failure] = events.filter((event) =>
    event.type === "discovery" && event.reason === "store"
  );
  assert.ok(failure?.type === "discovery");
  assert.equal(failure.error?.message, "It cannot be written");
  assert.equal(client.getServer(), server.listen);
});

test("a client that starts cold finds what an earlier one has seen", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const cache = new FakeCache([server], "cache:///x");
  const client = await scene.connect(["127.0.0.1:1"], { discovery: [cache] });
  assert.equal(client.getServer(), server.listen);
  assert.deepEqual(client.servers()[1]?.origins, ["cache"]);
});

test("onStatus hears every event, and an error of its own does no harm", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const events: Status[] = [];
  const client = await scene.connect([server], {
    onStatus: (event) => {
      events.push(event);
      throw new Error("mine");
    },
  });
  await scene.settled(client.close());
  assert.deepEqual(events, [{ type: "close" }]);
});
