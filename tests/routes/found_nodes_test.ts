/**
 * Nodes that find each other: which servers a server dials because a provider
 * lists them, and which it leaves alone.
 */
import assert from "node:assert/strict";
import { discoveryAt } from "../support/directory.ts";
import { test } from "../support/test.ts";
import { ROUTE_PORT, routeOn } from "./simulation.ts";
import { routeCount } from "./route_peer.ts";
import {
  BOTH,
  DEAD,
  dialsBetween,
  door,
  doorOf,
  FIND,
  FOUR,
  gaps,
  linesWith,
  MINUTE,
  ONE,
  SECOND,
  THREE,
  TWO,
  worldOf,
} from "./found_world.ts";

test("a server whose seeds are all dead joins those that live", async (t) => {
  const { world, start } = worldOf(t);
  const seeds = { cluster: { routes: DEAD.map(routeOn) } };
  const first = await start(ONE, { discovery: BOTH });
  const others = [
    await start(TWO, { discovery: BOTH, ...seeds }),
    await start(THREE, { discovery: BOTH, ...seeds }),
  ];
  await world.meshed([first, ...others], 3 * SECOND);
  // The first one stops, and a server that knows neither of the others starts.
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
  // The servers move to another machine, and the name with them.
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
  // Once, to find out which server is there.
  assert.equal(dialsBetween(world, ONE, ONE).length, 1);
  assert.equal(routeCount(alone), 0);
  // By now the address may belong to another server.
  await world.clock.advance(2 * MINUTE);
  assert.equal(dialsBetween(world, ONE, ONE).length, 2);
});

test("a server that is listed with its own id is not dialled by itself at all", async (t) => {
  const { world, start } = worldOf(t);
  await start(ONE, { discovery: BOTH });
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, 0);
});

test("servers that are here are not dialled again", async (t) => {
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
  // Listed without an id: only dialling it tells which server it is.
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

test("what is listed is dialled at longer and longer intervals, without end", async (t) => {
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

test("a configured server is dialled without end, listed or not, under any id", async (t) => {
  const { world, directory, start } = worldOf(t);
  const first = await start(ONE);
  const id = first.server.broker.identity.id;
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
