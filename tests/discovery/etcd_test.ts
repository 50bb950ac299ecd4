/** Discovery at a real etcd: the suite, and what only etcd does. */
import assert from "node:assert/strict";
import {
  type Discovery,
  DiscoveryError,
} from "../../src/discovery/discovery.ts";
import {
  etcd,
  ETCD_REQUEST_TIMEOUT_MS,
  ETCD_SILENCE_MS,
} from "../../src/discovery/providers/etcd.ts";
import type { EtcdOptions } from "../../src/discovery/sources/etcd_prefix.ts";
import { Finder } from "../../src/discovery/finding/finder.ts";
import {
  type NodeRecord,
  nodeToJson,
} from "../../src/discovery/node_record.ts";
import type { DiscoveryPlatform } from "../../src/discovery/platform.ts";
import { platform } from "../../src/runtime/mod.ts";
import { type Etcd, etcdMissing, startEtcd } from "../support/etcd.ts";
import { openGate } from "../support/tcp_gate.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  ask,
  describeDiscovery,
  startWatch,
  testNode,
  urlsOf,
} from "./suite.ts";

const skip = etcdMissing;
const PASSWORD = "correct horse";

if (skip) {
  test("etcd does what every provider does", { skip });
} else {
  describeDiscovery("etcd", { whenEmpty: "empty" }, async (t) => {
    const server = await startEtcd(t);
    await server.enableAuth(PASSWORD);
    const gate = await openGate(t, server.port);
    const options = { user: "root", password: PASSWORD, prefix: "midge" };
    return {
      secret: PASSWORD,
      provider: (wanted) =>
        etcd(optionsFor(gate.port, options), platform, wanted),
      put: (nodes) => server.replace("/midge/", valuesOf(nodes)),
      putRaw: (items) =>
        server.replace(
          "/midge/",
          Object.fromEntries(
            items.map((item, at) => [`/midge/${at}`, JSON.stringify(item)]),
          ),
        ),
      cut: () => gate.cut(),
      mend: () => gate.open(),
      stall: () => gate.stall(),
      speak: (text) => gate.speak(text),
    };
  });
}

test(
  "etcd keeps to its prefix, however that is written",
  { skip },
  async (t) => {
    const server = await startEtcd(t);
    const value = JSON.stringify(nodeToJson(testNode(1)));
    for (const key of ["/a/b/x", "/a/b0", "/a/b", "/a/c/x", "a/b/x"]) {
      await server.put(key, value);
    }
    for (const prefix of ["a/b", "/a/b", "/a/b/"]) {
      const provider = providerAt(server, { prefix });
      assert.equal(provider.name, `etcd://127.0.0.1:${server.port}/a/b`);
      assert.equal((await ask(provider)).endpoints.length, 1, prefix);
    }
  },
);

test(
  "etcd leaves out values that are no JSON and no text",
  { skip },
  async (t) => {
    const server = await startEtcd(t);
    await server.replace("/midge/", {
      ...valuesOf([testNode(1)]),
      "/midge/a": "{",
      "/midge/b": "\xff\xfe",
      "/midge/c": "",
    });
    const { endpoints } = await ask(providerAt(server));
    assert.deepEqual(urlsOf(endpoints), testNode(1).urls);
  },
);

test("an etcd watch goes on after a compaction", { skip }, async (t) => {
  const server = await startEtcd(t);
  await server.replace("/midge/", valuesOf([testNode(1)]));
  const { clock, provider, paths, bodies, letWatch } = heldProvider(server);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  const next = watcher.sees(testNode(2).urls);
  await until("the watch begins", () => paths.length === 2);
  await server.replace("/midge/", valuesOf([testNode(3)]));
  await server.replace("/midge/", valuesOf([testNode(2)]));
  const revision = await server.revision();
  await server.call("kv/compaction", { revision, physical: true });
  letWatch();
  await passTime(clock, next, 10);
  assert.match(bodies.join(""), /"compact_revision"/);
  assert.deepEqual(paths.slice(0, 3), [
    "/v3/kv/range",
    "/v3/watch",
    "/v3/kv/range",
  ]);
});

