/** A client's memory of servers: the suite, and what only the cache does. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  CACHE_AGE_MAX_MS,
  CACHED_SERVERS_MAX,
  cacheFile,
} from "../../src/discovery/providers/cache.ts";
import type { Endpoint } from "../../src/discovery/discovery.ts";
import { platform } from "../../src/runtime/mod.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { ask, describeDiscovery, type DiscoveryStage } from "./suite.ts";

describeDiscovery("a cache", {
  whenEmpty: "empty",
  whenGarbage: "empty",
  tellsIds: false,
  hasRoutes: false,
  watches: false,
  holds: CACHED_SERVERS_MAX,
  lacks: {
    stall: "a file is read at once or not at all",
    secret: "a path holds no secret",
  },
}, (t) => Promise.resolve(cacheStage(t)));

function cacheStage(t: TestContext): DiscoveryStage {
  const path = pathFor(t);
  const cache = cacheFile({ path }, platform);
  const seenAt = Date.now();
  return {
    provider: () => cacheFile({ path }, platform),
    put: (nodes) =>
      cache.store(nodes.flatMap(({ urls }) => urls.map((url) => ({ url })))),
    putRaw(items): void {
      const servers = items.map((item) => {
        const urls = (item as { urls?: unknown } | null)?.urls;
        const url = Array.isArray(urls) ? urls[0] : urls;
        return { url, seenAt };
      });
      writeFileSync(path, JSON.stringify({ servers: [null, 7, ...servers] }));
    },
    speak: (text) => writeFileSync(path, text),
    // A folder in its place cannot be read as a file, not even by root.
    cut(): void {
      rmSync(path);
      mkdirSync(path);
    },
    mend: () => rmSync(path, { recursive: true }),
  };
}

function pathFor(t: TestContext): string {
  return join(temporaryFolder(t), "cache.json");
}

function servers(count: number): Endpoint[] {
  return Array.from(
    { length: count },
    (_, at) => ({ url: `nats://127.0.0.1:${at + 1}` }),
  );
}

test("a cache file is for its owner alone, and holds no credentials", async (t) => {
  const path = pathFor(t);
  const cache = cacheFile({ path }, platform);
  await cache.store([{
    url: "nats://root:hunter2@127.0.0.1:4222",
    serverId: "N1",
  }]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(path, "utf8"), /root|hunter2/);
  const { endpoints } = await ask(cache);
  assert.deepEqual(endpoints, [{ url: "nats://127.0.0.1:4222" }]);
});

test("a cache file that others could read is replaced by one that they cannot", async (t) => {
  const path = pathFor(t);
  writeFileSync(path, "{}");
  chmodSync(path, 0o666);
  await cacheFile({ path }, platform).store(servers(1));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a cache is never half written, and leaves no draft behind", async (t) => {
  const path = pathFor(t);
  const cache = cacheFile({ path }, platform);
  let isDone = false;
  const stores = Promise.all(
    Array.from({ length: 30 }, (_, at) => cache.store(servers(at + 1))),
  ).then(() => isDone = true);
  while (!isDone) {
    const { endpoints } = await ask(cache);
    assert.ok(endpoints.length <= 30);
  }
  await stores;
  assert.equal((await ask(cache)).endpoints.length, 30);
  assert.deepEqual(readdirSync(join(path, "..")), ["cache.json"]);
});

test("a cache remembers the name that a certificate must show", async (t) => {
  const cache = cacheFile({ path: pathFor(t) }, platform);
  const server = { url: "tls://127.0.0.1:4222", tlsName: "nats.example" };
  await cache.store([server]);
  assert.deepEqual((await ask(cache)).endpoints, [server]);
});

test("a cache forgets servers that were not seen for a week", async (t) => {
  const clock = new VirtualClock();
  const { files } = platform;
  const cache = cacheFile({ path: pathFor(t) }, { clock, files });
  await cache.store(servers(2));
  await clock.advance(CACHE_AGE_MAX_MS);
  assert.equal((await ask(cache)).endpoints.length, 2);
  await clock.advance(1);
  assert.deepEqual((await ask(cache)).endpoints, []);
});

test("a cache holds the first servers of a long list", async (t) => {
  const path = pathFor(t);
  const cache = cacheFile({ path }, platform);
  await cache.store(servers(CACHED_SERVERS_MAX + 10));
  const { endpoints } = await ask(cache);
  assert.deepEqual(endpoints, servers(CACHED_SERVERS_MAX));
  const seenAt = Date.now();
  const more = servers(1000).map((server) => ({ ...server, seenAt }));
  writeFileSync(path, JSON.stringify({ servers: more }));
  assert.equal((await ask(cache)).endpoints.length, CACHED_SERVERS_MAX);
});

test("a cache that is empty does not claim that there are no servers", async (t) => {
  const cache = cacheFile({ path: pathFor(t) }, platform);
  const { authoritative } = await ask(cache);
  assert.equal(authoritative, false);
});

test("a cache without a folder says that it cannot be written", async (t) => {
  const path = join(temporaryFolder(t), "none", "cache.json");
  await assert.rejects(cacheFile({ path }, platform).store(servers(1)), {
    name: "DiscoveryError",
    message: `Cannot write "cache://${path}": write ${path}: ` +
      "no such file or directory",
  });
});
