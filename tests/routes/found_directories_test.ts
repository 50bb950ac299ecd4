/**
 * Directories in which nodes are found: what happens when one fails, lists too
 * much or forgets a node, and when there are two of them.
 */
import assert from "node:assert/strict";
import type { DiscoveryMakers } from "../../src/app/discovery.ts";
import {
  DiscoveryError,
  type Endpoint,
  type ServerCache,
} from "../../src/discovery/discovery.ts";
import { Directory, discoveryAt, makersOf } from "../support/directory.ts";
import type { TestServer } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { routeOn, Simulation } from "./simulation.ts";
import { routeCount } from "./route_peer.ts";
import {
  BOTH,
  DEAD,
  dialsBetween,
  door,
  doorOf,
  FIND,
  FOUR,
  linesWith,
  MINUTE,
  ONE,
  SECOND,
  SEED,
  THREE,
  TWO,
  worldOf,
} from "./found_world.ts";

test("a directory that is down at first is told once, and when it is back", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.isDown = true;
  const first = await start(ONE, { discovery: BOTH });
  const second = await start(TWO, { discovery: BOTH });
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(linesWith(second, "Error finding nodes").filter(isError), [
    "ERR Error finding nodes at registry://one: It is down\\nfor a test",
  ]);
  directory.isDown = false;
  await world.meshed([first, second], 40 * SECOND);
  await world.clock.advance(MINUTE);
  assert.equal(
    linesWith(second, "Finding nodes at registry://one works again").length,
    1,
  );
});

test("nothing is forgotten when a directory goes down or lists nothing for a moment", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  directory.listed = [doorOf(first), door(DEAD[0])];
  const seeker = await start(TWO, { discovery: FIND });
  await world.meshed([first, seeker], 3 * SECOND);
  directory.isDown = true;
  await world.clock.advance(5 * MINUTE);
  const asked = directory.asked.length;
  const listed = directory.listed;
  [directory.isDown, directory.listed] = [false, []];
  await world.clock.advanceUntil(
    () => directory.asked.length > asked,
    2 * MINUTE,
  );
  directory.listed = listed;
  const before = dialsBetween(world, TWO, DEAD[0]).length;
  await world.clock.advance(2 * MINUTE);
  assert.equal(linesWith(seeker, "Forgot").length, 0);
  assert.ok(dialsBetween(world, TWO, DEAD[0]).length > before);
});

test("a server that is killed is forgotten when its announcement runs out", async (t) => {
  const { world, directory, start } = worldOf(t);
  const servers = [];
  for (const machine of [ONE, TWO, THREE]) {
    servers.push(await start(machine, { discovery: BOTH }));
  }
  const [first, ...others] = servers as [TestServer, TestServer, TestServer];
  await world.meshed(servers, 5 * SECOND);
  directory.kill(first.server.broker.identity.id);
  for (const machine of [TWO, THREE]) {
    world.network.partition(ONE, machine);
    world.network.resetBetween(ONE, machine);
  }
  await world.clock.advanceUntil(
    () => directory.nodes.length === 2,
    16 * SECOND,
  );
  await world.clock.advanceUntil(
    () =>
      others.every((server) =>
        linesWith(server, `Forgot the node on ${ONE}:6222`).length === 1
      ),
    75 * SECOND,
  );
  const before = dialsBetween(world, TWO, ONE).length;
  await world.clock.advance(5 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, before);
});

test("a server that asks its clients to leave is not dialled", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.listed = [door(ONE, { lameDuck: true })];
  await start(TWO, { discovery: FIND });
  await world.clock.advance(MINUTE);
  assert.equal(world.dials.length, 0);
});

test("doors that are no route ports are not dialled, and not too many at all", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.listed = [
    { url: "nats://10.0.0.9:4222" },
    { url: "nats-route://u:p@[::::1]:6222" },
    { url: "nats-route://10.0.0.9:0" },
    ...Array.from(
      { length: 1000 },
      (_, index) => door(`10.1.${index >> 8}.${index & 255}`),
    ),
  ];
  await start(TWO, { discovery: FIND });
  await world.clock.advance(10 * SECOND);
  const dialled = new Set(world.dials.map(({ to }) => to));
  assert.equal(dialled.size, 256);
  assert.ok(!dialled.has("10.0.0.9"));
});

