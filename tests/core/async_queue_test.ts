/** The queue behind subscriptions and status feeds. */
import assert from "node:assert/strict";
import { AsyncQueue } from "../../src/core/async_queue.ts";
import { test } from "../support/test.ts";

async function readAll<T>(queue: AsyncQueue<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of queue) all.push(item);
  return all;
}

test("items wait for their reader", async () => {
  const queue = new AsyncQueue<number>();
  for (let i = 0; i < 5000; i++) queue.push(i);
  assert.equal(queue.pending, 5000);
  queue.end();
  queue.push(5000);
  assert.deepEqual(
    await readAll(queue),
    Array.from({ length: 5000 }, (_, i) => i),
  );
  assert.equal(queue.taken, 5000);
});

test("readers wait for their items, in order", async () => {
  const queue = new AsyncQueue<string>();
  const [first, second, third] = [queue.next(), queue.next(), queue.next()];
  queue.push("a");
  queue.push("b");
  queue.end();
  assert.deepEqual(await first, { done: false, value: "a" });
  assert.deepEqual(await second, { done: false, value: "b" });
  assert.deepEqual(await third, { done: true, value: undefined });
});

test("reading and writing may alternate for long", async () => {
  const queue = new AsyncQueue<number>();
  let next = 0;
  for (let i = 0; i < 10_000; i++) {
    queue.push(2 * i);
    queue.push(2 * i + 1);
    assert.equal((await queue.next()).value, next++);
  }
  assert.equal(queue.pending, 10_000);
});

test("an error comes once, after the last item", async () => {
  const queue = new AsyncQueue<string>();
  queue.push("a");
  queue.end(new Error("broken"));
  queue.end(new Error("too late"));
  assert.equal((await queue.next()).value, "a");
  await assert.rejects(queue.next(), /broken/);
  assert.equal((await queue.next()).done, true);
});

test("leaving the loop ends the queue and says so", async () => {
  let left = 0;
  const queue = new AsyncQueue<string>(() => left++);
  queue.push("a");
  queue.push("b");
  for await (const item of queue) {
    assert.equal(item, "a");
    break;
  }
  assert.equal(left, 1);
  assert.equal(queue.pending, 0);
  assert.deepEqual(await readAll(queue), []);
});