test("an etcd watch does not wait for a revision of a store that is no more", {
  skip,
}, async (t) => {
  const server = await startEtcd(t);
  for (const number of [1, 2, 3]) {
    await server.replace("/midge/", valuesOf([testNode(number)]));
  }
  const { clock, provider, paths, letWatch } = heldProvider(server);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(3).urls);
  const next = watcher.sees(testNode(4).urls);
  await until("the watch begins", () => paths.length === 2);
  await server.stop();
  server.empty();
  await server.start();
  await server.replace("/midge/", valuesOf([testNode(4)]));
  letWatch();
  await passTime(clock, next, 10);
});

test("an etcd watch finds its way in a store that was emptied", {
  skip,
}, async (t) => {
  const server = await startEtcd(t);
  const provider = providerAt(server);
  for (const number of [1, 2, 3]) {
    await server.replace("/midge/", valuesOf([testNode(number)]));
  }
  const last = await ask(provider);
  await server.stop();
  server.empty();
  await server.start();
  await server.replace("/midge/", valuesOf([testNode(4)]));
  assert.ok(await server.revision() < Number(last.version));
  const watcher = startWatch(t, provider, last);
  await watcher.sees(testNode(4).urls);
  await server.replace("/midge/", valuesOf([testNode(5)]));
  await watcher.sees(testNode(5).urls);
});

test("an etcd watch ends when etcd does", { skip }, async (t) => {
  const server = await startEtcd(t);
  await server.replace("/midge/", valuesOf([testNode(1)]));
  const watcher = startWatch(t, providerAt(server));
  await watcher.sees(testNode(1).urls);
  const failed = assert.rejects(watcher.next(), DiscoveryError);
  await server.stop();
  await failed;
});

test("an etcd watch notices that its connection is half-open", {
  skip,
}, async (t) => {
  const server = await startEtcd(t);
  const gate = await openGate(t, server.port);
  await server.replace("/midge/", valuesOf([testNode(1)]));
  const { clock, provider, streams } = countingProvider(gate.port);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  const next = watcher.next();
  await until("the watch is open", () => streams.open === 1);
  gate.stall();
  const failed = assert.rejects(next, {
    message:
      `"${provider.name}" did not answer in ${ETCD_REQUEST_TIMEOUT_MS} ms`,
  });
  await clock.advance(ETCD_SILENCE_MS);
  await passTime(clock, failed, 1000);
  assert.equal(clock.pendingTimers, 0);
});

test("an etcd watch that is merely silent goes on without a word", {
  skip,
}, async (t) => {
  const server = await startEtcd(t);
  await server.replace("/midge/", valuesOf([testNode(1)]));
  const { clock, provider, streams } = countingProvider(server.port);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  const next = watcher.sees(testNode(2).urls);
  for (const count of [1, 2, 3]) {
    await until("the watch is open", () => streams.open === count);
    await clock.advance(ETCD_SILENCE_MS);
  }
  await server.replace("/midge/", valuesOf([testNode(2)]));
  await passTime(clock, next, 10);
});

test("a finder outlives its etcd, and forgets nothing meanwhile", {
  skip,
}, async (t) => {
  const server = await startEtcd(t);
  await server.replace("/midge/", valuesOf([testNode(1)]));
  const found: string[] = [];
  let failures = 0;
  const finder = new Finder([providerAt(server)], platform, {
    onFound: (_provider, endpoints) => found.push(urlsOf(endpoints).join(" ")),
    onAnswer: ({ error }) => failures += error === undefined ? 0 : 1,
  });
  t.after(() => finder.stop());
  finder.start();
  await until("the first node is found", () => found.length > 0);
  await server.stop();
  await until("the watch has failed", () => failures > 0);
  await server.start();
  await server.replace("/midge/", valuesOf([testNode(2)]));
  const [first, second] = [testNode(1), testNode(2)].map(({ urls }) => urls[0]);
  await until("the second node is found", () => found.at(-1) === second);
  assert.ok(found.every((urls) => urls === first || urls === second));
});

test("etcd replaces a token that is no longer taken", { skip }, async (t) => {
  const server = await startEtcd(t);
  await server.replace("/midge/", valuesOf([testNode(1)]));
  await server.enableAuth(PASSWORD);
  const provider = providerAt(server, { user: "root", password: PASSWORD });
  await ask(provider);
  // Tokens live in etcd's memory.
  await server.stop();
  await server.start();
  await server.logIn(PASSWORD);
  const { endpoints } = await ask(provider);
  assert.deepEqual(urlsOf(endpoints), testNode(1).urls);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  await server.replace("/midge/", valuesOf([testNode(2)]));
  await watcher.sees(testNode(2).urls);
});

