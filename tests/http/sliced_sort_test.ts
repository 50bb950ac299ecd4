/** The merge sort in slices, against the runtime's own sort. */
import assert from "node:assert/strict";
import { sortInSlices } from "../../src/http/sliced_sort.ts";
import { finishNow } from "../../src/http/slices.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

interface Item {
  readonly key: number;
  readonly at: number;
}

const byKey = (a: Item, b: Item): number => a.key - b.key;

test("any list is sorted as the runtime sorts it, equal items in their order", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const length = randomBelow(random, 200);
    const keys = 1 + randomBelow(random, 20);
    const items = Array.from(
      { length },
      (_, at): Item => ({ key: randomBelow(random, keys), at }),
    );
    const perSlice = 1 + randomBelow(random, 40);
    const sorted = finishNow(sortInSlices(items, byKey, perSlice));
    assert.deepEqual(sorted, items.toSorted(byKey), `seed ${seed}`);
  }
});

test("a list of one slice is sorted at once, and the list itself stays as it was", () => {
  const items = [3, 1, 2].map((key, at): Item => ({ key, at }));
  const step = sortInSlices(items, byKey, 3).next();
  assert.ok(step.done);
  assert.deepEqual(step.value.map(({ key }) => key), [1, 2, 3]);
  assert.deepEqual(items.map(({ key }) => key), [3, 1, 2]);
});

test("no slice compares more than its share", () => {
  const items = Array.from(
    { length: 4096 },
    (_, at): Item => ({ key: (at * 7919) % 4096, at }),
  );
  let compared = 0;
  let most = 0;
  const work = sortInSlices(items, (a, b) => {
    compared++;
    return byKey(a, b);
  }, 64);
  for (let step = work.next(); !step.done; step = work.next()) {
    most = Math.max(most, compared);
    compared = 0;
  }
  // A run of 64 items takes some six comparisons for each; a merge takes one.
  assert.ok(most <= 64 * 7, `${most} comparisons in one slice`);
});
