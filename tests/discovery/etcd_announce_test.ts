/** Nodes that announce themselves at a real etcd, and what becomes of them. */
import assert from "node:assert/strict";
import {
  type Discovery,
  DiscoveryError,
} from "../../src/discovery/discovery.ts";
import type { Registration } from "../../src/discovery/registrar.ts";
import { etcdRegistrar } from "../../src/discovery/announcing/etcd_registrar.ts";
import { etcd } from "../../src/discovery/providers/etcd.ts";
import type { EtcdOptions } from "../../src/discovery/sources/etcd_prefix.ts";
import { nodeOf, type NodeRecord } from "../../src/discovery/node_record.ts";
import { platform } from "../../src/runtime/mod.ts";
import { type Etcd, etcdMissing, startEtcd } from "../support/etcd.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { ask, startWatch, testNode, urlsOf } from "./suite.ts";

const skip = etcdMissing;
const TTL_MS = 15_000;
const RENEWAL_MS = TTL_MS / 3;
const NODE = testNode(1);

interface Scene {
  readonly server: Etcd;
  /** Of the announcing nodes. */
  readonly clock: VirtualClock;
  readonly errors: DiscoveryError[];
  announce(node?: NodeRecord, ttlMs?: number): Promise<Registration>;
  /** URLs of the nodes that a client would find. */
  found(): Promise<string[]>;
}

async function scene(t: TestContext): Promise<Scene> {
  const server = await startEtcd(t);
  const clock = new VirtualClock();
  const errors: DiscoveryError[] = [];
  const machine = { ...platform, clock };
  const registrar = etcdRegistrar(optionsFor(server), machine);
  return {
    server,
    clock,
    errors,
    async announce(node = NODE, ttlMs = TTL_MS): Promise<Registration> {
      const registration = await registrar.register(node, {
        ttlMs,
        signal: new AbortController().signal,
        onError: (error) => errors.push(error),
      });
      t.after(() => registration.close());
      return registration;
    },
    async found(): Promise<string[]> {
      return urlsOf((await ask(etcdAt(server))).endpoints);
    },
  };
}

test("a node stands at etcd from its announcement to its withdrawal", {
  skip,
}, async (t) => {
  const { server, announce, found } = await scene(t);
  const registration = await announce();
  await announce(testNode(2));
  assert.deepEqual(await found(), [...NODE.urls, ...testNode(2).urls]);
  const stored = await server.read("/midge/");
  assert.deepEqual(Object.keys(stored), ["/midge/NODE1", "/midge/NODE2"]);
  await registration.update({ ...NODE, lameDuck: true });
  const { endpoints } = await ask(etcdAt(server));
  assert.deepEqual(endpoints.map(({ lameDuck }) => lameDuck), [
    true,
    undefined,
  ]);
  await registration.close();
  assert.deepEqual(await found(), testNode(2).urls);
});

test("a watcher at etcd hears of a node that crashed", { skip }, async (t) => {
  const { server, announce } = await scene(t);
  await announce(testNode(2), 60_000);
  // Its clock stands still, so that it never renews.
  await announce(NODE, 1000);
  const watcher = startWatch(t, etcdAt(server));
  await watcher.sees([...NODE.urls, ...testNode(2).urls]);
  await watcher.sees(testNode(2).urls);
});

test("a node whose lease was lost is announced again at its next renewal", {
  skip,
}, async (t) => {
  const { server, clock, announce, found, errors } = await scene(t);
  await announce();
  const { leases } = await server.call("lease/leases", {});
  for (const lease of leases as { ID: string }[]) {
    await server.call("lease/revoke", lease);
  }
  assert.deepEqual(await found(), []);
  await clock.advance(RENEWAL_MS);
  await until("it is back", async () => (await found()).length === 1);
  assert.deepEqual(errors, []);
});

test("a node whose lease was lost is announced again when it has news", {
  skip,
}, async (t) => {
  const { server, announce, found } = await scene(t);
  const registration = await announce();
  const { leases } = await server.call("lease/leases", {});
  const [lease] = leases as { ID: string }[];
  await server.call("lease/revoke", lease!);
  await registration.update(testNode(2));
  assert.deepEqual(await found(), testNode(2).urls);
});

test("a node whose key was removed is announced again at its next renewal", {
  skip,
}, async (t) => {
  const { server, clock, announce, found } = await scene(t);
  await announce();
  await server.remove("/midge/NODE1");
  assert.deepEqual(await found(), []);
  await clock.advance(RENEWAL_MS);
  await until("it is back", async () => (await found()).length === 1);
});

test("a node comes back to an etcd that was gone and has lost everything", {
  skip,
}, async (t) => {
  const { server, clock, announce, found, errors } = await scene(t);
  await announce();
  await server.stop();
  await clock.advance(RENEWAL_MS);
  await until("it has failed", () => errors.length > 0);
  assert.match(errors[0]!.message, /connection refused$/);
  server.empty();
  await server.start();
  await until("it is back", async () => {
    await clock.advance(1000);
    return (await found()).length === 1;
  });
});

test(
  "nobody is announced at an etcd that is not there",
  { skip },
  async (t) => {
    const { server, announce } = await scene(t);
    await server.stop();
    await assert.rejects(announce(), DiscoveryError);
  },
);

test("a node without an id cannot be announced at etcd", {
  skip,
}, async (t) => {
  const { announce } = await scene(t);
  const nameless = nodeOf({ urls: ["nats://127.0.0.1:4222"] });
  await assert.rejects(announce(nameless), /the node has no id$/);
});

function etcdAt(server: Etcd): Discovery {
  return etcd(optionsFor(server), platform, "client");
}

function optionsFor({ port }: Etcd): EtcdOptions {
  return {
    host: "127.0.0.1",
    port,
    tls: false,
    user: "",
    password: "",
    prefix: "midge",
  };
}
