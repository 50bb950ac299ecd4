/**
 * Whatever the order of starts, dials and faults: in the end there is one route
 * for each pair of servers, and one name for the cluster.
 */
import assert from "node:assert/strict";
import { Interest } from "../../src/accounts/subscription.ts";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import type { TestServer } from "../support/midge.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { isMesh, routeOn, Simulation } from "./simulation.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);
const SECOND = 1000;

function machine(index: number): string {
  return `10.0.0.${index + 1}`;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
}

/** The servers that each server dials: one before it, so that all hang together, and others. */
function randomRoutes(count: number, random: Random): number[][] {
  return Array.from({ length: count }, (_, index) => {
    const routes = index === 0 ? [] : [randomBelow(random, index)];
    const more = randomBelow(random, 3);
    for (let i = 0; i < more; i++) routes.push(randomBelow(random, count));
    return routes;
  });
}

/** Interest, which a server announces on each route that it makes. */
function want({ server }: TestServer, subject: string): void {
  const receiver = { deliver: () => false };
  const sid = new Uint8Array(1);
  server.broker.account.add(Interest.ofClient(receiver, subject, "", sid));
}

/** No dial and no change for minutes: no server works against another. */
async function assertSettled(
  world: Simulation,
  servers: readonly TestServer[],
  seed: number,
): Promise<void> {
  await world.clock.advance(10 * SECOND);
  const dials = world.dials.length;
  const lines = (): number =>
    servers.reduce((sum, { log }) => sum + created(log.lines), 0);
  const before = lines();
  await world.clock.advance(200 * SECOND);
  assert.ok(isMesh(servers), `a full mesh at seed ${seed}`);
  assert.equal(world.dials.length, dials, `no dials at seed ${seed}`);
  assert.equal(lines(), before, `no new connections at seed ${seed}`);
}

function created(lines: readonly string[]): number {
  return lines.filter((line) => line.includes("Route connection created"))
    .length;
}

test("two servers that dial each other at once meet in one round", async (t) => {
  for (let seed = SEED; seed < SEED + 100; seed++) {
    const world = new Simulation(t, seed, 100);
    const servers = await Promise.all([0, 1].map((index) => {
      const routes = [routeOn(machine(1 - index))];
      return world.start(machine(index), { cluster: { routes } });
    }));
    // A second dial would come a second later: this one succeeded.
    await world.meshed(servers, 900);
    await assertSettled(world, servers, seed);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("servers that all dial each other at once form a mesh in one round", async (t) => {
  for (let seed = SEED; seed < SEED + 40; seed++) {
    const world = new Simulation(t, seed, 50);
    const indexes = [0, 1, 2, 3, 4];
    const isProtected = seed % 2 === 0;
    const login = isProtected ? { user: "ruth", password: "secret" } : {};
    const authorization = isProtected
      ? { ...defaultAuthorizationOptions(), ...login }
      : undefined;
    const routes = indexes.map((index) => ({
      ...routeOn(machine(index)),
      ...login,
    }));
    const servers = await Promise.all(
      indexes.map(async (index) => {
        const cluster = { routes, authorization };
        const midge = await world.start(machine(index), { cluster });
        want(midge, `at.${index}`);
        return midge;
      }),
    );
    await world.meshed(servers, 900);
    await assertSettled(world, servers, seed);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("any way of starting leads to a mesh", async (t) => {
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const random = seededRandom(seed);
    const world = new Simulation(t, seed, 20);
    const count = 2 + randomBelow(random, 5);
    const routes = randomRoutes(count, random);
    const servers: TestServer[] = [];
    for (const index of shuffled([...routes.keys()], random)) {
      const cluster = { routes: routes[index]!.map(machine).map(routeOn) };
      servers.push(await world.start(machine(index), { cluster }));
      await world.clock.advance(random.next() * 200);
    }
    await world.meshed(servers);
    await assertSettled(world, servers, seed);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("made-up names become one, or the configured one", async (t) => {
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const random = seededRandom(seed);
    const world = new Simulation(t, seed, 20);
    const count = 2 + randomBelow(random, 5);
    const routes = randomRoutes(count, random);
    const named = seed % 2 === 0 ? randomBelow(random, count) : -1;
    const servers: TestServer[] = [];
    for (const index of shuffled([...routes.keys()], random)) {
      const name = index === named ? "C1" : "";
      const cluster = {
        name,
        routes: routes[index]!.map(machine).map(routeOn),
      };
      servers.push(await world.start(machine(index), { cluster }));
      await world.clock.advance(random.next() * 200);
    }
    await world.meshed(servers);
    const names = new Set(
      servers.map(({ server }) => server.cluster!.clusterName),
    );
    assert.equal(names.size, 1, `one name at seed ${seed}`);
    if (named >= 0) assert.ok(names.has("C1"));
    await assertSettled(world, servers, seed);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("a mesh mends itself after resets", async (t) => {
  for (let seed = SEED; seed < SEED + 10; seed++) {
    const random = seededRandom(seed);
    const world = new Simulation(t, seed, 20);
    const routes = randomRoutes(4, random);
    const servers = await Promise.all(routes.map((targets, index) => {
      const cluster = { routes: targets.map(machine).map(routeOn) };
      return world.start(machine(index), { cluster });
    }));
    await world.meshed(servers);
    for (let fault = 0; fault < 20; fault++) {
      const [one, two] = shuffled([0, 1, 2, 3], random).map(machine);
      world.network.resetBetween(one!, two!);
      await world.clock.advance(random.next() * 500);
    }
    await world.meshed(servers);
    await assertSettled(world, servers, seed);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("a server that starts anew under its old address is taken in again", async (t) => {
  const world = new Simulation(t, SEED);
  const routes = [0, 1, 2].map(machine).map(routeOn);
  const servers = [];
  for (let index = 0; index < 3; index++) {
    servers.push(await world.start(machine(index), { cluster: { routes } }));
  }
  await world.meshed(servers);
  for (let round = 0; round < 6; round++) {
    const index = round % 3;
    await servers[index]!.server.stop();
    await world.clock.advance(round * 100);
    servers[index] = await world.start(machine(index), { cluster: { routes } });
    await world.meshed(servers, 10 * SECOND);
  }
  await assertSettled(world, servers, SEED);
});
