/**
 * Nodes that find each other: whom a server dials because a provider lists it,
 * whom it leaves alone, and what it forgets again.
 */
import assert from "node:assert/strict";
import type { DiscoveryMakers } from "../../src/app/discovery.ts";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import {
  DiscoveryError,
  type Endpoint,
  type ServerCache,
} from "../../src/discovery/discovery.ts";
import { Directory, discoveryAt, makersOf } from "../support/directory.ts";
import type { TestOptions, TestServer } from "../support/midge.ts";
import { freshSeed } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import { Mute, ROUTE_PORT, routeOn, Simulation } from "./simulation.ts";
import { infoText, routeCount } from "./route_peer.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

const [ONE, TWO, THREE, FOUR] = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.0.3",
  "10.0.0.4",
] as const;
const DEAD = ["10.9.9.1", "10.9.9.2", "10.9.9.3"] as const;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

const FIND = discoveryAt({ find: "registry://one" });
const BOTH = discoveryAt({
  find: "registry://one",
  announce: "registry://one",
});

interface World {
  readonly world: Simulation;
  readonly directory: Directory;
  start(machine: string, options?: TestOptions): Promise<TestServer>;
}

/** Machines that all can ask one directory. */
function worldOf(
  t: TestContext,
  names: Readonly<Record<string, readonly string[]>> = {},
): World {
  const world = new Simulation(t, SEED, 2, names);
  const directory = new Directory(world.clock);
  const makers: DiscoveryMakers = makersOf({ one: directory });
  return {
    world,
    directory,
    start: (machine, options) => world.start(machine, options, makers),
  };
}

function door(machine: string, more: Partial<Endpoint> = {}): Endpoint {
  return { url: `nats-route://${machine}:${ROUTE_PORT}`, ...more };
}

function doorOf(
  { server }: TestServer,
  more: Partial<Endpoint> = {},
): Endpoint {
  const { id, options } = server.broker;
  return door(options.host, { serverId: id, ...more });
}

/** The dials from `from` to `to` so far. */
function dialsBetween(world: Simulation, from: string, to: string): number[] {
  return world.dials
    .filter((dial) => dial.from === from && dial.to === to)
    .map(({ at }) => at);
}

function linesWith({ log }: TestServer, part: string): string[] {
  return log.lines.filter((line) => line.includes(part));
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - times[index]!);
}

test("a server whose seeds are all dead joins those who live", async (t) => {
  const { world, start } = worldOf(t);
  const seeds = { cluster: { routes: DEAD.map(routeOn) } };
  const first = await start(ONE, { discovery: BOTH });
  const others = [
    await start(TWO, { discovery: BOTH, ...seeds }),
    await start(THREE, { discovery: BOTH, ...seeds }),
  ];
  await world.meshed([first, ...others], 3 * SECOND);
  // One goes, and another one that has never heard of those two comes.
  await first.server.stop();
  const last = await start(FOUR, { discovery: BOTH, ...seeds });
  await world.meshed([...others, last], 3 * SECOND);
});

test("a server that only announces is found by those that look", async (t) => {
  const { world, start } = worldOf(t);
  const announce = discoveryAt({ announce: "registry://one" });
  const first = await start(ONE, { discovery: announce });
  const other = await start(TWO, { discovery: FIND });
  await world.meshed([first, other], 3 * SECOND);
  assert.equal(dialsBetween(world, ONE, TWO).length, 0);
});

test("all addresses of a name are dialled, and those that it has later", async (t) => {
  const behind: string[] = [ONE, TWO];
  const { world, directory, start } = worldOf(t, { "nodes.test": behind });
  directory.listed = [door("nodes.test")];
  const servers = [await start(ONE), await start(TWO)];
  const seeker = await start(FOUR, { discovery: FIND });
  await world.meshed([...servers, seeker], 3 * SECOND);
  assert.equal(dialsBetween(world, FOUR, ONE).length, 1);
  assert.equal(dialsBetween(world, FOUR, TWO).length, 1);
  // All of them move, and the name with them.
  const moved = await start(THREE);
  behind.splice(0, behind.length, THREE);
  for (const { server } of servers) await server.stop();
  await world.meshed([moved, seeker], 10 * SECOND);
  const gone = linesWith(seeker, `Forgot the node on ${ONE}:6222`);
  assert.equal(gone.length, 1);
});

test("a name that cannot be looked up is dialled as it is, until it can", async (t) => {
  const names: Record<string, string[]> = {};
  const { world, directory, start } = worldOf(t, names);
  directory.listed = [door("nowhere.test")];
  const seeker = await start(ONE, { discovery: FIND });
  await world.clock.advance(MINUTE);
  const [error = ""] = linesWith(seeker, "Error trying to connect to route");
  assert.match(error, /attempt 1\): .*nowhere\.test: no such host/);
});

