/** Randomness that repeats: the same seed gives the same bytes on each runtime. */
import process from "node:process";
import type { Random } from "../../src/core/clock.ts";

/** A `Random` from a seed (the mulberry32 generator). Print the seed in the test. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;

  function nextWord(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  return {
    next: () => nextWord() / 2 ** 32,
    fill(target: Uint8Array): void {
      for (let at = 0; at < target.length; at++) target[at] = nextWord();
    },
  };
}

/** The seed to repeat, from `MIDGE_TEST_SEED`, or one that was not seen before. */
export function freshSeed(): number {
  const given = process.env["MIDGE_TEST_SEED"];
  return given === undefined ? Date.now() % 1_000_000_000 : Number(given);
}
