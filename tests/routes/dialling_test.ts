/** Which servers a server dials, when it tries again, when it stops, and what it reports. */
import assert from "node:assert/strict";
import type { TestServer } from "../support/midge.ts";
import { freshSeed } from "../support/random.ts";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { routeCount } from "./route_peer.ts";
import { infoText } from "./route_peer.ts";
import { ROUTE_PORT, routeOn, Simulation } from "./simulation.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

const [ONE, TWO, THREE] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Asserts the waits between times; the jitter of a dialer may make them longer. */
function assertWaits(times: readonly number[], waits: readonly number[]): void {
  const jitterMs = 110;
  for (const [index, wait] of waits.entries()) {
    const passed = times[index + 1]! - times[index]!;
    const fits = passed >= wait && passed <= wait + jitterMs;
    assert.ok(fits, `${passed} instead of ${wait}, at ${times}`);
  }
}

function errors({ log }: TestServer): string[] {
  return log.lines.filter((line) => line.startsWith("ERR"));
}

test("a configured server is dialled without end, at most 4 s apart", async (t) => {
  const world = new Simulation(t, SEED);
  await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.clock.advance(10 * MINUTE);
  const times = world.dialsTo(TWO);
  assert.ok(times.length > 140, `${times.length} dials`);
  const waits = [1, 2, ...Array(100).fill(4)].map((wait) => wait * SECOND);
  assertWaits(times, waits);
});

test("with connect_backoff the wait grows to 30 s", async (t) => {
  const world = new Simulation(t, SEED);
  const cluster = { routes: [routeOn(TWO)], connectBackoff: true };
  await world.start(ONE, { cluster });
  await world.clock.advance(10 * MINUTE);
  const waits = [1, 2, 4, 8, 16, 30, 30, 30].map((wait) => wait * SECOND);
  assertWaits(world.dialsTo(TWO), waits);
});

test("a server that cannot be reached at all costs a second each time", async (t) => {
  const world = new Simulation(t, SEED);
  world.network.partition(ONE, TWO);
  const midge = await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.clock.advance(10 * SECOND);
  assertWaits(world.dialsTo(TWO), [2 * SECOND, 3 * SECOND]);
  assert.match(errors(midge)[0] ?? "", /attempt 1\): .*i\/o timeout/);
});

test("a server that comes late is met, and one that comes back as well", async (t) => {
  const world = new Simulation(t, SEED);
  const one = await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.clock.advance(MINUTE);
  const two = await world.start(TWO);
  await world.meshed([one, two], 5 * SECOND);
  await two.server.stop();
  await world.clock.advance(MINUTE);
  assert.equal(routeCount(one), 0);
  const again = await world.start(TWO);
  await world.meshed([one, again], 5 * SECOND);
});

test("after a loss the first new attempt comes within 1.1 s", async (t) => {
  const world = new Simulation(t, SEED);
  const two = await world.start(TWO);
  const one = await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.meshed([one, two]);
  await world.clock.advance(MINUTE);
  const before = world.clock.monotonic();
  world.network.resetBetween(ONE, TWO);
  await world.clock.advanceUntil(() => world.dials.length === 2);
  const passed = world.clock.monotonic() - before;
  assert.ok(passed >= SECOND && passed <= 1.11 * SECOND, `${passed}`);
  await world.meshed([one, two], SECOND);
});

test("the first failure is reported, then every n-th", async (t) => {
  const world = new Simulation(t, SEED);
  const cluster = { routes: [routeOn(TWO)] };
  const one = await world.start(ONE, { cluster, connectErrorReports: 5 });
  await world.clock.advance(MINUTE);
  const reported = errors(one).map((line) => /attempt (\d+)/.exec(line)?.[1]);
  assert.deepEqual(reported, ["1", "5", "10", "15"]);
  assert.match(
    errors(one)[0]!,
    /^ERR Error trying to connect to route \(attempt 1\): dial tcp 10\.0\.0\.2:6222: connect: connection refused$/,
  );
});

test("by default only the first failure is reported before the first success", async (t) => {
  const world = new Simulation(t, SEED);
  const one = await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.clock.advance(10 * MINUTE);
  assert.equal(errors(one).length, 1);
});

