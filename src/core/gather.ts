/**
 * Makes the match of a subject out of the audiences that hear it, one for each
 * pattern that matches. `sublist.ts` finds the audiences.
 */
import { type Audience, membersOf } from "./audience.ts";
import type { QueueGroup, SubjectMatch, Subscriber } from "./subject_match.ts";

const NONE: readonly never[] = [];
const NOBODY: SubjectMatch<never> = { plain: NONE, queues: NONE };

/** The members of several audiences as plain subscribers and queue groups. */
export function gather<S extends Subscriber>(
  audiences: readonly Audience<S>[],
): SubjectMatch<S> {
  if (audiences.length === 0) return NOBODY;
  const plain: S[] = [];
  const queued: S[] = [];
  for (const audience of audiences) {
    for (const member of membersOf(audience)) {
      (member.queue === "" ? plain : queued).push(member);
    }
  }
  return { plain, queues: queued.length === 0 ? NONE : groupByQueue(queued) };
}

/** NATS delivery: members of equally named groups share, whatever pattern each has. */
function groupByQueue<S extends Subscriber>(
  queued: readonly S[],
): QueueGroup<S>[] {
  const groups = new Map<
    string,
    { name: string; members: S[]; weight: number; uniform: boolean }
  >();
  for (const member of queued) {
    const group = groups.get(member.queue);
    if (group === undefined) {
      const { queue, weight } = member;
      const uniform = weight === 1;
      groups.set(queue, { name: queue, members: [member], weight, uniform });
    } else {
      group.members.push(member);
      group.weight += member.weight;
      group.uniform &&= member.weight === 1;
    }
  }
  const all: QueueGroup<S>[] = [];
  for (const group of groups.values()) {
    all.push(group.uniform ? group : { ...group, sums: sumsOf(group.members) });
  }
  return all;
}

/** The sum of the weights up to each member, itself included. */
function sumsOf(members: readonly Subscriber[]): number[] {
  let sum = 0;
  return members.map(({ weight }) => sum += weight);
}
