/**
 * The subscribers of one subject or pattern, of which most have one only. A few
 * are an array, which is never changed but replaced, so that who goes through
 * it in several turns misses none; a set takes five times as much memory.
 */
import { assert } from "./assert.ts";
import type { Subscriber } from "./subject_match.ts";

/** The only one itself, or several. */
export type Audience<S extends Subscriber> = S | readonly S[] | Crowd<S>;

/** More than these are a set. */
const FEW = 8;

/** It knows its subject: a set takes long to find a member where many have gone before. */
class Crowd<S extends Subscriber> extends Set<S> {
  readonly subject: string;

  constructor(subject: string, members: Iterable<S>) {
    super(members);
    this.subject = subject;
  }
}

/** `audience` and one more. */
export function withMember<S extends Subscriber>(
  audience: Audience<S> | undefined,
  newcomer: S,
): Audience<S> {
  if (audience === undefined) return newcomer;
  assert(!hasMember(audience, newcomer), "a subscriber is inserted once");
  if (audience instanceof Set) return audience.add(newcomer);
  const members = [...membersOf(audience), newcomer];
  return members.length > FEW ? new Crowd(newcomer.subject, members) : members;
}

/** What is left of an audience without `member`, who is in it. */
export function withoutMember<S extends Subscriber>(
  audience: Audience<S>,
  member: S,
): Audience<S> | undefined {
  if (isArray(audience)) {
    const left = audience.filter((one) => one !== member);
    return left.length > 1 ? left : left[0];
  }
  if (!(audience instanceof Set)) return undefined;
  audience.delete(member);
  return audience.size === 0 ? undefined : audience;
}

export function hasMember<S extends Subscriber>(
  audience: Audience<S>,
  who: S,
): boolean {
  if (audience instanceof Set) return audience.has(who);
  return isArray(audience) ? audience.includes(who) : audience === who;
}

export function membersOf<S extends Subscriber>(
  audience: Audience<S>,
): Iterable<S> {
  return audience instanceof Set || isArray(audience) ? audience : [audience];
}

/** The subject or pattern that its members, also those that have gone, are heard by. */
export function commonSubject<S extends Subscriber>(
  audience: Audience<S>,
): string {
  return isArray(audience) ? audience[0]!.subject : audience.subject;
}

function isArray<S extends Subscriber>(
  audience: Audience<S>,
): audience is readonly S[] {
  return Array.isArray(audience);
}