test("a server does not dial itself, whatever the list says", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.listed = [door(ONE)];
  const alone = await start(ONE, { discovery: BOTH });
  await world.clock.advance(4 * MINUTE);
  // Once, to find out who is there.
  assert.equal(dialsBetween(world, ONE, ONE).length, 1);
  assert.equal(routeCount(alone), 0);
  // The address may be another's after a while.
  await world.clock.advance(2 * MINUTE);
  assert.equal(dialsBetween(world, ONE, ONE).length, 2);
});

test("a server that is listed with its own id is not dialled by itself at all", async (t) => {
  const { world, start } = worldOf(t);
  await start(ONE, { discovery: BOTH });
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, 0);
});

test("those who are here are not dialled again", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  const second = await start(TWO, { cluster: { routes: [routeOn(ONE)] } });
  await world.meshed([first, second]);
  directory.listed = [doorOf(first), doorOf(second)];
  const third = await start(THREE, {
    discovery: FIND,
    cluster: { routes: [routeOn(ONE)] },
  });
  await world.meshed([first, second, third]);
  await world.clock.advance(SECOND);
  const before = world.dials.length;
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, before);
});

test("a server that is here by another address is not dialled, until it is gone", async (t) => {
  const { world, directory, start } = worldOf(t, { "first.test": [ONE] });
  const first = await start(ONE);
  const second = await start(TWO, {
    discovery: FIND,
    cluster: { routes: [{ host: "first.test", port: ROUTE_PORT }] },
  });
  await world.meshed([first, second]);
  directory.listed = [doorOf(first)];
  await world.clock.advance(10 * MINUTE);
  assert.equal(linesWith(second, `Found a node on ${ONE}:6222`).length, 1);
  assert.equal(dialsBetween(world, TWO, ONE).length, 0);
  await first.server.stop();
  await world.clock.advance(2 * SECOND);
  assert.ok(dialsBetween(world, TWO, ONE).length > 0);
});

test("an address that turns out to be a known server rests, until that is gone", async (t) => {
  const { world, directory, start } = worldOf(t, { "first.test": [ONE] });
  const first = await start(ONE);
  const second = await start(TWO, {
    discovery: FIND,
    cluster: { routes: [{ host: "first.test", port: ROUTE_PORT }] },
  });
  await world.meshed([first, second]);
  // Without an id: only dialling it tells who it is.
  directory.listed = [door(ONE)];
  await world.clock.advance(2 * MINUTE);
  const once = dialsBetween(world, TWO, ONE).length;
  assert.equal(once, 1);
  await world.clock.advance(10 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, once);
  await first.server.stop();
  await world.clock.advance(2 * SECOND);
  assert.ok(dialsBetween(world, TWO, ONE).length > once);
});

test("what is listed is dialled at longer and longer intervals, for ever", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  directory.listed = [doorOf(first), door(DEAD[0])];
  const seeker = await start(TWO, { discovery: FIND });
  await world.meshed([first, seeker], 3 * SECOND);
  await world.clock.advance(10 * MINUTE);
  const times = dialsBetween(world, TWO, DEAD[0]);
  const late = gaps(times).slice(-10);
  assert.ok(late.every((gap) => gap >= 30 * SECOND), `${late}`);
  assert.ok(late.every((gap) => gap <= 31 * SECOND), `${late}`);
  assert.ok(world.clock.monotonic() - times.at(-1)! <= 31 * SECOND);
});

test("a server without any route tries every listed one again with each answer", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.listed = DEAD.map((machine) => door(machine));
  const seeker = await start(TWO, { discovery: FIND });
  await world.clock.advance(5 * MINUTE);
  const late = gaps(dialsBetween(world, TWO, DEAD[1])).slice(-20);
  assert.ok(late.every((gap) => gap >= SECOND && gap <= 8 * SECOND), `${late}`);
  const first = await start(DEAD[1]);
  await world.meshed([first, seeker], 8 * SECOND);
});

test("among dead ones the living is found in one round", async (t) => {
  const { world, directory, start } = worldOf(t);
  const living = await start(ONE);
  for (const dead of DEAD) world.network.partition(TWO, dead);
  directory.listed = [...DEAD.map((machine) => door(machine)), doorOf(living)];
  const seeker = await start(TWO, { discovery: FIND });
  await world.meshed([living, seeker], 500);
});