test("etcd says why it lets nobody in", { skip }, async (t) => {
  const server = await startEtcd(t);
  await server.enableAuth(PASSWORD);
  await server.call("auth/user/add", { name: "bob", password: "b" });
  const refusals: [Partial<EtcdOptions>, string][] = [
    [{}, "user name is empty"],
    [
      { user: "root", password: "wrong" },
      "authentication failed, invalid user ID or password",
    ],
    [{ user: "bob", password: "b" }, "permission denied"],
  ];
  for (const [options, why] of refusals) {
    const provider = providerAt(server, options);
    await assert.rejects(ask(provider), {
      code: "DISCOVERY",
      message: `Cannot ask "${provider.name}": ${why}`,
    });
  }
});

test("etcd without authentication takes a user who has a password", {
  skip,
}, async (t) => {
  const server = await startEtcd(t);
  const provider = providerAt(server, { user: "bob", password: "b" });
  assert.deepEqual((await ask(provider)).endpoints, []);
});

function providerAt(
  { port }: Etcd,
  options: Partial<EtcdOptions> = {},
): Discovery {
  return etcd(optionsFor(port, options), platform, "client");
}

function optionsFor(
  port: number,
  options: Partial<EtcdOptions> = {},
): EtcdOptions {
  return {
    host: "127.0.0.1",
    port,
    tls: false,
    user: "",
    password: "",
    prefix: "midge",
    ...options,
  };
}

/** A provider on a virtual clock, whose first reading is old by the time that it may watch. */
function heldProvider({ port }: Etcd): {
  clock: VirtualClock;
  provider: Discovery;
  /** What was asked. */
  paths: string[];
  /** What was answered. */
  bodies: string[];
  letWatch(): void;
} {
  const clock = new VirtualClock();
  const held = Promise.withResolvers<void>();
  const paths: string[] = [];
  const bodies: string[] = [];
  const fetch: DiscoveryPlatform["fetch"] = async (url, request) => {
    paths.push(new URL(url).pathname);
    if (url.endsWith("/watch")) await held.promise;
    const answer = await platform.fetch(url, request);
    return { ...answer, body: heard(answer.body!, bodies) };
  };
  const machine = { ...platform, clock, fetch };
  const provider = etcd(optionsFor(port), machine, "client");
  return { clock, provider, paths, bodies, letWatch: held.resolve };
}

/** A provider on a virtual clock, and how many watches have been answered. */
function countingProvider(port: number): {
  clock: VirtualClock;
  provider: Discovery;
  streams: { open: number };
} {
  const clock = new VirtualClock();
  const streams = { open: 0 };
  const fetch: DiscoveryPlatform["fetch"] = async (url, request) => {
    const answer = await platform.fetch(url, request);
    if (!url.endsWith("/watch") || answer.body === null) return answer;
    return { ...answer, body: counted(answer.body, streams) };
  };
  const random = { ...platform.random, next: () => 0 };
  const machine = { ...platform, clock, random, fetch };
  const provider = etcd(optionsFor(port), machine, "client");
  return { clock, provider, streams };
}

/** The same body; counts once its first piece was taken. */
async function* counted(
  body: AsyncIterable<Uint8Array>,
  streams: { open: number },
): AsyncGenerator<Uint8Array, void> {
  let isFirst = true;
  for await (const chunk of body) {
    yield chunk;
    if (isFirst) streams.open++;
    isFirst = false;
  }
}

/** The same body; what passes is written down. */
async function* heard(
  body: AsyncIterable<Uint8Array>,
  texts: string[],
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) {
    texts.push(new TextDecoder().decode(chunk));
    yield chunk;
  }
}

/** Lets virtual time pass in steps, and real time with it, until `work` is done. */
async function passTime(
  clock: VirtualClock,
  work: Promise<unknown>,
  stepMs: number,
): Promise<void> {
  let isOver = false;
  const over = work.finally(() => isOver = true);
  over.catch(() => {});
  await until("what is waited for", async () => {
    await clock.advance(stepMs);
    return isOver;
  });
  await over;
}

function valuesOf(nodes: readonly NodeRecord[]): Record<string, string> {
  return Object.fromEntries(
    nodes.map((node) => [
      `/midge/${node.id}`,
      JSON.stringify(nodeToJson(node)),
    ]),
  );
}
