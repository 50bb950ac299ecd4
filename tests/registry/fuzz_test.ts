/**
 * Random requests to a registry on a real port: it answers or refuses each one,
 * keeps its limits, and goes on running. The seed is printed; MIDGE_TEST_SEED
 * repeats it.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { NODES_MAX, nodesFrom } from "../../src/discovery/node_record.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import {
  announce,
  type Asked,
  idsOf,
  listOf,
  nodeJson,
  startRegistry,
  TestApi,
} from "./asking.ts";

const API_ROUNDS = 4000;
const SOCKETS = 60;

const METHODS = ["GET", "PUT", "DELETE", "HEAD", "POST", "OPTIONS", "put", ""];
const PATHS = [
  "/",
  "/v1/nodes",
  "/v1/nodes/",
  "/v1/nodes/A",
  "/v1/nodes/B",
  "/v1/nodes/..%2f..%2fetc",
  "/v1/nodes/__proto__",
  "/discoveryz",
  "/discoveryz?index=1&wait=1ms",
  "/discoveryz?index=9999999999999999999&wait=-1s",
  "/discoveryz?wait=55s&index=%00",
  "/discoveryz/stream",
  "*",
  "",
];
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "a\r\nb",
  "\u202e\u0000",
  "nats://127.0.0.1:4222",
  "nats-route://[::1]:6222",
  "nats://u:p@h:1",
  "x".repeat(600),
  [],
  {},
  ["nats://127.0.0.1:4222", "nats://127.0.0.1:5222"],
  [["nats://127.0.0.1:4222"]],
  { __proto__: null, length: 3 },
];
const FIELDS = [
  "id",
  "name",
  "cluster",
  "urls",
  "url",
  "routes",
  "monitor",
  "lameDuck",
  "priority",
  "weight",
  "ttl",
  "__proto__",
  "toString",
];

function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[randomBelow(random, list.length)]!;
}

function randomBody(random: Random): string | Uint8Array {
  if (random.next() < 0.1) {
    const bytes = new Uint8Array(randomBelow(random, 64));
    random.fill(bytes);
    return bytes;
  }
  const fields = Array.from(
    { length: randomBelow(random, 6) },
    () =>
      `${JSON.stringify(oneOf(random, FIELDS))}:${
        JSON.stringify(oneOf(random, VALUES))
      }`,
  );
  const good = random.next() < 0.4 ? ['"urls":["nats://127.0.0.1:1"]'] : [];
  const text = `{${[...fields, ...good].join(",")}}`;
  return random.next() < 0.1 ? text.slice(randomBelow(random, 9)) : text;
}

function randomRequest(random: Random): [target: string, asked: Asked] {
  const headers: Record<string, string> = {};
  if (random.next() < 0.1) headers["if-none-match"] = '"1"';
  if (random.next() < 0.05) headers["origin"] = "null";
  const path = oneOf(random, PATHS);
  const isNode = path.startsWith("/v1/nodes/") && random.next() < 0.7;
  const signal = AbortSignal.abort();
  const method = isNode ? "PUT" : oneOf(random, METHODS);
  const target = isNode && random.next() < 0.5
    ? `/v1/nodes/n${randomBelow(random, 400)}`
    : path;
  return [target, { method, headers, body: randomBody(random), signal }];
}

test("the API answers or refuses any request, and keeps its limits", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const api = new TestApi();
  const statuses = new Set<number>();
  for (let round = 0; round < API_ROUNDS; round++) {
    const [target, asked] = randomRequest(random);
    const reply = await api.reply(target, asked);
    statuses.add(reply.status);
    const about = `seed ${seed} round ${round}: ${asked.method} ${target}`;
    assert.ok(reply.status >= 200 && reply.status <= 503, about);
    assert.notEqual(reply.status, 500, about);
    if (reply.status >= 400 && "body" in reply) JSON.parse(reply.body);
    if (round % 500 === 0) await api.clock.advance(1000);
  }
  for (const status of [200, 201, 400, 403, 404, 405]) {
    assert.ok(statuses.has(status), `seed ${seed}: no ${status}`);
  }
  const list = await api.list();
  assert.ok(list.nodes.length > 0 && list.nodes.length <= NODES_MAX);
  for (const id of idsOf(list)) assert.match(id, /^[\w-]{1,64}$/);
  assert.deepEqual(
    JSON.parse(JSON.stringify(nodesFrom(list)?.map(({ urls }) => urls))),
    list.nodes.map(({ urls = [] }) => urls),
    "what is listed is what a reader takes",
  );
  for (const line of api.log.lines) assert.doesNotMatch(line, /[\p{Cc}]/u);
  await api.clock.advance(3_600_000);
  assert.deepEqual(idsOf(await api.list()), []);
  assert.equal(api.api.waiting.count, 0);
  assert.equal(api.clock.pendingTimers, 0);
});

test("the registry survives random bytes", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const { registry, url } = await startRegistry(t);
  await announce(url, "A", nodeJson(1));
  const { host, port } = registry.address!;
  const throwAt = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, host, () => socket.write(bytes));
      socket.on("data", () => socket.destroy());
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      // Half a request gets no answer before its time limit.
      setTimeout(() => socket.destroy(), 20 + randomBelow(random, 30));
    });
  const broken = Array.from({ length: SOCKETS }, () => {
    const [target, { method, body = "" }] = randomRequest(random);
    const length = randomBelow(random, 2) === 0 ? body.length : 99_999_999_999;
    const head = new TextEncoder().encode(
      `${method} ${target} HTTP/1.1\r\nHost: x\r\n` +
        `Content-Length: ${length}\r\n\r\n${body}`,
    );
    const at = randomBelow(random, head.length);
    if (random.next() < 0.5) head[at] = randomBelow(random, 256);
    return head.subarray(0, 1 + randomBelow(random, head.length));
  });
  await Promise.all(broken.map(throwAt));
  const { nodes } = await listOf(url);
  assert.ok(nodes.length >= 0 && nodes.length <= SOCKETS + 1, `seed ${seed}`);
  assert.equal(await announce(url, "Z", nodeJson(9)), 201);
  assert.ok(idsOf(await listOf(url)).includes("Z"));
});
