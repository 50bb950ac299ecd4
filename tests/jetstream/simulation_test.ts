/**
 * Streams under load, on disks that lose and tear what was not synced: nothing
 * that was acknowledged is lost, changed, reordered or delivered again.
 * `scripts/simulate_streams.ts` does the same with as many seeds as it is told.
 */
import assert from "node:assert/strict";
import { freshSeed } from "../support/random.ts";
import { test } from "../support/test.ts";
import { simulate } from "./simulation/simulate.ts";

const SEEDS = 8;

test("nothing that was acknowledged is lost, whenever the server is killed", async () => {
  const first = freshSeed();
  console.log(`seed ${first}`);
  let kills = 0;
  for (let seed = first; seed < first + SEEDS; seed++) {
    const tally = await simulate(seed);
    assert.ok(tally.acknowledged > 0 && tally.done > 0 && tally.puts > 0);
    kills += tally.kills;
  }
  assert.ok(kills >= SEEDS);
});

test("two runs of one seed do the same", async () => {
  const seed = freshSeed();
  assert.deepEqual(await simulate(seed), await simulate(seed));
});
