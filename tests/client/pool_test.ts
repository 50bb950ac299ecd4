/** Who says that there is a server, what becomes of it, and in which order servers are tried. */
import assert from "node:assert/strict";
import { RoundOrder } from "../../src/client/servers/order.ts";
import {
  GRACE_MS,
  POOL_SERVERS_MAX,
  ServerPool,
} from "../../src/client/servers/pool.ts";
import {
  foundServer,
  parseServer,
} from "../../src/client/servers/server_url.ts";
import type {
  PoolServer,
  ServerFacts,
} from "../../src/client/servers/pool_server.ts";
import type { Origin } from "../../src/client/api/servers.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function found(
  origin: Origin,
  ...hosts: readonly string[]
): PoolServer[] {
  return hosts.map((host) => server(host, origin));
}

function server(
  host: string,
  origin: Origin,
  facts: ServerFacts = {},
): PoolServer {
  return foundServer(`nats://${host}`, origin, facts)!;
}

function hostsOf(pool: ServerPool): string[] {
  return pool.servers.map(({ host }) => host);
}

test("each source replaces what it said itself", () => {
  const pool = new ServerPool([parseServer("a")], undefined);
  const one = "provider:one";
  assert.deepEqual(pool.replace(one, found(one, "a", "b", "c")), {
    added: ["b:4222", "c:4222"],
    deleted: [],
  });
  pool.replace("provider:two", found("provider:two", "c", "d"));
  assert.deepEqual(pool.replace(one, []), { added: [], deleted: ["b:4222"] });
  assert.deepEqual(hostsOf(pool), ["a", "c", "d"]);
  pool.replace("provider:two", []);
  assert.deepEqual(hostsOf(pool), ["a"]);
});

test("what is in use stays until the next answer after it", () => {
  const pool = new ServerPool([parseServer("a")], undefined);
  const [b] = found("cache", "b");
  pool.replace("cache", [b!]);
  pool.use(b!);
  pool.replace("cache", []);
  assert.deepEqual(hostsOf(pool), ["a", "b"]);
  pool.use(pool.servers[0]!);
  pool.replace("cache", []);
  assert.deepEqual(hostsOf(pool), ["a"]);
});

test("a server that comes back from its grace is told as added", () => {
  const clock = new VirtualClock();
  const pool = new ServerPool([parseServer("a")], undefined, clock);
  pool.update(["b", "c"]);
  assert.deepEqual(pool.update(["b"]).deleted, ["c:4222"]);
  assert.deepEqual(pool.update(["b", "c"]).added, ["c:4222"]);
  assert.deepEqual([...pool.servers[2]!.origins], ["gossip"]);
});

test("a grace ends", async () => {
  const clock = new VirtualClock();
  const pool = new ServerPool([parseServer("a")], undefined, clock);
  pool.update(["b", "c"]);
  pool.update(["b"]);
  await clock.advance(GRACE_MS - 1);
  assert.equal(pool.servers.length, 3);
  await clock.advance(2);
  assert.deepEqual(hostsOf(pool), ["a", "b"]);
});

test("a source that fills the pool does not keep others out", () => {
  const pool = new ServerPool([parseServer("a")], undefined);
  const many = Array.from({ length: 1000 }, (_, i) => `n${i}`);
  pool.replace("cache", found("cache", ...many));
  assert.equal(pool.size, 1 + POOL_SERVERS_MAX);
  const one = "provider:one";
  pool.replace(one, found(one, ...many.map((name) => `p${name}`)));
  assert.equal(pool.size, 1 + POOL_SERVERS_MAX);
  assert.deepEqual(pool.update(["g1", "g2"]).added, ["g1:4222", "g2:4222"]);
  const two = "provider:two";
  assert.deepEqual(pool.replace(two, found(two, "late")).added, []);
  assert.equal(pool.size, 1 + POOL_SERVERS_MAX);
});

test("a text that is too long, or no URL of a server, is left out", () => {
  assert.equal(
    foundServer(`nats://${"a".repeat(600)}`, "cache", {}),
    undefined,
  );
  assert.equal(foundServer("http://a", "cache", {}), undefined);
  const server = foundServer("nats://ann:x@a:1", "cache", {});
  assert.equal(server?.credentials, undefined);
});

