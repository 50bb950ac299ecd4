/**
 * What clients and nodes live through when a registry fails, lies or falls
 * silent: real servers, a real registry, and `connect` as a user calls it.
 */
import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  connect,
  type ConnectOptions,
  type NatsConnection,
  type Status,
} from "../../client.ts";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import {
  announce,
  nodeJson,
  startRegistry,
  type TestRegistry,
} from "../registry/asking.ts";
import { discoveryAt } from "../support/directory.ts";
import { freePort } from "../support/free_port.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { openGate } from "../support/tcp_gate.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

const DEAD = "127.0.0.1:1";

/** A node that announces itself at a registry, and has done so. */
async function startNode(
  t: TestContext,
  { registry, at }: TestRegistry,
  cluster?: string,
): Promise<TestServer> {
  const before = registry.store.size;
  const url = `registry://${at}`;
  const midge = await startMidge(t, {
    discovery: discoveryAt({ announce: url }),
    lameDuckGraceMs: 100,
    lameDuckDurationMs: 200,
    ...(cluster !== undefined && { cluster: { name: cluster } }),
  });
  await until("it is announced", () => registry.store.size > before);
  return midge;
}

interface Watched {
  readonly client: NatsConnection;
  readonly events: readonly Status[];
  /** The events of one type. */
  told<Type extends Status["type"]>(
    type: Type,
  ): (Status & { readonly type: Type })[];
}

async function openClient(
  t: TestContext,
  options: ConnectOptions,
): Promise<Watched> {
  const events: Status[] = [];
  const client = await connect({
    servers: DEAD,
    reconnectTimeWait: 200,
    ...options,
    onStatus: (event) => events.push(event),
  });
  t.after(() => client.close());
  return {
    client,
    events,
    told: (type) => events.filter((event) => event.type === type) as never,
  };
}

function addressOf({ port }: { readonly port: number }): string {
  return `127.0.0.1:${port}`;
}

function poolOf(client: NatsConnection): string[] {
  return client.servers().map(({ listen }) => listen).sort();
}

/** What is sent to itself comes back. */
async function assertWorks(client: NatsConnection): Promise<void> {
  const messages = client.subscribe("echo", { max: 1 });
  client.publish("echo", "hello");
  for await (const message of messages) {
    assert.equal(message.string(), "hello");
  }
}

test("a registry that is down costs a connected client nothing, and its list still serves", async (t) => {
  const registry = await startRegistry(t);
  const first = await startNode(t, registry);
  const { client, told } = await openClient(t, {
    discovery: `registry://${registry.at}`,
  });
  const second = await startNode(t, registry);
  await until("both are known", () => poolOf(client).length === 3);
  const pool = poolOf(client);

  await registry.registry.stop();
  await client.rediscover();
  await until(
    "the failure is told",
    () => told("discovery").some(({ error }) => error !== undefined),
  );
  assert.deepEqual(poolOf(client), pool);
  assert.deepEqual(told("disconnect"), []);
  await assertWorks(client);

  await first.server.stop();
  await until(
    "the client has moved",
    () => client.getServer() === addressOf(second),
  );
  await assertWorks(client);
});

test("a registry that restarts with nothing takes no server and no connection away", async (t) => {
  const port = await freePort();
  const registry = await startRegistry(t, { port });
  const nodes = [await startMidge(t), await startMidge(t)];
  // By hand: they come back when the test says so.
  const announceAll = async (url: string): Promise<void> => {
    for (const [at, { port }] of nodes.entries()) {
      await announce(url, `NODE${at}`, nodeJson(port));
    }
  };
  await announceAll(registry.url);
  const { client, told } = await openClient(t, {
    servers: [],
    discovery: `registry://${registry.at}`,
  });
  const pool = poolOf(client);
  assert.deepEqual(pool, nodes.map(addressOf).sort());
  await registry.registry.stop();
  const again = await startRegistry(t, { port });
  const counts = (): number[] =>
    told("discovery").filter(({ error }) => error === undefined)
      .map(({ count }) => count);
  for (let question = 1; question <= 2; question++) {
    await client.rediscover();
    assert.equal(counts().at(-1), 0, "the client was told of nobody");
  }
  assert.deepEqual(poolOf(client), pool);
  assert.deepEqual(told("servers").flatMap(({ removed }) => removed), []);
  await announceAll(again.url);
  await until("the client hears of them", () => counts().at(-1) === 2);
  assert.deepEqual(poolOf(client), pool);
  assert.deepEqual(told("disconnect"), []);
});

test("among the dead that a registry lists a cold client finds the living node in one round", async (t) => {
  const registry = await startRegistry(t);
  const ports = new Set<number>();
  while (ports.size < 6) ports.add(await freePort());
  for (const port of ports) {
    await announce(registry.url, `DEAD${port}`, nodeJson(port));
  }
  const live = await startNode(t, registry);
  const { client, told } = await openClient(t, {
    servers: [],
    discovery: `registry://${registry.at}`,
  });
  assert.equal(client.getServer(), addressOf(live));
  assert.deepEqual(told("poolExhausted"), []);
  const others = client.servers().filter(({ everConnected }) => !everConnected);
  assert.equal(others.length, 6, JSON.stringify(client.servers()));
  assert.ok(others.every(({ attempts }) => attempts <= 1));
});

