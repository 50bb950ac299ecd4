/** The nodes of the registry: expiry, limits, and the index. */
import assert from "node:assert/strict";
import { nodeOf, NODES_MAX } from "../../src/discovery/node_record.ts";
import {
  NodeStore,
  STORE_CHARS_MAX,
  StoreFull,
} from "../../src/registry/store.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { nodeAt } from "./asking.ts";

interface Scene {
  readonly clock: VirtualClock;
  readonly store: NodeStore;
  readonly expired: string[];
  readonly changes: () => number;
}

function open(): Scene {
  const clock = new VirtualClock();
  const expired: string[] = [];
  let changes = 0;
  const store = new NodeStore(clock, {
    onExpired: (id) => expired.push(id),
    onChange: () => changes++,
  });
  return { clock, store, expired, changes: () => changes };
}

const never = new AbortController().signal;

function ids(store: NodeStore): string[] {
  return store.nodes.map(({ id }) => id);
}

test("the index grows at each change, and only then", () => {
  const { store, changes } = open();
  const start = store.index;
  assert.deepEqual(store.put(nodeAt("a", 1), 1000), {
    index: start + 1,
    isNew: true,
  });
  assert.equal(store.index, start + 1);
  assert.deepEqual(store.put(nodeAt("a", 1), 5000), {
    index: start + 1,
    isNew: false,
  });
  assert.equal(store.index, start + 1);
  assert.deepEqual(store.put(nodeAt("a", 2), 5000), {
    index: start + 2,
    isNew: false,
  });
  assert.equal(store.remove("b"), false);
  assert.equal(store.index, start + 2);
  assert.equal(store.remove("a"), true);
  assert.equal(store.index, start + 3);
  assert.equal(changes(), 3);
});

test("a new registry begins with an index that no reader has seen", async () => {
  const { clock, store } = open();
  for (let port = 1; port < 100; port++) store.put(nodeAt("a", port), 1000);
  await clock.advance(1000);
  const next = new NodeStore(clock, { onExpired() {}, onChange() {} });
  assert.ok(next.index > store.index);
});

test("a node that is not renewed expires", async () => {
  const { clock, store, expired } = open();
  store.put(nodeAt("short", 1), 1000);
  store.put(nodeAt("long", 2), 5000);
  store.put(nodeAt("renewed", 3), 1000);
  const { index } = store;
  await clock.advance(900);
  store.put(nodeAt("renewed", 3), 1000);
  await clock.advance(99);
  assert.deepEqual(expired, []);
  await clock.advance(1);
  assert.deepEqual([expired, ids(store)], [["short"], ["long", "renewed"]]);
  assert.equal(store.index, index + 1);
  await clock.advance(900);
  assert.deepEqual(expired, ["short", "renewed"]);
  await clock.advance(3100);
  assert.deepEqual([expired, store.size], [["short", "renewed", "long"], 0]);
  assert.equal(clock.pendingTimers, 0);
});

test("a node with a shorter time to live than all others expires in time", async () => {
  const { clock, store, expired } = open();
  store.put(nodeAt("long", 1), 60_000);
  store.put(nodeAt("short", 2), 1000);
  await clock.advance(1000);
  assert.deepEqual(expired, ["short"]);
  store.put(nodeAt("long", 1), 1000);
  await clock.advance(1000);
  assert.deepEqual(expired, ["short", "long"]);
});

test("setting the wall clock neither expires nor prolongs a node", async () => {
  const clock = new VirtualClock();
  let jump = 0;
  const jumping = {
    now: () => clock.now() + jump,
    monotonic: () => clock.monotonic(),
    after: clock.after.bind(clock),
  };
  const store = new NodeStore(jumping, { onExpired() {}, onChange() {} });
  store.put(nodeAt("a", 1), 1000);
  jump = 86_400_000;
  await clock.advance(999);
  assert.equal(store.size, 1);
  jump = -86_400_000;
  await clock.advance(1);
  assert.equal(store.size, 0);
});

test("a wait resolves to true at the next change, and to false at its end", async () => {
  const { clock, store } = open();
  const old = store.index - 1;
  assert.equal(await store.changedSince(old, 1000, never), true);
  assert.equal(await store.changedSince(store.index + 1, 1000, never), true);
  const answers: string[] = [];
  const wait = (name: string, ms: number): void => {
    store.changedSince(store.index, ms, never)
      .then((changed) => answers.push(`${name} ${changed}`));
  };
  wait("short", 500);
  wait("long", 5000);
  await clock.advance(500);
  assert.deepEqual(answers, ["short false"]);
  store.put(nodeAt("a", 1), 60_000);
  await clock.advance(0);
  assert.deepEqual(answers, ["short false", "long true"]);
  wait("until expiry", 600_000);
  await clock.advance(60_000);
  assert.equal(answers.at(-1), "until expiry true");
  assert.equal(clock.pendingTimers, 0);
});

test("a wait ends when its signal aborts and when the store closes", async () => {
  const { clock, store } = open();
  const gone = new AbortController();
  const one = store.changedSince(store.index, 60_000, gone.signal);
  const other = store.changedSince(store.index, 60_000, never);
  gone.abort();
  assert.equal(await one, false);
  assert.equal(await store.changedSince(store.index, 1, gone.signal), false);
  store.put(nodeAt("a", 1), 60_000);
  assert.equal(await other, true);
  const last = store.changedSince(store.index, 60_000, never);
  store.close();
  assert.equal(await last, false);
  assert.equal(await store.changedSince(store.index, 60_000, never), false);
  assert.equal(clock.pendingTimers, 0);
});

test("the number of nodes and their total size have limits", () => {
  const { store } = open();
  for (let number = 0; number < NODES_MAX; number++) {
    store.put(nodeAt(`n${number}`, 1), 1000);
  }
  assert.throws(() => store.put(nodeAt("more", 1), 1000), StoreFull);
  store.put(nodeAt("n7", 2), 1000);
  store.remove("n7");
  store.put(nodeAt("more", 1), 1000);
  assert.equal(store.size, NODES_MAX);
});

test("nodes that are large fill the store before there are many", () => {
  const { store } = open();
  const large = (number: number) =>
    nodeOf({
      id: `n${number}`,
      urls: Array.from(
        { length: 16 },
        (_, at) => `nats://${"x".repeat(480)}:${1000 + at}`,
      ),
    });
  const fill = (): number => {
    for (let number = 0;; number++) {
      try {
        store.put(large(number), 1000);
      } catch (error) {
        assert.ok(error instanceof StoreFull);
        return number;
      }
    }
  };
  const count = fill();
  assert.ok(count < NODES_MAX);
  assert.ok(JSON.stringify(store.nodes).length < STORE_CHARS_MAX * 1.2);
  store.put(nodeAt("n0", 1), 1000);
  store.put(nodeAt("n1", 1), 1000);
  store.put(large(count), 1000);
  for (const { id } of store.nodes) store.remove(id);
  assert.equal(fill(), count, "what is gone takes no room");
});
