/**
 * Randomness that a seed repeats: a `Random` for tests and simulations. Tests
 * print the seed they use, so that a failure can be run again.
 */

import type { Random } from "../../src/core/clock.ts";

/** A `Random` whose whole sequence follows from `seed` (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const nextWord = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  };
  return {
    next: () => nextWord() / 2 ** 32,
    fill(target) {
      for (let i = 0; i < target.length; i++) target[i] = nextWord() >>> 24;
    },
  };
}

/** A seed that no other run has used; print it before using it. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
