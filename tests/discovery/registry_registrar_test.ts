/** A node that is announced at Midge's registry, and stays so whatever becomes of the registry. */
import assert from "node:assert/strict";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import type { Registration } from "../../src/discovery/registrar.ts";
import { nodeOf, type NodeRecord } from "../../src/discovery/node_record.ts";
import { registry } from "../../src/discovery/providers/registry.ts";
import type { RegistryAddress } from "../../src/discovery/sources/registry_address.ts";
import { registryRegistrar } from "../../src/discovery/announcing/registry_registrar.ts";
import { platform } from "../../src/runtime/mod.ts";
import { idsOf, listOf, nodeAt, startRegistry } from "../registry/asking.ts";
import { ADDRESS, Scene } from "../registry/scene.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { ask, startWatch } from "./suite.ts";

const TTL_MS = 15_000;
const NODE = nodeAt("NODE", 4222);
const never = new AbortController().signal;

interface Announced {
  readonly registration: Registration;
  readonly errors: string[];
}

async function announceAt(
  scene: Scene,
  node: NodeRecord = NODE,
  place: RegistryAddress = ADDRESS,
): Promise<Announced> {
  const errors: string[] = [];
  const registration = await registryRegistrar(place, scene.world).register(
    node,
    {
      ttlMs: TTL_MS,
      signal: never,
      onError: ({ message }) => errors.push(message),
    },
  );
  return { registration, errors };
}

test("a node is announced three times in its time to live, and withdrawn", async () => {
  const scene = new Scene();
  const { registration, errors } = await announceAt(scene);
  assert.deepEqual(scene.nodes, [NODE]);
  await scene.clock.advance(TTL_MS * 20);
  assert.deepEqual(scene.nodes, [NODE]);
  const count = scene.asked.length;
  assert.ok(count > 60 && count < 70, `${count} announcements`);
  await registration.close();
  assert.deepEqual([scene.nodes, errors], [[], []]);
  assert.equal(scene.asked.at(-1), "DELETE /v1/nodes/NODE");
  await scene.clock.advance(TTL_MS * 3);
  assert.equal(scene.asked.length, count + 1);
  await assert.rejects(registration.update(NODE), DiscoveryError);
});

test("what is new about a node is told at once", async () => {
  const scene = new Scene();
  const { registration } = await announceAt(scene);
  await registration.update({ ...NODE, lameDuck: true });
  assert.deepEqual(scene.nodes, [{ ...NODE, lameDuck: true }]);
  await scene.clock.advance(TTL_MS * 3);
  assert.deepEqual(scene.nodes, [{ ...NODE, lameDuck: true }]);
  await registration.close();
});

test("a registry that forgot everything knows the node within a heartbeat", async () => {
  const scene = new Scene();
  const { registration, errors } = await announceAt(scene);
  await scene.clock.advance(7000);
  scene.restart();
  assert.deepEqual(scene.nodes, []);
  await scene.clock.advance(TTL_MS / 3);
  assert.deepEqual([scene.nodes, errors], [[NODE], []]);
  await registration.close();
});

test("a registry that cannot be reached is tried again, sooner than a heartbeat", async () => {
  const scene = new Scene();
  const { registration, errors } = await announceAt(scene);
  scene.line = "down";
  await scene.clock.advance(TTL_MS / 3);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /"registry:\/\/127\.0\.0\.1:4280": connection ref/);
  scene.line = "up";
  scene.restart();
  await scene.clock.advance(1000);
  assert.deepEqual(scene.nodes, [NODE]);
  scene.line = "down";
  const before = errors.length;
  await scene.clock.advance(60_000);
  const failures = errors.length - before;
  assert.ok(failures > 10 && failures < 20, `${failures} failures in a minute`);
  await registration.close();
});

test("a registry that does not answer is given up and tried again", async () => {
  const scene = new Scene();
  const { registration, errors } = await announceAt(scene);
  scene.line = "silent";
  await scene.clock.advance(TTL_MS / 3 + 5000);
  assert.match(errors.join(), /did not answer/);
  scene.line = "up";
  await scene.clock.advance(1000);
  assert.deepEqual(scene.nodes, [NODE]);
  scene.line = "silent";
  const closing = registration.close();
  await scene.clock.advance(2000);
  await closing;
});

test("nothing that is under way brings a withdrawn node back", async () => {
  const scene = new Scene();
  const { registration } = await announceAt(scene);
  const update = registration.update({ ...NODE, lameDuck: true });
  const closed = registration.close();
  await Promise.allSettled([update, closed]);
  await scene.clock.advance(TTL_MS * 2);
  assert.deepEqual(scene.nodes, []);
  assert.equal(scene.clock.pendingTimers <= 1, true);
});