test("two directories hold what one of them does not list", async (t) => {
  const world = new Simulation(t, SEED);
  const [one, two] = [new Directory(world.clock), new Directory(world.clock)];
  [one.listed, two.listed] = [[door(DEAD[0])], [door(DEAD[0]), door(DEAD[1])]];
  const seeker = await world.start(
    TWO,
    { discovery: discoveryAt({ find: "registry://one,registry://two" }) },
    makersOf({ one, two }),
  );
  await world.clock.advance(10 * SECOND);
  const before = dialsBetween(world, TWO, DEAD[0]).length;
  one.listed = [door(DEAD[2])];
  await world.clock.advance(30 * SECOND);
  assert.equal(linesWith(seeker, "Forgot").length, 0);
  assert.ok(dialsBetween(world, TWO, DEAD[0]).length > before);
  two.listed = [door(DEAD[1])];
  await world.clock.advance(MINUTE);
  assert.deepEqual(linesWith(seeker, "Forgot"), [
    `INF Forgot the node on ${DEAD[0]}:6222, found at registry://two`,
  ]);
});

test("servers that all find each other at once form a mesh and keep quiet", async (t) => {
  const machines = [0, 1, 2, 3, 4].map((index) => `10.0.1.${index}`);
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const world = new Simulation(t, seed, 50);
    const makers = makersOf({ one: new Directory(world.clock) });
    const name = seed % 2 === 0 ? "red" : "";
    const servers = await Promise.all(machines.map((machine) => {
      const options = { discovery: BOTH, cluster: { name } };
      return world.start(machine, options, makers);
    }));
    await world.meshed(servers, 15 * SECOND);
    await world.clock.advance(30 * SECOND);
    const before = world.dials.length;
    await world.clock.advance(5 * MINUTE);
    assert.equal(world.dials.length, before, `no dials at seed ${seed}`);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("a server remembers in its caches the servers that it had routes to", async (t) => {
  const world = new Simulation(t, SEED);
  let remembered: readonly Endpoint[] = [];
  const cache: ServerCache = {
    name: "cache:///x",
    resolve: () =>
      Promise.resolve({ endpoints: remembered, authoritative: false }),
    store: (endpoints) => {
      remembered = endpoints;
      return Promise.reject(new DiscoveryError("Disk full"));
    },
  };
  const makers: DiscoveryMakers = {
    providerOf: () => cache,
    registrarOf: () => assert.fail("no announcement was asked for"),
  };
  const others = [await world.start(ONE), await world.start(TWO)];
  const routes = [ONE, TWO].map(routeOn);
  const options = { discovery: FIND, cluster: { routes } };
  const seeker = await world.start(THREE, options, makers);
  await world.clock.advanceUntil(() => routeCount(seeker) === 2);
  assert.deepEqual(remembered.map(({ url }) => url).toSorted(), [
    "nats-route://10.0.0.1:6222/",
    "nats-route://10.0.0.2:6222/",
  ]);
  assert.equal(linesWith(seeker, "ERR Disk full").length, 1);
  await seeker.server.stop();
  const again = await world.start(FOUR, { discovery: FIND }, makers);
  await world.clock.advanceUntil(() => routeCount(again) === 2, 5 * SECOND);
  for (const { server } of others) await server.stop();
  await world.clock.advance(MINUTE);
  assert.notEqual(remembered.length, 0);
});

test("a server that stops leaves no timer and no dial behind", async (t) => {
  const { world, directory, start } = worldOf(t, { "dead.test": [DEAD[0]] });
  directory.listed = [door(DEAD[1]), door("dead.test")];
  const seeker = await start(TWO, { discovery: FIND });
  await world.clock.advance(10 * SECOND);
  await seeker.server.stop();
  await world.clock.advance(MINUTE);
  const [dials, asked] = [world.dials.length, directory.asked.length];
  assert.equal(world.clock.pendingTimers, 0);
  await world.clock.advance(10 * MINUTE);
  assert.deepEqual([world.dials.length, directory.asked.length], [
    dials,
    asked,
  ]);
});

function isError(line: string): boolean {
  return line.startsWith("ERR");
}
