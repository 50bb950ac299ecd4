/** Sorting in steps, for lists so long that others cannot wait until they are sorted. */
import type { Steps } from "./steps.ts";

/** Items that are sorted, or put in order behind each other, in a step. */
const STEP_ITEMS = 4096;

/** The items in the order that `compare` gives, as `Array.sort` does it. */
export function* sortedInSteps<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += STEP_ITEMS) {
    if (from > 0) yield;
    runs.push(items.slice(from, from + STEP_ITEMS).sort(compare));
  }
  while (runs.length > 1) {
    const longer: (readonly T[])[] = [];
    for (let i = 0; i < runs.length; i += 2) {
      longer.push(yield* merged(runs[i]!, runs[i + 1] ?? [], compare));
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merged<T>(
  one: readonly T[],
  other: readonly T[],
  compare: (a: T, b: T) => number,
): Steps<readonly T[]> {
  if (other.length === 0) return one;
  const all: T[] = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    const isOther = i === one.length ||
      (j < other.length && compare(other[j]!, one[i]!) < 0);
    all.push(isOther ? other[j++]! : one[i++]!);
    if (all.length % STEP_ITEMS === 0) yield;
  }
  return all;
}
