/**
 * A stable merge sort in slices, for lists that are too long to be sorted in
 * one go: runs of one slice each are sorted by the runtime, then merged in
 * pairs. A list of one slice or less is sorted at once.
 */
import type { SlicedWork } from "./slices.ts";

type Compare<T> = (a: T, b: T) => number;

/** Sorts `items` into a new list; `perSlice` items are handled in a slice. */
export function* sortInSlices<T>(
  items: readonly T[],
  compare: Compare<T>,
  perSlice: number,
): SlicedWork<T[]> {
  let sorted = yield* sortedRuns(items, compare, perSlice);
  for (let width = perSlice; width < sorted.length; width *= 2) {
    sorted = yield* mergeRuns(sorted, width, compare, perSlice);
  }
  return sorted;
}

function* sortedRuns<T>(
  items: readonly T[],
  compare: Compare<T>,
  perSlice: number,
): SlicedWork<T[]> {
  const sorted: T[] = [];
  for (let start = 0; start < items.length; start += perSlice) {
    if (start > 0) yield;
    const run = items.slice(start, start + perSlice).sort(compare);
    for (const item of run) sorted.push(item);
  }
  return sorted;
}

/** Merges each two neighbouring runs of `width` items. */
function* mergeRuns<T>(
  items: readonly T[],
  width: number,
  compare: Compare<T>,
  perSlice: number,
): SlicedWork<T[]> {
  const merged: T[] = [];
  for (let start = 0; start < items.length; start += 2 * width) {
    const middle = Math.min(start + width, items.length);
    const end = Math.min(start + 2 * width, items.length);
    let [left, right] = [start, middle];
    while (left < middle || right < end) {
      const takeLeft = right === end ||
        (left < middle && compare(items[left]!, items[right]!) <= 0);
      merged.push(takeLeft ? items[left++]! : items[right++]!);
      if (merged.length % perSlice === 0) yield;
    }
  }
  return merged;
}
