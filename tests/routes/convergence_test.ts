/**
 * Whatever the order of starts, dials and faults: in the end there is one route
 * for each pair of servers, and one name for the cluster.
 */
import assert from "node:assert/strict";
import {
  type RunningCluster,
  type ServerConfig,
  startCluster,
} from "../../src/faces/cluster.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);
const SECOND = 1000;

/** The options of each node, by its index. */
type NodeConfig = (index: number) => ServerConfig;

/** Starts one node, in memory and on a virtual clock; others join by `add`. */
function first(seed: number, node: NodeConfig): Promise<RunningCluster> {
  const surroundings = { network: "memory", clock: "virtual" } as const;
  return startCluster({ ...surroundings, seed, size: 1, node });
}

/** Starts `count` nodes at the same moment. */
async function atOnce(
  seed: number,
  count: number,
  node: NodeConfig,
): Promise<RunningCluster> {
  const cluster = await first(seed, node);
  const others = Array.from({ length: count - 1 }, () => cluster.add());
  await Promise.all(others);
  assert.equal(cluster.clock.monotonic(), 0, "no time has passed");
  return cluster;
}

/** Starts `count` nodes within 200 ms of each other. */
async function inDisorder(
  seed: number,
  count: number,
  node: NodeConfig,
): Promise<RunningCluster> {
  const random = seededRandom(seed);
  const cluster = await first(seed, node);
  for (let index = 1; index < count; index++) {
    await cluster.advance(random.next() * 200);
    await cluster.add();
  }
  return cluster;
}

function routeTo(index: number, login: string = ""): string {
  return `nats-route://${login}10.0.0.${index + 1}:6222`;
}

/** The nodes that each node dials. All hang together; a node may be dialled before it starts. */
function randomRoutes(count: number, random: Random): string[][] {
  const routes = Array.from({ length: count }, (): string[] => []);
  for (let index = 1; index < count; index++) {
    const pair = [index, randomBelow(random, index)];
    const from = randomBelow(random, 2);
    routes[pair[from]!]!.push(routeTo(pair[1 - from]!));
  }
  for (const targets of routes) {
    const more = randomBelow(random, 3);
    for (let i = 0; i < more; i++) {
      targets.push(routeTo(randomBelow(random, count)));
    }
  }
  return routes;
}

function countOf(cluster: RunningCluster, part: string): number {
  return cluster.log().filter(({ text }) => text.includes(part)).length;
}

function dialsOf(cluster: RunningCluster): number {
  return countOf(cluster, "Trying to connect to route");
}

/** No dial and no change for minutes: no server works against another. */
async function assertSettled(
  cluster: RunningCluster,
  seed: number,
): Promise<void> {
  await cluster.advance(10 * SECOND);
  const dials = dialsOf(cluster);
  const connections = countOf(cluster, "Route connection created");
  await cluster.advance(200 * SECOND);
  await cluster.meshed(1);
  for (const server of cluster.servers) {
    assert.equal(server.cluster!.routes.size, cluster.size - 1);
  }
  assert.equal(dialsOf(cluster), dials, `no dials at seed ${seed}`);
  assert.equal(
    countOf(cluster, "Route connection created"),
    connections,
    `no new connections at seed ${seed}`,
  );
}

test("two servers that dial each other at once meet in one round", async () => {
  for (let seed = SEED; seed < SEED + 100; seed++) {
    await using cluster = await atOnce(seed, 2, (index) => ({
      cluster: { routes: [routeTo(1 - index)] },
    }));
    // A second dial would come a second later: this one succeeded.
    await cluster.meshed(900);
    await assertSettled(cluster, seed);
  }
});

test("servers that all dial each other at once form a mesh in one round", async () => {
  const indexes = [0, 1, 2, 3, 4];
  for (let seed = SEED; seed < SEED + 40; seed++) {
    const isProtected = seed % 2 === 0;
    const login = isProtected ? "ruth:secret@" : "";
    const authorization = { user: "ruth", password: "secret" };
    const cluster = {
      routes: indexes.map((index) => routeTo(index, login)),
      ...(isProtected && { authorization }),
    };
    await using nodes = await atOnce(seed, 5, () => ({ cluster }));
    // Interest comes while routes are made, and is announced on those that are there.
    await Promise.all(indexes.map(async (node) => {
      const client = await nodes.connect({ node });
      client.subscribe(`at.${node}`);
    }));
    await nodes.meshed(900);
    await assertSettled(nodes, seed);
    await nodes.settled();
  }
});

test("any way of starting leads to a mesh", async () => {
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const random = seededRandom(seed);
    const count = 2 + randomBelow(random, 5);
    const routes = randomRoutes(count, random);
    await using cluster = await inDisorder(seed, count, (index) => ({
      cluster: { routes: routes[index]! },
    }));
    await cluster.meshed();
    await assertSettled(cluster, seed);
  }
});

test("made-up names become one, or the configured one", async () => {
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const random = seededRandom(seed);
    const count = 2 + randomBelow(random, 5);
    const routes = randomRoutes(count, random);
    const named = seed % 2 === 0 ? randomBelow(random, count) : -1;
    await using cluster = await inDisorder(seed, count, (index) => ({
      cluster: { name: index === named ? "C1" : "", routes: routes[index]! },
    }));
    await cluster.meshed();
    const names = new Set(
      cluster.servers.map((server) => server.cluster!.clusterName),
    );
    assert.equal(names.size, 1, `one name at seed ${seed}`);
    const expected = named >= 0 ? /^C1$/ : /^[0-9A-Za-z]{22}$/;
    assert.match([...names].join(), expected);
    await assertSettled(cluster, seed);
  }
});

test("a mesh mends itself after resets", async () => {
  for (let seed = SEED; seed < SEED + 10; seed++) {
    const random = seededRandom(seed);
    const routes = randomRoutes(4, random);
    await using cluster = await atOnce(seed, 4, (index) => ({
      cluster: { routes: routes[index]! },
    }));
    await cluster.meshed();
    for (let fault = 0; fault < 20; fault++) {
      const one = randomBelow(random, 4);
      cluster.reset(one, (one + 1 + randomBelow(random, 3)) % 4);
      await cluster.advance(random.next() * 500);
    }
    await cluster.meshed();
    await assertSettled(cluster, seed);
  }
});

test("a server that starts anew under its old address is taken in again", async () => {
  const routes = [0, 1, 2].map((index) => routeTo(index));
  await using cluster = await atOnce(SEED, 3, () => ({ cluster: { routes } }));
  await cluster.meshed();
  for (let round = 0; round < 6; round++) {
    await cluster.stop(round % 3);
    await cluster.advance(round * 100);
    await cluster.restart(round % 3);
    await cluster.meshed(10 * SECOND);
  }
  await assertSettled(cluster, SEED);
});
