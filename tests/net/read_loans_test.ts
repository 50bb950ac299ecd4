/** What a connection reads into, as more or less comes. */
import assert from "node:assert/strict";
import { ReadBuffers, ReadLoans } from "../../src/runtime/net/read_loans.ts";
import { test } from "../support/test.ts";

const OWN = 512;
const SMALL = 70_000;
const LARGE = 500_000;

/** Reads `count` bytes, or as many as there is room for; gives the size of what is read into next. */
function read(buffers: ReadBuffers, count: number = Infinity): number {
  const bytes = buffers.takeAny();
  buffers.give(bytes, Math.min(count, bytes.length));
  const next = buffers.takeAny();
  buffers.drop(next);
  return next.length;
}

test("a connection reads into more as it fills what it reads into", () => {
  const buffers = new ReadBuffers(new ReadLoans());
  assert.equal(read(buffers, OWN - 1), OWN);
  assert.deepEqual([1, 2, 3].map(() => read(buffers)), [SMALL, LARGE, LARGE]);
});

test("it keeps to the large ones while more comes than a small one holds", () => {
  const buffers = new ReadBuffers(new ReadLoans());
  for (let i = 0; i < 3; i++) read(buffers);
  assert.equal(read(buffers, SMALL + 1), LARGE);
  assert.equal(read(buffers, SMALL), OWN);
  assert.equal(read(buffers), SMALL);
  assert.equal(read(buffers, SMALL - 1), OWN);
});

test("where all are lent it goes on with a smaller one, and with its own", () => {
  const loans = new ReadLoans();
  const borrowers: ReadBuffers[] = [];
  const sizes = Array.from({ length: 80 }, () => {
    const buffers = new ReadBuffers(loans);
    borrowers.push(buffers);
    for (let i = 0; i < 2; i++) read(buffers);
    return buffers.takeAny().length;
  });
  const expected = [LARGE, SMALL, OWN];
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
  assert.deepEqual(
    expected.map((size) => sizes.filter((one) => one === size).length),
    [8, 64, 8],
  );
  // Nothing that is large enough.
  const waiting = borrowers.at(-1)!;
  assert.equal(waiting.take(), undefined);
  borrowers[0]!.drop(new Uint8Array(LARGE));
  assert.equal(waiting.take()?.length, LARGE);
});

test("what a receiver keeps is never read into again", () => {
  const loans = new ReadLoans();
  const seen = new Set<Uint8Array>();
  const buffers = new ReadBuffers(loans);
  for (let i = 0; i < 100; i++) {
    const bytes = buffers.takeAny();
    assert.ok(!seen.has(bytes), `buffer ${i}`);
    seen.add(bytes);
    buffers.lose(bytes, bytes.length);
  }
});
