/**
 * When a server announces itself and takes that back, what it tells while it
 * runs, and that no registry ever holds it up.
 */
import assert from "node:assert/strict";
import { Announcer } from "../../src/discovery/announcing/announcer.ts";
import type { DiscoveryOptions } from "../../src/options/options.ts";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import type { Registrar, Registration } from "../../src/discovery/registrar.ts";
import { nodeOf } from "../../src/discovery/node_record.ts";
import { isMesh, routeOn, Simulation } from "../routes/simulation.ts";
import { Directory, discoveryAt, makersOf } from "../support/directory.ts";
import { MemoryLog } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  ANNOUNCE,
  linesWith,
  MINUTE,
  ONE,
  SECOND,
  SEED,
  TWO,
  worldOf,
} from "./announcer_scene.ts";

test("a server announces itself when it is ready, and takes that back before it stops", async (t) => {
  const { world, directory, start } = worldOf(t);
  const { server, log } = await start(ONE);
  await world.clock.advance(SECOND);
  assert.deepEqual(directory.done, [`register ${ONE}`]);
  const ready = log.lines.indexOf("INF Server is ready");
  const told = log.lines.indexOf("INF Announced at registry://one");
  assert.ok(ready >= 0 && told > ready, log.lines.join("\n"));
  await server.stop();
  assert.deepEqual(directory.done, [`register ${ONE}`, `close ${ONE}`]);
  assert.deepEqual(directory.nodes, []);
  assert.ok(log.lines.includes("INF Withdrawing from registry://one"));
  await world.clock.advance(MINUTE);
  assert.equal(world.clock.pendingTimers, 0);
});

test("without discovery nothing is announced", async (t) => {
  const { world, directory, start } = worldOf(t);
  await start(ONE, { discovery: undefined });
  await start(TWO, { discovery: discoveryAt({ find: "registry://one" }) });
  await world.clock.advance(MINUTE);
  assert.deepEqual(directory.done, []);
});

test("each registry is told, by itself", async (t) => {
  const world = new Simulation(t, SEED);
  const [up, down] = [new Directory(world.clock), new Directory(world.clock)];
  down.isDown = true;
  const discovery = discoveryAt({ announce: "registry://down,registry://up" });
  const { server } = await world.start(
    ONE,
    { discovery },
    makersOf({ up, down }),
  );
  await world.clock.advance(SECOND);
  assert.equal(up.nodes.length, 1);
  down.isDown = false;
  await world.clock.advance(5 * SECOND);
  assert.equal(down.nodes.length, 1);
  await server.stop();
  assert.deepEqual([up.nodes, down.nodes], [[], []]);
});

test("a registry that is down at first is tried at longer and longer intervals", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.isDown = true;
  // The start does not wait: no time passes here.
  const midge = await start(ONE);
  await world.clock.advance(10 * MINUTE);
  const attempts = linesWith(midge, "Error announcing at registry://one");
  // 1, 2, 4, 8, 16, then each 30 s, and up to a fifth more.
  assert.ok(attempts.length >= 20 && attempts.length <= 26, attempts.join());
  assert.equal(
    attempts[0],
    "ERR Error announcing at registry://one (attempt 1): It is down\\nfor a test",
  );
  assert.ok(attempts.slice(1).every((line) => line.startsWith("DBG")));
  directory.isDown = false;
  await world.clock.advance(36 * SECOND);
  assert.equal(directory.nodes.length, 1);
  assert.equal(linesWith(midge, "INF Announced at").length, 1);
});

test("a registry that does not answer holds up neither start nor stop", async (t) => {
  const { world, directory, start } = worldOf(t);
  directory.isMute = true;
  const midge = await start(ONE);
  await world.clock.advance(6 * SECOND);
  assert.match(
    linesWith(midge, "Error announcing")[0] ?? "",
    /attempt 1\): No answer within 5 s$/,
  );
  const stopped = midge.server.stop();
  await world.clock.advance(0);
  await stopped;
});

test("a withdrawal that is not answered takes 2 seconds", async (t) => {
  const { world, directory, start } = worldOf(t);
  const midge = await start(ONE);
  await world.clock.advance(SECOND);
  directory.isMute = true;
  let isStopped = false;
  midge.server.stop().then(() => isStopped = true);
  await world.clock.advance(1.9 * SECOND);
  assert.equal(isStopped, false);
  await world.clock.advance(0.2 * SECOND);
  assert.equal(isStopped, true);
  assert.equal(linesWith(midge, "WRN No answer within 2 s").length, 1);
});

