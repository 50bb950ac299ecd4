/** Randomness that repeats: the same seed gives the same bytes on each runtime. */
import type { Random } from "../../platform/clock.ts";

/**
 * A `Random` from a seed (the mulberry32 generator). It is for tests: nothing
 * that it makes is secret.
 *
 * ```ts
 * const random = seededRandom(7);
 * const order = [1, 2, 3].map(() => random.next());
 * ```
 */
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

/** A seed for one of several that draw from one `seed` and must not disturb each other. */
export function seedFor(seed: number, who: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (let at = 0; at < who.length; at++) {
    hash = Math.imul(hash ^ who.charCodeAt(at), 0x01000193);
  }
  return hash | 0;
}
