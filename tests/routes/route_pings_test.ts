/** PINGs on routes: when they are sent, and what becomes of a peer that does not answer. */
import assert from "node:assert/strict";
import { freshSeed } from "../support/random.ts";
import { test } from "../support/test.ts";
import { routeCount } from "./route_peer.ts";
import { routeOn, Simulation } from "./simulation.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

const [ONE, TWO] = ["10.0.0.1", "10.0.0.2"] as const;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

test("the first PING comes after 1.0 to 1.2 s, even before INFO", async (t) => {
  const world = new Simulation(t, SEED);
  await world.start(ONE);
  const peer = await world.knock(TWO, ONE);
  await world.clock.advance(0.99 * SECOND);
  assert.ok(!peer.received.includes("PING"));
  await world.clock.advance(0.25 * SECOND);
  assert.ok(peer.received.endsWith("PING\r\n"));
});

test("a route is pinged at least every 30 s, however much it says", async (t) => {
  const world = new Simulation(t, SEED);
  await world.start(ONE, { pingIntervalMs: 10 * MINUTE });
  const peer = await world.join(TWO, ONE);
  for (let second = 0; second < 95; second++) {
    peer.say("PING\r\nPONG\r\n");
    await world.clock.advance(SECOND);
  }
  assert.equal(peer.received.split("PING\r\n").length - 1, 4);
  assert.ok(!peer.ended);
});

test("a route that answers no PING is stale", async (t) => {
  const world = new Simulation(t, SEED);
  const cluster = { pingIntervalMs: 5 * SECOND, pingMax: 3 };
  const one = await world.start(ONE, { cluster });
  const peer = await world.join(TWO, ONE);
  await world.clock.advance(15.9 * SECOND);
  assert.ok(!peer.ended, "three PINGs may stand open");
  await world.clock.advance(SECOND);
  assert.ok(peer.received.endsWith("-ERR 'Stale Connection'\r\n"));
  assert.ok(peer.ended);
  assert.equal(routeCount(one), 0);
  const closed = "Router connection closed: Stale Connection";
  assert.ok(one.log.lines.some((line) => line.includes(closed)));
});

test("a server that has fallen silent is found out and met again", async (t) => {
  const world = new Simulation(t, SEED);
  const cluster = { pingIntervalMs: 2 * SECOND };
  const one = await world.start(ONE, { cluster });
  const two = await world.start(TWO, {
    cluster: { ...cluster, routes: [routeOn(ONE)] },
  });
  await world.meshed([one, two]);
  world.network.partition(ONE, TWO);
  await world.clock.advanceUntil(
    () => routeCount(one) === 0 && routeCount(two) === 0,
    10 * SECOND,
  );
  await world.clock.advance(MINUTE);
  world.network.heal(ONE, TWO);
  await world.meshed([one, two], 10 * SECOND);
});