test("after a success each failure is reported, or every n-th", async (t) => {
  for (const [every, expected] of [[1, ["1", "2", "3"]], [3, ["1", "3"]]]) {
    const world = new Simulation(t, SEED);
    const two = await world.start(TWO);
    const one = await world.start(ONE, {
      cluster: { routes: [routeOn(TWO)] },
      reconnectErrorReports: every as number,
    });
    await world.meshed([one, two]);
    await two.server.stop();
    await world.clock.advance(5 * SECOND);
    const reported = errors(one).map((line) => /attempt (\d+)/.exec(line)?.[1]);
    assert.deepEqual(reported, expected);
  }
});

for (const retries of [0, 2]) {
  test(`a server known by gossip is tried ${retries + 1} times`, async (t) => {
    const world = new Simulation(t, SEED);
    const one = await world.start(ONE, {
      cluster: { connectRetries: retries },
    });
    const peer = await world.join(TWO, ONE);
    const gossip = infoText({
      id: "THREE",
      info: { ip: `nats-route://${THREE}:${ROUTE_PORT}/` },
    });
    peer.say(gossip);
    await world.clock.advance(20 * SECOND);
    assert.equal(world.dials.length, retries + 1);
    assertWaits(
      world.dialsTo(THREE),
      [1, 2].slice(0, retries).map((s) => s * SECOND),
    );
    // It was forgotten: gossip may bring it back.
    const three = await world.start(THREE);
    peer.say(gossip);
    await world.clock.advance(SECOND);
    assert.equal(routeCount(one), 2);
    assert.equal(routeCount(three), 1);
  });
}

test("a server known by gossip that refuses us is not tried again", async (t) => {
  const world = new Simulation(t, SEED);
  const authorization = {
    ...defaultAuthorizationOptions(),
    token: "secret",
  };
  const three = await world.start(THREE, { cluster: { authorization } });
  await world.start(ONE);
  const peer = await world.join(TWO, ONE);
  peer.say(
    infoText({
      id: "THREE",
      info: { ip: `nats-route://${THREE}:${ROUTE_PORT}/` },
    }),
  );
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, 1);
  assert.equal(routeCount(three), 0);
});

test("a configured server that refuses us is tried ever less often", async (t) => {
  const world = new Simulation(t, SEED);
  const authorization = {
    ...defaultAuthorizationOptions(),
    token: "secret",
  };
  await world.start(TWO, { cluster: { authorization } });
  await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.clock.advance(MINUTE);
  const waits = [1, 2, 4, 4, 4].map((wait) => wait * SECOND);
  assertWaits(world.dialsTo(TWO), waits);
});

test("a route of a server known by gossip that is lost is made again", async (t) => {
  const world = new Simulation(t, SEED);
  const one = await world.start(ONE);
  const cluster = { routes: [routeOn(ONE)] };
  const two = await world.start(TWO, { cluster });
  const three = await world.start(THREE, { cluster });
  await world.meshed([one, two, three]);
  await world.clock.advance(MINUTE);
  world.network.resetBetween(TWO, THREE);
  await world.clock.advanceUntil(() => routeCount(two) === 1);
  await world.meshed([one, two, three], SECOND);
});

test("a server that dials itself never does it again", async (t) => {
  const world = new Simulation(t, SEED);
  const one = await world.start(ONE, { cluster: { routes: [routeOn(ONE)] } });
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, 1);
  assert.deepEqual(errors(one), []);
  assert.equal(routeCount(one), 0);
});

test("a dialer rests while another connection to its server stands", async (t) => {
  const world = new Simulation(t, SEED);
  const one = await world.start(ONE, { cluster: { routes: [routeOn(TWO)] } });
  await world.clock.advance(10 * SECOND);
  const two = await world.start(TWO, { cluster: { routes: [routeOn(ONE)] } });
  await world.meshed([one, two]);
  // Both have dialled; one connection is left, and both rest on it.
  await world.clock.advance(10 * SECOND);
  const before = world.dials.length;
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, before);
  world.network.resetBetween(ONE, TWO);
  await world.clock.advanceUntil(() => routeCount(one) === 0);
  await world.meshed([one, two], 2 * SECOND);
  const dialling = world.dials.slice(before).map(({ from }) => from);
  assert.ok(dialling.includes(ONE) || dialling.includes(TWO));
});

test("a server that stops no longer dials", async (t) => {
  const world = new Simulation(t, SEED);
  const two = await world.start(TWO);
  const routes = [routeOn(TWO), routeOn(THREE)];
  const one = await world.start(ONE, { cluster: { routes } });
  await world.meshed([one, two]);
  await one.server.stop();
  const before = world.dials.length;
  await world.clock.advance(10 * MINUTE);
  assert.equal(world.dials.length, before);
  assert.equal(routeCount(two), 0);
});