test("what is listed no more is forgotten, and dialled at once when it is back", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  directory.listed = [doorOf(first), door(DEAD[0])];
  const seeker = await start(TWO, { discovery: FIND });
  await world.meshed([first, seeker], 3 * SECOND);
  directory.listed = [doorOf(first)];
  await world.clock.advance(2 * MINUTE);
  const before = dialsBetween(world, TWO, DEAD[0]).length;
  await world.clock.advance(5 * MINUTE);
  assert.equal(dialsBetween(world, TWO, DEAD[0]).length, before);
  assert.equal(
    linesWith(seeker, `Forgot the node on ${DEAD[0]}:6222`).length,
    1,
  );
  const asked = directory.asked.length;
  directory.listed = [doorOf(first), door(DEAD[0])];
  await world.clock.advanceUntil(
    () => directory.asked.length > asked,
    2 * MINUTE,
  );
  await world.clock.advance(SECOND);
  assert.ok(dialsBetween(world, TWO, DEAD[0]).length > before);
});

test("a route stands that is listed no more, and is not dialled after its end", async (t) => {
  const { world, directory, start } = worldOf(t);
  const [first, second] = [await start(ONE), await start(THREE)];
  directory.listed = [doorOf(first), doorOf(second)];
  const seeker = await start(TWO, { discovery: FIND });
  await world.meshed([first, second, seeker], 3 * SECOND);
  directory.listed = [doorOf(second)];
  await world.clock.advance(3 * MINUTE);
  assert.equal(routeCount(seeker), 2);
  const before = dialsBetween(world, TWO, ONE).length;
  await first.server.stop();
  await world.clock.advance(5 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, before);
});

test("a configured server is dialled for ever, listed or not, and whoever it is said to be", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  const id = first.server.broker.id;
  directory.listed = [doorOf(first), door(DEAD[0], { serverId: id })];
  const seeker = await start(TWO, {
    discovery: FIND,
    cluster: { routes: [routeOn(DEAD[0])] },
  });
  await world.meshed([first, seeker], 3 * SECOND);
  await world.clock.advance(3 * MINUTE);
  directory.listed = [doorOf(first)];
  await world.clock.advance(3 * MINUTE);
  const late = gaps(dialsBetween(world, TWO, DEAD[0])).slice(-30);
  assert.ok(late.every((gap) => gap <= 4.2 * SECOND), `${late}`);
  assert.equal(late.length, 30);
});

test("a server is kept in touch with that gossip told of before it was listed", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  const seeker = await start(TWO, {
    discovery: FIND,
    cluster: { routes: [routeOn(ONE)] },
  });
  await world.meshed([first, seeker]);
  const third = await start(THREE, { cluster: { routes: [routeOn(ONE)] } });
  await world.meshed([first, seeker, third]);
  directory.listed = [doorOf(third)];
  await world.clock.advance(2 * MINUTE);
  const before = dialsBetween(world, TWO, THREE).length;
  assert.equal(before, 1);
  await third.server.stop();
  await world.clock.advance(10 * SECOND);
  assert.ok(dialsBetween(world, TWO, THREE).length >= before + 3);
});

test("without a route it asks every few seconds, with one every minute", async (t) => {
  const { world, directory, start } = worldOf(t);
  const seeker = await start(TWO, { discovery: FIND });
  await world.clock.advance(2 * MINUTE);
  const seeking = gaps(directory.asked).slice(5);
  assert.ok(seeking.every((gap) => gap >= SECOND && gap <= 8 * SECOND));
  const first = await start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.meshed([first, seeker], 3 * SECOND);
  const before = directory.asked.length;
  await world.clock.advance(10 * MINUTE);
  const resting = gaps(directory.asked.slice(before));
  assert.ok(resting.length >= 7, `${resting}`);
  assert.ok(resting.every((gap) => gap >= 48 * SECOND && gap <= 72 * SECOND));
  const left = directory.asked.length;
  await first.server.stop();
  await world.clock.advance(30 * SECOND);
  assert.ok(directory.asked.length >= left + 4);
});

test("of two clusters in one directory each server finds its own, and warns once", async (t) => {
  const { world, start } = worldOf(t);
  const at = (machine: string, name: string): Promise<TestServer> =>
    start(machine, { discovery: BOTH, cluster: { name } });
  const reds = [await at(ONE, "red"), await at(TWO, "red")];
  const blues = [await at(THREE, "blue"), await at(FOUR, "blue")];
  await world.clock.advanceUntil(
    () => [...reds, ...blues].every((server) => routeCount(server) === 1),
    10 * SECOND,
  );
  await world.clock.advance(10 * MINUTE);
  for (
    const [machine, others] of [[ONE, [THREE, FOUR]], [THREE, [
      ONE,
      TWO,
    ]]] as const
  ) {
    for (const other of others) {
      assert.deepEqual(dialsBetween(world, machine, other), []);
    }
  }
  assert.deepEqual(linesWith(reds[0]!, "Ignoring nodes"), [
    'WRN Ignoring nodes of cluster "blue" at registry://one, ' +
    'this is cluster "red"',
  ]);
});

