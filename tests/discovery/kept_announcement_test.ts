/** Announcements that are kept up, at a registry that the test plays. */
import assert from "node:assert/strict";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import {
  keepAnnounced,
  type NodeEntry,
} from "../../src/discovery/announcing/kept_announcement.ts";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { testNode } from "./suite.ts";

const TTL_MS = 15_000;

/** Writes down what it is told, and answers as the test says. */
class PlayedRegistry implements NodeEntry {
  readonly name = "played://";
  readonly told: string[] = [];
  isDown = false;
  isSilent = false;
  knows = true;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  announce(node: NodeRecord): Promise<void> {
    return this.#hear(`announce ${node.id}`, undefined);
  }

  renew(): Promise<boolean> {
    return this.#hear("renew", this.knows);
  }

  withdraw(): Promise<void> {
    return this.#hear("withdraw", undefined);
  }

  #hear<T>(what: string, answer: T): Promise<T> {
    this.told.push(`${Math.round(this.#clock.monotonic())} ${what}`);
    if (this.isSilent) return new Promise(() => {});
    return this.isDown
      ? Promise.reject(new DiscoveryError("it is down"))
      : Promise.resolve(answer);
  }
}

// The latest that jitter makes of a renewal.
const random = { next: () => 0, fill: () => {} };

function scene(t: TestContext) {
  const clock = new VirtualClock();
  const registry = new PlayedRegistry(clock);
  const errors: string[] = [];
  const aborter = new AbortController();
  t.after(() => assert.equal(clock.pendingTimers, 0));
  return {
    clock,
    registry,
    errors,
    aborter,
    keep: () =>
      keepAnnounced(registry, testNode(1), {
        ttlMs: TTL_MS,
        signal: aborter.signal,
        onError: ({ message }) => errors.push(message),
      }, { clock, random }),
  };
}

test("an announcement is renewed three times in its time to live", async (t) => {
  const { clock, registry, keep } = scene(t);
  const kept = await keep();
  await clock.advance(TTL_MS);
  await kept.close();
  await clock.advance(TTL_MS);
  assert.deepEqual(registry.told, [
    "0 announce NODE1",
    "5000 renew",
    "10000 renew",
    "15000 renew",
    "15000 withdraw",
  ]);
});

test("what a registry forgot is announced anew at once", async (t) => {
  const { clock, registry, errors, keep } = scene(t);
  const kept = await keep();
  registry.knows = false;
  await clock.advance(5000);
  registry.knows = true;
  await clock.advance(5000);
  await kept.close();
  assert.deepEqual(registry.told.slice(1, 4), [
    "5000 renew",
    "5000 announce NODE1",
    "10000 renew",
  ]);
  assert.deepEqual(errors, []);
});

test("a renewal that fails is tried again, sooner at first", async (t) => {
  const { clock, registry, errors, keep } = scene(t);
  const kept = await keep();
  registry.isDown = true;
  await clock.advance(21_999);
  registry.isDown = false;
  await clock.advance(1);
  await kept.close();
  const renewals = registry.told.filter((line) => line.endsWith("renew"));
  assert.deepEqual(
    renewals.map((line) => parseInt(line)),
    [5000, 6000, 8000, 12_000, 17_000, 22_000],
  );
  assert.deepEqual(errors, Array(5).fill("it is down"));
});

test("news is told at once, and again when telling failed", async (t) => {
  const { clock, registry, errors, keep } = scene(t);
  const kept = await keep();
  await clock.advance(2000);
  await kept.update(testNode(2));
  registry.isDown = true;
  await assert.rejects(kept.update(testNode(3)), { message: "it is down" });
  registry.isDown = false;
  await clock.advance(1000);
  await kept.close();
  assert.deepEqual(registry.told.slice(1, 4), [
    "2000 announce NODE2",
    "2000 announce NODE3",
    "3000 announce NODE3",
  ]);
  assert.deepEqual(errors, []);
});

test("a registry that is silent is not waited for without end", async (t) => {
  const { clock, registry, errors, keep } = scene(t);
  const kept = await keep();
  registry.isSilent = true;
  await clock.advance(10_000);
  assert.deepEqual(errors, ['"played://" did not answer in 5000 ms']);
  const closed = kept.close();
  await clock.advance(2000);
  await closed;
  assert.match(registry.told.at(-1)!, /withdraw$/);
});

test("a first announcement that fails is not kept up", async (t) => {
  const { clock, registry, keep } = scene(t);
  registry.isDown = true;
  await assert.rejects(keep(), { message: "it is down" });
  await clock.advance(TTL_MS);
  assert.deepEqual(registry.told, ["0 announce NODE1", "0 withdraw"]);
});

test("a first announcement may be given up, and is taken back as far as can be", async (t) => {
  const { clock, registry, aborter, keep } = scene(t);
  registry.isSilent = true;
  const kept = keep();
  await clock.advance(0);
  const why = new Error("given up");
  aborter.abort(why);
  await Promise.all([assert.rejects(kept, why), clock.advance(2000)]);
  assert.deepEqual(registry.told, ["0 announce NODE1", "0 withdraw"]);
  await assert.rejects(keep(), why);
});

test("an announcement that was withdrawn takes no news", async (t) => {
  const { registry, keep } = scene(t);
  const kept = await keep();
  await kept.close();
  await kept.close();
  await assert.rejects(kept.update(testNode(2)), DiscoveryError);
  assert.deepEqual(registry.told, ["0 announce NODE1", "0 withdraw"]);
});