test("a first announcement that fails rejects, and is not repeated", async () => {
  const scene = new Scene({ token: "s3cret" });
  await assert.rejects(announceAt(scene), {
    name: "DiscoveryError",
    message: 'Cannot announce at "registry://127.0.0.1:4280": status 401, ' +
      "Expected the registry's token, as in Authorization: Bearer TOKEN",
  });
  const wrong = { ...ADDRESS, token: "s3cret-too" };
  await assert.rejects(
    announceAt(scene, NODE, wrong),
    (error: Error) => !error.message.includes("s3cret"),
  );
  scene.line = "down";
  await assert.rejects(announceAt(scene), DiscoveryError);
  const count = scene.asked.length;
  await scene.clock.advance(TTL_MS * 3);
  assert.equal(scene.asked.length, count);
  assert.equal(scene.clock.pendingTimers, 0);

  scene.line = "up";
  const right = { ...ADDRESS, token: "s3cret" };
  await (await announceAt(scene, NODE, right)).registration.close();
});

test("a first announcement is given up when its signal aborts", async () => {
  const scene = new Scene();
  scene.line = "silent";
  const why = new Error("given up");
  const aborter = new AbortController();
  const registering = registryRegistrar(ADDRESS, scene.world).register(NODE, {
    ttlMs: TTL_MS,
    signal: aborter.signal,
    onError: () => assert.fail(),
  });
  await scene.clock.advance(10);
  aborter.abort(why);
  const rejected = assert.rejects(registering, why);
  await scene.clock.advance(2000);
  await rejected;
  assert.equal(scene.clock.pendingTimers, 0);
});

test("a node whose id is none for a path is not announced", async () => {
  const scene = new Scene();
  for (const id of ["", "../x", "a b", "x".repeat(65)]) {
    const node = nodeOf({ ...NODE, id });
    await assert.rejects(announceAt(scene, node), DiscoveryError, id);
  }
  assert.deepEqual(scene.asked, []);
});

test("a registry's words are shown without what could harm a log", async () => {
  const scene = new Scene();
  const hostile = '{"error":{"message":"line\\none \u001b[31m"}}';
  const world = {
    ...scene.world,
    fetch: () =>
      Promise.resolve({
        status: 418,
        headers: new Headers(),
        body: ReadableStream.from([new TextEncoder().encode(hostile)]),
      }),
  };
  await assert.rejects(
    registryRegistrar(ADDRESS, world).register(NODE, {
      ttlMs: TTL_MS,
      signal: never,
      onError: () => {},
    }),
    { message: 'Cannot announce at "registry://127.0.0.1:4280": status 418' },
  );
});

test("over HTTP: announced with a token, seen by a watcher, withdrawn", async (t) => {
  const { registry: server, url } = await startRegistry(t, { token: "s3cret" });
  const place = { ...ADDRESS, port: server.address!.port, token: "s3cret" };
  const provider = registry(place, platform, "client");
  const watcher = startWatch(t, provider, await ask(provider));
  const registration = await registryRegistrar(place, platform).register(NODE, {
    ttlMs: TTL_MS,
    signal: never,
    onError: () => {},
  });
  await watcher.sees(NODE.urls);
  await registration.close();
  await watcher.sees([]);
  assert.deepEqual(idsOf(await listOf(url)), []);
});

test("over HTTP: two registries beside each other, and one that dies", async (t) => {
  const servers = [await startRegistry(t), await startRegistry(t)];
  const places = servers.map(({ registry: { address } }) => ({
    ...ADDRESS,
    port: address!.port,
  }));
  const registrations = await Promise.all(
    places.map((place) =>
      registryRegistrar(place, platform).register(NODE, {
        ttlMs: 1000,
        signal: never,
        onError: () => {},
      })
    ),
  );
  for (const { url } of servers) {
    assert.deepEqual(idsOf(await listOf(url)), [NODE.id]);
  }
  const [first, second] = servers.map(({ registry }) => registry);
  await first!.stop();
  // It comes back at the same port, with nothing that it knew.
  const again = await startRegistry(t, { port: places[0]!.port });
  await until("it knows the node again", () => again.registry.store.size === 1);
  assert.equal(second!.store.size, 1);
  for (const registration of registrations) await registration.close();
  assert.deepEqual([again.registry.store.size, second!.store.size], [0, 0]);
});
