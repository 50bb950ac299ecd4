/**
 * Every status, provoked at the part of the client that notices it: each reaches
 * the readers of `status()` and the option `onStatus` alike, once and in one order.
 */
import assert from "node:assert/strict";
import type { ConnectionOptions } from "../../src/client/api/options.ts";
import type { Status } from "../../src/client/api/status.ts";
import type { NatsConnection } from "../../src/client/connection.ts";
import { STATUSES_MAX, StatusFeed } from "../../src/client/status_feed.ts";
import { test } from "../support/test.ts";
import { FakeDiscovery } from "./fake_discovery.ts";
import type { FakeServer } from "./fake_server.ts";
import { eventsOf, Scene } from "./scene.ts";

interface Act {
  readonly scene: Scene;
  readonly client: NatsConnection;
  readonly server: FakeServer;
  readonly provider: FakeDiscovery;
}

interface Case {
  readonly type: Status["type"];
  /** The part of the client that notices it. */
  readonly noticed: string;
  readonly options?: ConnectionOptions;
  readonly withDiscovery?: boolean;
  readonly provoke: (act: Act) => unknown;
}

const crash = ({ server }: Act): void => server.stop();
const drop = ({ server }: Act): void => server.client.drop();

const CASES: readonly Case[] = [
  { type: "disconnect", noticed: "the link", provoke: drop },
  { type: "reconnecting", noticed: "the link", provoke: drop },
  { type: "reconnect", noticed: "the link", provoke: drop },
  {
    type: "resubscribed",
    noticed: "the link",
    provoke: (act) => {
      act.client.subscribe("a");
      drop(act);
    },
  },
  {
    type: "forceReconnect",
    noticed: "the link",
    provoke: ({ client }) => client.reconnect(),
  },
  {
    type: "close",
    noticed: "the end",
    provoke: ({ client }) => client.close(),
  },
  {
    type: "ping",
    noticed: "the watch over pings",
    options: { pingInterval: 1000 },
    provoke: () => {},
  },
  {
    type: "staleConnection",
    noticed: "the watch over pings",
    options: { pingInterval: 1000 },
    provoke: ({ server }) => server.client.answersPings = false,
  },
  {
    type: "error",
    noticed: "the session",
    provoke: ({ server }) => server.client.send("-ERR 'No idea'\r\n"),
  },
  {
    type: "error",
    noticed: "a callback",
    provoke: ({ client, server }) => {
      client.subscribe("a", {
        callback: () => {
          throw new Error("mine");
        },
      });
      server.client.deliver("a", 1, "x");
    },
  },
  {
    type: "slowConsumer",
    noticed: "a queue of messages",
    provoke: ({ client, server }) => {
      client.subscribe("a", { slow: 1 });
      server.client.deliver("a", 1, "x");
      server.client.deliver("a", 1, "y");
    },
  },
  {
    type: "dropped",
    noticed: "the backlog",
    options: {
      bufferPolicy: "drop-newest",
      maxBufferedBytes: 0,
      maxReconnectAttempts: -1,
    },
    provoke: async (act) => {
      crash(act);
      await act.scene.until(() => act.client.getServer() === "");
      act.client.publish("a");
    },
  },
  {
    type: "update",
    noticed: "the search without discovery",
    provoke: ({ server }) =>
      server.client.sendInfo({ connect_urls: ["10.0.0.1:4222"] }),
  },
  {
    type: "update",
    noticed: "the search with discovery",
    withDiscovery: true,
    provoke: ({ server }) =>
      server.client.sendInfo({ connect_urls: ["10.0.0.1:4222"] }),
  },
  {
    type: "ldm",
    noticed: "the search without discovery",
    provoke: ({ server }) => server.client.sendInfo({ ldm: true }),
  },
  {
    type: "ldm",
    noticed: "the search with discovery",
    withDiscovery: true,
    provoke: ({ server }) => server.client.sendInfo({ ldm: true }),
  },
  {
    type: "servers",
    noticed: "the search without discovery",
    provoke: ({ client }) => client.setServers("10.0.0.1"),
  },
  {
    type: "servers",
    noticed: "the intake",
    withDiscovery: true,
    provoke: ({ client, provider }) => {
      provider.names("10.0.0.1:4222");
      return client.rediscover();
    },
  },
  {
    type: "discovery",
    noticed: "the finder",
    withDiscovery: true,
    provoke: ({ client }) => client.rediscover(),
  },
  {
    type: "serverSkipped",
    noticed: "the intake",
    withDiscovery: true,
    options: { discoveryPolicy: { allow: ["10.0.0.0/8"] } },
    provoke: ({ client, provider }) => {
      provider.names("11.0.0.1:4222");
      return client.rediscover();
    },
  },
  {
    type: "poolExhausted",
    noticed: "the rounds",
    withDiscovery: true,
    provoke: crash,
  },
  {
    type: "waitingForDiscovery",
    noticed: "the rounds",
    withDiscovery: true,
    provoke: crash,
  },
];

