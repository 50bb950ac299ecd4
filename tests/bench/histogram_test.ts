/** Percentiles against those of a sorted list. */
import assert from "node:assert/strict";
import { Histogram } from "../../src/bench/histogram.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const SHARES = [0.001, 0.5, 0.9, 0.99, 0.999, 1];

/** What a list says: the smallest value that a share of all do not exceed. */
function exact(sorted: readonly number[], share: number): number {
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
}

function noted(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test("percentiles are those of a sorted list, at most 1.6 % above", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  for (let round = 0; round < 20; round++) {
    const count = 1 + Math.floor(random.next() * 3000);
    // From nanoseconds to hours, all sizes alike.
    const values = Array.from(
      { length: count },
      () => 10 ** (random.next() * 13 - 6),
    );
    const sorted = values.toSorted((one, other) => one - other);
    const histogram = noted(values);
    for (const share of SHARES) {
      const found = histogram.quantile(share);
      const wanted = exact(sorted, share);
      const hint = `seed ${seed}, ${share} of ${count}: ${found} for ${wanted}`;
      assert.ok(found >= wanted * (1 - 1e-9), hint);
      assert.ok(found <= wanted * 1.0161 + 1e-6, hint);
    }
  }
});

test("count, minimum, mean and maximum are exact", () => {
  const facts = noted([3, 1, 2, 10]).facts();
  assert.deepEqual(
    [facts.count, facts.min, facts.mean, facts.max],
    [4, 1, 4, 10],
  );
  assert.ok(facts.p50 >= 2 && facts.p50 < 2.04);
  assert.equal(facts.p999, 10);
});

test("what is no duration counts as none, and what is too long as the longest", () => {
  const histogram = noted([-1, 0, 1e12]);
  assert.equal(histogram.quantile(0.5), 1e-6);
  assert.equal(histogram.facts().min, 0);
  assert.equal(histogram.facts().max, 1e12);
  assert.ok(histogram.quantile(1) > 1e7);
});

test("nothing measured is zeros, and two together are as one", () => {
  const { count, min, mean, p50, p999, max } = new Histogram().facts();
  assert.deepEqual([count, min, mean, p50, p999, max], [0, 0, 0, 0, 0, 0]);
  const one = [0.5, 7, 3];
  const other = [0.001, 90, 12, 12];
  const both = noted(one);
  both.add(noted(other));
  assert.deepEqual(both.facts(), noted([...one, ...other]).facts());
});