test("the user's new servers take the place of old ones and of gossip", () => {
  const pool = new ServerPool(["a", "b"].map(parseServer), undefined);
  pool.update(["b", "c"]);
  pool.replace("provider:x", found("provider:x", "d"));
  const kept = pool.servers[1]!;
  assert.deepEqual(pool.reset(["e", "b"].map(parseServer)), {
    added: ["e:4222"],
    deleted: ["a:4222", "c:4222"],
  });
  assert.deepEqual(hostsOf(pool), ["e", "b", "d"]);
  assert.equal(pool.servers[1], kept);
  pool.update(["e"]);
  assert.deepEqual(hostsOf(pool), ["e", "b", "d"], "b is the user's now");
});

test("all doors of a lame duck are lame, until another process has them", () => {
  const pool = new ServerPool([], undefined);
  const x = "provider:x";
  const doors = (serverId: string): PoolServer[] =>
    ["a", "b"].map((host) => server(host, x, { serverId }));
  pool.replace(x, doors("N1"));
  pool.markLameDuck(pool.servers[0]!);
  const lame = (): boolean[] => pool.servers.map(({ lameDuck }) => lameDuck);
  assert.deepEqual(lame(), [true, true]);
  pool.replace(x, doors("N1"));
  assert.deepEqual(lame(), [true, true]);
  pool.update(["a", "b"]);
  assert.deepEqual(lame(), [true, true], "gossip does not know");
  pool.replace(x, doors("N2"));
  assert.deepEqual(lame(), [false, false]);
});

const RULES = {
  random: undefined,
  isWatched: (origin: Origin) => origin === "provider:watched",
};

function orderOf(order: RoundOrder, servers: readonly PoolServer[]): string[] {
  const left = [...servers];
  const hosts: string[] = [];
  for (let one = order.first(left); one; one = order.first(left)) {
    hosts.push(one.host);
    left.splice(left.indexOf(one), 1);
  }
  return hosts;
}

test("the freshest news go first, lame ducks last", () => {
  const servers = [
    server("duck", "gossip", { lameDuck: true }),
    server("cached", "cache"),
    server("graced", "grace"),
    parseServer("named"),
    server("found", "provider:asked"),
    server("pushed", "provider:watched"),
    server("gossiped", "gossip"),
  ];
  const order = new RoundOrder(RULES, undefined, false);
  assert.deepEqual(orderOf(order, servers), [
    "pushed",
    "gossiped",
    "found",
    "named",
    "graced",
    "cached",
    "duck",
  ]);
  const first = new RoundOrder(RULES, undefined, true);
  assert.equal(orderOf(first, servers)[0], "named");
  const shuffled = { ...RULES, random: seededRandom(1) };
  const byChance = new RoundOrder(shuffled, undefined, true);
  assert.notEqual(orderOf(byChance, servers)[0], "named");
});

test("inside a class: the lost one last, then priority, then weight", () => {
  const at = (host: string, priority: number, weight = 1): PoolServer =>
    server(host, "provider:x", { priority, weight });
  const servers = [at("c", 2), at("b", 1, 1), at("lost", 0), at("a", 1, 9)];
  const order = new RoundOrder(RULES, servers[2], false);
  assert.deepEqual(orderOf(order, servers), ["a", "b", "c", "lost"]);
});

test("a larger weight comes first more often, and a weight of 0 now and then", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const servers = [
    server("heavy", "provider:x", { weight: 9 }),
    server("light", "provider:x", { weight: 1 }),
    server("none", "provider:x", { weight: 0 }),
  ];
  const wins = new Map<string, number>();
  for (let round = 0; round < 5000; round++) {
    const order = new RoundOrder({ ...RULES, random }, undefined, false);
    const host = order.first(servers)!.host;
    wins.set(host, (wins.get(host) ?? 0) + 1);
  }
  const share = (host: string): number => (wins.get(host) ?? 0) / 5000;
  const what = `seed ${seed}: ${JSON.stringify([...wins])}`;
  assert.ok(share("heavy") > 0.85 && share("heavy") < 0.95, what);
  assert.ok(share("light") > 0.06 && share("light") < 0.14, what);
  assert.ok(share("none") < 0.02, what);
});
