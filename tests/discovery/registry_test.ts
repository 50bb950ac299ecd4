/**
 * Midge's registry as a provider and a registrar: the suite of all providers
 * against a real one, then what only a registry does, mostly on a clock that
 * the test moves, where the registry's API is asked without sockets.
 */
import assert from "node:assert/strict";
import {
  type Discovery,
  DiscoveryError,
  type Snapshot,
  type Wanted,
} from "../../src/discovery/discovery.ts";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import type { Fetch } from "../../src/platform/fetch.ts";
import {
  registry,
  SILENCE_MAX_MS,
  WAIT_MS,
} from "../../src/discovery/providers/registry.ts";
import {
  type RegistryAddress,
  registryName,
  registryUrl,
} from "../../src/discovery/sources/registry_address.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import type { Listener } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { TestApi } from "../registry/asking.ts";
import { ADDRESS, Scene } from "../registry/scene.ts";
import { seededRandom } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  ask,
  describeDiscovery,
  type DiscoveryStage,
  testNode,
  urlsOf,
} from "./suite.ts";

const SECRET = "s3cret-token";
const CAPACITY = 256;

/** A registry whose port says what the test wants said. */
class Stage implements DiscoveryStage {
  readonly secret: string = SECRET;
  readonly #api = new TestApi({ token: SECRET });
  #text: string | undefined;
  #stalled = false;
  #listener: Listener | undefined;
  #port = 0;

  async mend(): Promise<void> {
    this.#listener = await platform.serveHttp(
      { host: "127.0.0.1", port: this.#port },
      (request) => this.#reply(request),
    );
    this.#port = this.#listener.address.port;
  }

  async cut(): Promise<void> {
    await this.#listener?.close();
  }

  // The suite takes it out of the stage.
  readonly provider = (wanted: Wanted): Discovery =>
    registry(this.#place, platform, wanted);

  put(nodes: readonly NodeRecord[]): void {
    const { store } = this.#api;
    const wanted = new Set(nodes.map(({ id }) => id));
    for (const { id } of store.nodes) if (!wanted.has(id)) store.remove(id);
    for (const node of nodes) store.put(node, 60_000);
  }

  stall(): void {
    this.#stalled = true;
  }

  speak(text: string): void {
    this.#text = text;
  }

  putRaw(items: readonly unknown[]): void {
    this.#text = JSON.stringify({ index: 1, nodes: items });
  }

  get #place(): RegistryAddress {
    return {
      host: "127.0.0.1",
      port: this.#port,
      tls: false,
      token: SECRET,
    };
  }