test("an address that leads into another cluster is left alone for a while", async (t) => {
  const { world, directory, start } = worldOf(t);
  await start(ONE, { cluster: { name: "blue" } });
  directory.listed = [door(ONE)];
  const seeker = await start(TWO, {
    discovery: FIND,
    cluster: { name: "red" },
  });
  await world.clock.advance(4 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, 1);
  assert.equal(
    linesWith(seeker, 'Cluster name "blue" does not match').length,
    1,
  );
  await world.clock.advance(2 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, 2);
});

test("a server without a name joins whatever cluster it finds, and then keeps to it", async (t) => {
  const { world, directory, start } = worldOf(t);
  const announce = discoveryAt({ announce: "registry://one" });
  const first = await start(ONE, {
    discovery: announce,
    cluster: { name: "red" },
  });
  directory.listed = [door(DEAD[0], { cluster: "blue" })];
  const nameless = await start(TWO, { discovery: BOTH, cluster: { name: "" } });
  await world.meshed([first, nameless], 5 * SECOND);
  assert.equal(nameless.server.cluster?.clusterName, "red");
  // Whoever is in another cluster matters no more, from that moment.
  assert.equal(linesWith(nameless, `Found a node on ${DEAD[0]}`).length, 1);
  assert.equal(linesWith(nameless, `Forgot the node on ${DEAD[0]}`).length, 1);
  // Its announcement tells it too; before, it would have kept others away.
  await world.clock.advance(SECOND);
  assert.deepEqual(directory.nodes.map(({ cluster }) => cluster), [
    "red",
    "red",
  ]);
  const other = await start(THREE, {
    discovery: BOTH,
    cluster: { name: "blue" },
  });
  await world.clock.advance(3 * MINUTE);
  assert.equal(routeCount(other), 0);
  assert.equal(
    linesWith(nameless, 'Ignoring nodes of cluster "blue"').length,
    1,
  );
});

test("servers without names form one cluster", async (t) => {
  const { world, start } = worldOf(t);
  const nameless = { discovery: BOTH, cluster: { name: "" } };
  const servers = [];
  for (const machine of [ONE, TWO, THREE]) {
    servers.push(await start(machine, nameless));
  }
  await world.meshed(servers, 10 * SECOND);
});

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

test("a directory that goes down or lists nothing for a moment takes nobody away", async (t) => {
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
  directory.kill(first.server.broker.id);
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

test("a server remembers in its caches whom it had routes to", async (t) => {
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
    registrarOf: () => assert.fail("nobody announces"),
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

// --- credentials

const USER = {
  ...defaultAuthorizationOptions(),
  user: "ruth",
  password: "secret",
};

/** What a server that looks at `find` tells a machine that it found. */
async function toldTo(
  t: TestContext,
  find: string,
  trustCredentials: boolean,
): Promise<string> {
  const { world, directory, start } = worldOf(t);
  let told = "";
  await world.network.on(ONE).listen(routeOn(ONE), {}, (socket) => {
    const mute = new Mute(socket);
    mute.say(infoText({ info: { auth_required: true } }));
    world.clock.after(100, () => told ||= mute.received);
  });
  directory.listed = [door(ONE)];
  await start(TWO, {
    discovery: discoveryAt({ find }, { trustCredentials }),
    cluster: { authorization: USER },
  });
  await world.clock.advanceUntil(() => told !== "", 5 * SECOND);
  return told;
}

test("an address that was found is sent no password, unless that is allowed", async (t) => {
  assert.doesNotMatch(await toldTo(t, "registry://one", false), /secret|ruth/);
  assert.match(
    await toldTo(t, "registry://one", true),
    /^CONNECT .*"user":"ruth","pass":"secret"/,
  );
});

test("an address that is configured to be asked gets its own credentials, or the cluster's", async (t) => {
  const own = await toldTo(
    t,
    `nats-route://a:b@${ONE}:6222,registry://one`,
    false,
  );
  assert.match(own, /^CONNECT .*"user":"a","pass":"b"/);
  const token = await toldTo(
    t,
    `nats-route://tok@${ONE}:6222,registry://one`,
    true,
  );
  assert.match(token, /^CONNECT .*"auth_token":"tok"/);
  const shared = await toldTo(
    t,
    `nats-route://${ONE}:6222,registry://one`,
    false,
  );
  assert.match(shared, /^CONNECT .*"user":"ruth","pass":"secret"/);
});

test("a cluster with authorization finds its nodes if they may tell the password", async (t) => {
  const { world, start } = worldOf(t);
  const discovery = { ...BOTH, trustCredentials: true };
  const servers = [];
  for (const machine of [ONE, TWO, THREE]) {
    const cluster = { authorization: USER };
    servers.push(await start(machine, { discovery, cluster }));
  }
  await world.meshed(servers, 5 * SECOND);
});

function isError(line: string): boolean {
  return line.startsWith("ERR");
}