test("an announcement holds as long as the server lives, and no longer than its time", async (t) => {
  const { world, directory, start } = worldOf(t);
  const { server } = await start(ONE, { discovery: withTtl(6 * SECOND) });
  await world.clock.advance(5 * MINUTE);
  assert.equal(directory.nodes.length, 1);
  directory.kill(server.broker.identity.id);
  await world.clock.advance(6 * SECOND);
  assert.equal(directory.nodes.length, 0);
});

function withTtl(ttlMs: number): DiscoveryOptions {
  return { ...ANNOUNCE, ttlMs };
}

test("a new name of the cluster is told, once", async (t) => {
  const { world, directory, start } = worldOf(t);
  const nameless = await start(ONE, { cluster: { name: "" } });
  await world.clock.advance(SECOND);
  const named = await start(TWO, {
    discovery: undefined,
    cluster: { name: "red", routes: [routeOn(ONE)] },
  });
  await world.clock.advanceUntil(() => isMesh([nameless, named]), 5 * SECOND);
  await world.clock.advance(MINUTE);
  assert.deepEqual(directory.done, [`register ${ONE}`, `update ${ONE}`]);
  assert.equal(directory.nodes[0]?.cluster, "red");
});

test("what is new while a registry is down is told when it is back", async (t) => {
  const { world, directory, start } = worldOf(t);
  const nameless = await start(ONE, { cluster: { name: "" } });
  await world.clock.advance(SECOND);
  directory.isDown = true;
  const named = await start(TWO, {
    discovery: undefined,
    cluster: { name: "red", routes: [routeOn(ONE)] },
  });
  await world.clock.advanceUntil(() => isMesh([nameless, named]), 5 * SECOND);
  await world.clock.advance(SECOND);
  assert.equal(directory.done.length, 1);
  directory.isDown = false;
  await world.clock.advance(MINUTE);
  assert.deepEqual(directory.nodes.map(({ cluster }) => cluster), ["red"]);
  assert.deepEqual(directory.done, [`register ${ONE}`, `update ${ONE}`]);
});

test("what is new while it is being announced is told right after", async (t) => {
  const world = new Simulation(t, SEED);
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<Registration>();
  const registrar: Registrar = {
    name: "registry://slow",
    register: ({ name }) => {
      told.push(name);
      return promise;
    },
  };
  const log = new MemoryLog(false);
  const announcer = new Announcer([registrar], { ...world, log }, MINUTE);
  for (const name of ["a", "b", "c", "c"]) announcer.announce(nodeOf({ name }));
  resolve({
    update: ({ name }) => Promise.resolve(void told.push(name)),
    close: () => Promise.resolve(void told.push("closed")),
  });
  await world.clock.advance(SECOND);
  assert.deepEqual(told, ["a", "c"]);
  await announcer.withdraw();
  announcer.announce(nodeOf({ name: "d" }));
  await world.clock.advance(MINUTE);
  assert.deepEqual(told, ["a", "c", "closed"]);
});

test("an announcement that comes to be after the withdrawal is taken back", async (t) => {
  const world = new Simulation(t, SEED);
  const { promise, resolve } = Promise.withResolvers<Registration>();
  let isClosed = false;
  const registrar: Registrar = {
    name: "registry://slow",
    register: () => promise,
  };
  const log = new MemoryLog(false);
  const announcer = new Announcer([registrar], { ...world, log }, MINUTE);
  announcer.announce(nodeOf({ name: "a" }));
  const withdrawn = announcer.withdraw();
  resolve({
    update: () => Promise.resolve(),
    close: () => Promise.resolve(void (isClosed = true)),
  });
  await withdrawn;
  assert.equal(isClosed, true);
});

test("renewals that fail are reported once a minute", async (t) => {
  const world = new Simulation(t, SEED);
  let fail = (): void => {};
  const registrar: Registrar = {
    name: "registry://one",
    register: (_, { onError }) => {
      fail = () => onError(new DiscoveryError("Gone"));
      return Promise.resolve({
        update: () => Promise.resolve(),
        close: () => Promise.resolve(),
      });
    },
  };
  const log = new MemoryLog(false);
  const announcer = new Announcer([registrar], { ...world, log }, MINUTE);
  announcer.announce(nodeOf({ name: "a" }));
  await world.clock.advance(SECOND);
  for (let at = 0; at < 20; at++) {
    fail();
    await world.clock.advance(5 * SECOND);
  }
  const reported = log.lines.filter((line) => line.startsWith("ERR"));
  assert.deepEqual(reported, [
    "ERR Error renewing the announcement at registry://one: Gone",
    "ERR Error renewing the announcement at registry://one: Gone",
  ]);
});