  #reply(request: HttpRequest): HttpReply | Promise<HttpReply> {
    if (this.#stalled) return new Promise(() => {});
    if (this.#text === undefined) return this.#api.api.handle(request);
    return { status: 200, headers: {}, body: this.#text };
  }
}

describeDiscovery(
  "a registry",
  { whenEmpty: "empty", holds: CAPACITY },
  async (t: TestContext) => {
    const stage = new Stage();
    await stage.mend();
    t.after(() => stage.cut());
    return stage;
  },
);

/** A provider that is watched, and what it told. */
interface Watched {
  readonly told: string[][];
  readonly ended: () => unknown;
  stop(): void;
}

function watch(scene: Scene, last?: Snapshot): Watched {
  const provider = registry(ADDRESS, scene.world, "client");
  const aborter = new AbortController();
  const told: string[][] = [];
  let ended: unknown;
  (async (): Promise<void> => {
    const stream = provider.watch!({
      signal: aborter.signal,
      ...(last !== undefined && { last }),
    });
    for await (const { endpoints } of stream) told.push(urlsOf(endpoints));
  })().catch((error: unknown) => ended = error);
  return { told, ended: () => ended, stop: () => aborter.abort("stopped") };
}

test("an empty list counts once all have had the time to announce themselves", async () => {
  const scene = new Scene();
  const provider = registry(ADDRESS, scene.world, "client");
  assert.equal((await ask(provider)).authoritative, false);
  await scene.clock.advance(15_000);
  assert.equal((await ask(provider)).authoritative, true);
});

test("a watch asks again only when its long poll is over", async () => {
  const scene = new Scene();
  scene.put("A", 1);
  const watched = watch(scene);
  await scene.clock.advance(WAIT_MS * 3);
  assert.deepEqual(watched.told, [["nats://127.0.0.1:1"]]);
  assert.ok(scene.asked.length <= 5, scene.asked.join("\n"));
  const { index } = scene.api.store;
  assert.equal(
    scene.asked.at(-1),
    `GET /discoveryz?index=${index}&wait=${WAIT_MS}ms`,
  );
  scene.put("B", 2);
  await scene.clock.advance(0);
  assert.equal(watched.told.length, 2);
  watched.stop();
  await scene.clock.advance(0);
  assert.equal(watched.ended(), "stopped");
});

test("a registry that restarts with a lower index is read in full", async () => {
  const scene = new Scene();
  scene.put("A", 1);
  const future = {
    endpoints: [],
    authoritative: true,
    version: "9".repeat(14),
  };
  const watched = watch(scene, future);
  await scene.clock.advance(0);
  assert.deepEqual(watched.told, [["nats://127.0.0.1:1"]]);
  await scene.clock.advance(1000);
  scene.restart();
  scene.put("B", 2);
  await scene.clock.advance(2000);
  assert.deepEqual(watched.told.at(-1), ["nats://127.0.0.1:2"]);
  assert.ok(scene.asked.length < 6, scene.asked.join("\n"));
  watched.stop();
});

test("a connection that is half open is noticed after twice the wait", async () => {
  const scene = new Scene();
  scene.put("A", 1);
  const watched = watch(scene);
  await scene.clock.advance(0);
  scene.line = "silent";
  scene.put("B", 2);
  await scene.clock.advance(SILENCE_MAX_MS - 1);
  assert.equal(watched.ended(), undefined);
  await scene.clock.advance(1);
  const error = watched.ended();
  assert.ok(error instanceof DiscoveryError);
  assert.match(error.message, /"registry:\/\/127\.0\.0\.1:4280".* silent/);
  assert.equal(scene.clock.pendingTimers, 1, "only the store's is left");
});

test("a watch of a registry that is gone ends with an error", async () => {
  const scene = new Scene();
  scene.line = "down";
  const watched = watch(scene);
  await scene.clock.advance(0);
  assert.ok(watched.ended() instanceof DiscoveryError);
});

test("a registry that answers at once without news is asked no more than once a second", async () => {
  for (const body of ['{"nodes":[]}', '{"index":7,"nodes":[]}']) {
    const clock = new VirtualClock();
    let asked = 0;
    const fetch: Fetch = () => {
      asked++;
      const bytes = new TextEncoder().encode(body);
      return Promise.resolve({
        status: 200,
        headers: new Headers(),
        body: ReadableStream.from([bytes]),
      });
    };
    const provider = registry(
      ADDRESS,
      { clock, random: seededRandom(1), fetch },
      "client",
    );
    const aborter = new AbortController();
    const reading = (async (): Promise<void> => {
      for await (const _ of provider.watch!({ signal: aborter.signal }));
    })().catch(() => {});
    await clock.advance(60_000);
    assert.ok(asked > 20 && asked <= 62, `${body}: ${asked}`);
    aborter.abort();
    await reading;
  }
});

test("changes that never end are followed at a pace", async () => {
  const scene = new Scene();
  const watched = watch(scene);
  for (let port = 1; port <= 100; port++) {
    scene.put("A", port);
    await scene.clock.advance(10);
  }
  assert.ok(scene.asked.length <= 8, `${scene.asked.length} questions`);
  await scene.clock.advance(3000);
  assert.deepEqual(watched.told.at(-1), ["nats://127.0.0.1:100"]);
  watched.stop();
});

test("nodes in lame duck and of other clusters are told with what they are", async () => {
  const scene = new Scene();
  const node = { ...testNode(1), lameDuck: true, priority: 3, weight: 4 };
  scene.api.store.put(node, 60_000);
  const { endpoints } = await ask(registry(ADDRESS, scene.world, "route"));
  assert.deepEqual(endpoints, [{
    url: "nats-route://127.0.0.1:6001",
    serverId: "NODE1",
    serverName: "n1",
    cluster: "test",
    lameDuck: true,
    priority: 3,
    weight: 4,
  }]);
});

test("a registry is named without its token", () => {
  const place = { ...ADDRESS, host: "::1", tls: true, token: SECRET };
  assert.equal(registryName(place), "registry://[::1]:4280");
  assert.equal(registryUrl(place), "https://[::1]:4280");
});
