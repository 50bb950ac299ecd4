/** How waits grow between attempts, where they stop growing, and how far jitter moves them. */
import assert from "node:assert/strict";
import { type Backoff, jittered, waitAfter } from "../../src/core/backoff.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const DOUBLING: Backoff = { firstMs: 1000, factor: 2, longestMs: 30_000 };

const WAITS: readonly (readonly [Backoff, number, number])[] = [
  [DOUBLING, 0, 1000],
  [DOUBLING, 1, 1000],
  [DOUBLING, 2, 2000],
  [DOUBLING, 5, 16_000],
  [DOUBLING, 6, 30_000],
  [DOUBLING, 1e9, 30_000],
  [DOUBLING, Infinity, 30_000],
  [{ ...DOUBLING, longestMs: 500 }, 1, 500],
  [{ ...DOUBLING, longestMs: Infinity }, 11, 1_024_000],
  [{ ...DOUBLING, factor: 1 }, 9, 1000],
  [{ ...DOUBLING, factor: 3 }, 3, 9000],
  [{ ...DOUBLING, firstMs: 0 }, 7, 0],
];

for (const [backoff, failures, waitMs] of WAITS) {
  const { firstMs, factor, longestMs } = backoff;
  test(`after ${failures} failures, ${firstMs} ms times ${factor} up to ${longestMs} is ${waitMs} ms`, () => {
    assert.equal(waitAfter(backoff, failures), waitMs);
  });
}

test("a wait never shrinks as failures go on, and never passes its limit", () => {
  for (let failures = 0; failures < 2000; failures++) {
    const waitMs = waitAfter(DOUBLING, failures);
    assert.ok(waitMs >= DOUBLING.firstMs && waitMs <= DOUBLING.longestMs);
    assert.ok(waitAfter(DOUBLING, failures + 1) >= waitMs);
  }
});

test("jitter moves a wait one way only, by less than its part", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  for (let i = 0; i < 1000; i++) {
    const later = jittered(1000, 0.4, random);
    assert.ok(later >= 1000 && later < 1400, `seed ${seed}: ${later}`);
    const sooner = jittered(1000, -0.1, random);
    assert.ok(sooner > 900 && sooner <= 1000, `seed ${seed}: ${sooner}`);
  }
  assert.equal(jittered(1000, 0, random), 1000);
});
