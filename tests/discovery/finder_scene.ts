/** A finder on a virtual clock, with fake providers and a written record of its events. */
import type { Discovery } from "../../src/discovery/discovery.ts";
import {
  Finder,
  type FinderPolicy,
} from "../../src/discovery/finding/finder.ts";
import type { FinderAnswer } from "../../src/discovery/finding/finder_events.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import type { TestContext } from "../support/test.ts";
import type { VirtualClock } from "../support/virtual_clock.ts";
import { numbersOf } from "./fake_provider.ts";

export interface Found {
  readonly provider: string;
  readonly numbers: readonly number[];
}

export interface FinderScene {
  readonly finder: Finder;
  readonly found: Found[];
  readonly answers: FinderAnswer[];
  /** The set that was last found, of the only provider or of the named one. */
  set(provider?: string): readonly number[] | undefined;
}

/** Stops the finder when the test ends. */
export function finderOf(
  t: TestContext,
  clock: VirtualClock,
  providers: readonly Discovery[],
  policy: FinderPolicy = {},
): FinderScene {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const found: Found[] = [];
  const answers: FinderAnswer[] = [];
  const finder = new Finder(providers, { clock, random: seededRandom(seed) }, {
    onFound: (provider, endpoints) =>
      void found.push({ provider, numbers: numbersOf(endpoints) }),
    onAnswer: (answer) => void answers.push(answer),
  }, policy);
  t.after(() => finder.stop());
  return {
    finder,
    found,
    answers,
    set: (provider) =>
      found.findLast((one) =>
        provider === undefined || one.provider === provider
      )
        ?.numbers,
  };
}

/** The shortest time between two neighbours. */
export function closestMs(times: readonly number[]): number {
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  return Math.min(...gaps);
}
