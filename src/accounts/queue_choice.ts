/** Which member of a queue group is to have a message. */
import type { QueueGroup, Subscriber } from "../core/subject_match.ts";
import { type Random, randomBelow } from "../platform/clock.ts";

/** The place of a member that is drawn at random; the weight of each is its chance. */
export function placeOfOne<S extends Subscriber>(
  { members, weight, uniform, sums }: QueueGroup<S>,
  random: Random,
): number {
  let ticket = randomBelow(random, weight);
  if (uniform) return ticket;
  if (sums !== undefined) return firstAbove(sums, ticket);
  let index = 0;
  while (ticket >= members[index]!.weight) ticket -= members[index++]!.weight;
  return index;
}

/** The place of the first sum above `ticket`, of which the last sum is one. */
function firstAbove(sums: readonly number[], ticket: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > ticket) high = middle;
    else low = middle + 1;
  }
  return low;
}