test("a watch whose connection hangs keeps nobody from finding the next node", async (t) => {
  const registry = await startRegistry(t);
  const first = await startNode(t, registry);
  const gate = await openGate(t, Number(registry.at.split(":")[1]));
  const { client } = await openClient(t, {
    discovery: `registry://127.0.0.1:${gate.port}`,
  });
  assert.equal(client.getServer(), addressOf(first));
  const asked = gate.connections;
  // Nothing passes on the connections that there are; new ones are served.
  gate.stall();
  await gate.open();
  const second = await startNode(t, registry);
  await first.server.stop();
  await until(
    "the client has moved",
    () => client.getServer() === addressOf(second),
  );
  assert.ok(gate.connections > asked, "by another connection");
});

test("a server that was smuggled into a registry is told no password, and not even dialled", async (t) => {
  const registry = await startRegistry(t);
  let dialled = 0;
  const rogue = createServer((socket) => {
    dialled++;
    socket.destroy();
  });
  await new Promise<void>((done) => rogue.listen(0, "127.0.0.1", done));
  t.after(() => void rogue.close());
  const address = rogue.address();
  assert.ok(typeof address === "object" && address !== null);
  await announce(registry.url, "ROGUE", nodeJson(address.port));
  const users = await startMidge(t, {
    authorization: {
      ...defaultAuthorizationOptions(),
      user: "ann",
      password: "secret",
    },
  });
  const { client, told } = await openClient(t, {
    servers: addressOf(users),
    user: "ann",
    pass: "secret",
    discovery: `registry://${registry.at}`,
  });
  await users.server.stop();
  await until("two rounds failed", () => told("poolExhausted").length >= 2);
  assert.equal(client.getServer(), "");
  assert.deepEqual(told("serverSkipped"), [{
    type: "serverSkipped",
    server: addressOf(address),
    source: `provider:registry://${registry.at}`,
    reason: "password",
  }]);
  assert.equal(dialled, 0);
});

test("of two clusters in one registry a client stays with its own", async (t) => {
  const registry = await startRegistry(t);
  const red = await startNode(t, registry, "red");
  const { client, told } = await openClient(t, {
    servers: addressOf(red),
    discovery: `registry://${registry.at}`,
  });
  const blue = await startNode(t, registry, "blue");
  await until("the other is told of", () => told("serverSkipped").length > 0);
  await red.server.stop();
  await until("two rounds failed", () => told("poolExhausted").length >= 2);
  assert.equal(client.getServer(), "");
  const next = await startNode(t, registry, "red");
  await until(
    "the client has moved",
    () => client.getServer() === addressOf(next),
  );
  assert.deepEqual(
    told("serverSkipped").map(({ server, reason }) => [server, reason]),
    [[addressOf(blue), "cluster"]],
  );
});

test("a lame duck is out of the registry before its clients hear of it, and they move", async (t) => {
  const registry = await startRegistry(t);
  const duck = await startNode(t, registry);
  const url = `registry://${registry.at}`;
  const ids: string[][] = [];
  const { client, told } = await openClient(t, { servers: [], discovery: url });
  const other = await startNode(t, registry);
  await until("both are known", () => poolOf(client).length === 2);
  const watching = (async () => {
    for await (const event of client.status()) {
      if (event.type !== "ldm") continue;
      ids.push(registry.registry.store.kept.map(({ node }) => node.id));
      return;
    }
  })();
  const left = duck.server.enterLameDuck();
  await watching;
  assert.deepEqual(ids, [[other.server.broker.identity.id]]);
  await until(
    "the client has moved",
    () => client.getServer() === addressOf(other),
  );
  assert.deepEqual(told("poolExhausted"), []);
  await assertWorks(client);
  const cold = await openClient(t, { servers: [], discovery: url });
  assert.equal(cold.client.getServer(), addressOf(other));
  await duck.server.stop();
  await left;
});

test("a list that is renamed over leads a client that runs to the next node", async (t) => {
  const [first, second] = [await startMidge(t), await startMidge(t)];
  const folder = temporaryFolder(t);
  const list = join(folder, "nodes.json");
  writeFileSync(list, JSON.stringify([addressOf(first)]));
  const { client } = await openClient(t, {
    discovery: pathToFileURL(list).href,
  });
  await first.server.stop();
  await until("the connection is lost", () => client.getServer() === "");
  const draft = join(folder, "draft");
  writeFileSync(draft, JSON.stringify([addressOf(second)]));
  renameSync(draft, list);
  await until(
    "the client has moved",
    () => client.getServer() === addressOf(second),
  );
});

test("a program that waits for a server says so, names the source that fails, and goes on when it is there", async (t) => {
  const node = await startMidge(t);
  const list = join(temporaryFolder(t), "nodes.json");
  const { href } = pathToFileURL(list);
  const publisher = spawnProgram(currentRuntime(), "client.ts", [
    ...["-s", DEAD, "-discover", href],
  ]);
  t.after(() => publisher.stop());
  await publisher.waitFor(`discovery: Cannot read "${href}"`);
  await publisher.waitFor("No server answers;");
  writeFileSync(list, JSON.stringify([addressOf(node)]));
  assert.deepEqual(await publisher.exited, { code: 0, signal: null });
});
