/** Sorting in steps, with a seed, against the sort of the language. */
import assert from "node:assert/strict";
import { sortedInSteps } from "../../src/core/sort_steps.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

interface Item {
  readonly key: number;
  readonly place: number;
}

const byKey = (a: Item, b: Item): number => a.key - b.key;
/** Comparisons of one step at most: of one run, which is sorted. */
const STEP_COMPARISONS = 4096 * 13;

test("a list is sorted in steps as it is at once, with equal items in their order", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (const size of [0, 1, 2, 4095, 4096, 4097, 30_000]) {
    const items = Array.from({ length: size }, (_, place): Item => ({
      key: randomBelow(random, size),
      place,
    }));
    let comparisons = 0;
    const work = sortedInSteps(items, (a, b) => {
      comparisons++;
      return byKey(a, b);
    });
    let step = work.next();
    let steps = 1;
    for (; !step.done; step = work.next()) {
      assert.ok(comparisons <= STEP_COMPARISONS, `${comparisons} in one step`);
      comparisons = 0;
      steps++;
    }
    assert.deepEqual(step.value, items.toSorted(byKey));
    assert.equal(steps > 1, size > 4096);
  }
});