for (const { type, noticed, options, withDiscovery, provoke } of CASES) {
  test(`"${type}" reaches readers and the callback from ${noticed}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const provider = new FakeDiscovery();
    const called: Status[] = [];
    const client = await scene.connect([server], {
      ...options,
      ...(withDiscovery === true && { discovery: [provider] }),
      onStatus: (status) => called.push(status),
    });
    await scene.clock.advance(1000);
    called.length = 0;
    const read = eventsOf(client);
    const provoked = provoke({ scene, client, server, provider });
    if (provoked instanceof Promise) await scene.settled(provoked);
    await scene.until(() => read.some((status) => status.type === type));
    assert.deepEqual(read, called.slice(0, read.length));
  });
}

test("every status is provoked here", () => {
  // The keys are all types of statuses, or this does not compile.
  const all: Readonly<Record<Status["type"], true>> = {
    close: true,
    disconnect: true,
    discovery: true,
    dropped: true,
    error: true,
    forceReconnect: true,
    ldm: true,
    missed: true,
    ping: true,
    poolExhausted: true,
    reconnect: true,
    reconnecting: true,
    resubscribed: true,
    serverSkipped: true,
    servers: true,
    slowConsumer: true,
    staleConnection: true,
    update: true,
    waitingForDiscovery: true,
  };
  assert.deepEqual(
    // The last one is a reader's own, and has a test of its own.
    [...new Set(CASES.map(({ type }) => type)), "missed"].sort(),
    Object.keys(all),
  );
});

test("a reader that is slow is told how many events it missed, before the rest", async () => {
  const seen: Status[] = [];
  const feed = new StatusFeed((status) => seen.push(status));
  const tell = (server: string): void =>
    feed.tell({ type: "reconnect", server });
  const [slow, quick] = [feed.read(), feed.read()];
  for (let i = 0; i < STATUSES_MAX + 5; i++) {
    tell(`s${i}`);
    assert.equal((await quick.next()).value?.type, "reconnect");
  }
  const first = await slow.next();
  assert.deepEqual(first.value, { type: "missed", count: 5 });
  const rest: Status[] = [(await slow.next()).value];
  tell("late");
  feed.end();
  for await (const status of slow) rest.push(status);
  assert.deepEqual(rest, seen.slice(5));
  assert.equal(rest.length, STATUSES_MAX + 1);
});

test("a reader that leaves hears of nothing, whatever it has missed", async () => {
  const feed = new StatusFeed();
  const reader = feed.read();
  for (let i = 0; i < STATUSES_MAX + 5; i++) feed.tell({ type: "close" });
  assert.equal((await reader.return!()).done, true);
  assert.equal((await reader.next()).done, true);
});

/** What a server may say that is none, and what is told of it. */
const GARBAGE: Readonly<Record<string, RegExp>> = {
  "HTTP/1.1 400 Bad Request\r\n": /: Unknown Protocol Operation$/,
  "\x16\x03\x01\x02": /: Unknown Protocol Operation$/,
  "MSG a\r\n": /does not speak the NATS protocol: .*MSG/i,
  "MSG a 1 x\r\n": /does not speak the NATS protocol: ./,
  "MSG a 1 1\r\nxyz": /: Unknown Protocol Operation$/,
  "HMSG a 1 5 1\r\n": /does not speak the NATS protocol: ./,
  "INFO nonsense\r\n": /does not speak the NATS protocol: .*INFO/,
  "SUB a 1\r\n": /: Unknown Protocol Operation$/,
  "-ERR 'Slow Consumer'\r\nxyz": /Slow Consumer|Unknown Protocol Operation/,
};

for (const [garbage, reason] of Object.entries(GARBAGE)) {
  test(`the loss is told with its reason when a server says ${JSON.stringify(garbage)}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const client = await scene.connect([server]);
    const events = eventsOf(client);
    server.client.send(garbage);
    await scene.until(() => events.some(({ type }) => type === "reconnect"));
    const lost = events.find(({ type }) => type === "disconnect");
    assert.ok(lost?.type === "disconnect");
    assert.equal(lost.server, server.listen);
    assert.match(lost.reason.message, reason);
    assert.ok(lost.reason.message.includes(server.listen), `${lost.reason}`);
  });
}

test("what ended a connection is the reason that is told: silence, an -ERR, a reset", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { pingInterval: 1000 });
  const events = eventsOf(client);
  const reasons = (): Error[] =>
    events.flatMap((status) =>
      status.type === "disconnect" ? [status.reason] : []
    );
  const returns = (): number =>
    events.filter(({ type }) => type === "reconnect").length;
  server.client.answersPings = false;
  await scene.until(() => returns() === 1);
  server.client.send("-ERR 'Slow Consumer'\r\n");
  server.client.drop();
  await scene.until(() => returns() === 2);
  server.client.drop();
  await scene.until(() => returns() === 3);
  assert.deepEqual(reasons().map(({ name }) => name), [
    "StaleConnectionError",
    "ServerError",
    "ConnectionError",
  ]);
});
