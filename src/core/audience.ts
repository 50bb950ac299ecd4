/**
 * The subscribers of one subject or pattern, of which most have one only. A few
 * are an array, which is never changed but replaced, so that who goes through
 * it in several turns misses none; a set takes five times as much memory.
 */
import { assert } from "./assert.ts";

/** The only one itself, or several. */
export type Audience<S> = S | readonly S[] | Set<S>;

/** More than these are a set. */
const FEW = 8;

/** `audience` and one more. */
export function withMember<S>(
  audience: Audience<S> | undefined,
  newcomer: S,
): Audience<S> {
  if (audience === undefined) return newcomer;
  assert(!hasMember(audience, newcomer), "a subscriber is inserted once");
  if (audience instanceof Set) return audience.add(newcomer);
  const members = [...membersOf(audience), newcomer];
  return members.length > FEW ? new Set(members) : members;
}

/** What is left of an audience without `member`, who is in it. */
export function withoutMember<S>(
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

export function hasMember<S>(audience: Audience<S>, who: S): boolean {
  if (audience instanceof Set) return audience.has(who);
  return isArray(audience) ? audience.includes(who) : audience === who;
}

export function membersOf<S>(audience: Audience<S>): Iterable<S> {
  return audience instanceof Set || isArray(audience) ? audience : [audience];
}

/** Any of them. */
export function memberOf<S>(audience: Audience<S>): S {
  if (isArray(audience)) return audience[0]!;
  if (!(audience instanceof Set)) return audience;
  const [first] = audience;
  return first!;
}

function isArray<S>(audience: Audience<S>): audience is readonly S[] {
  return Array.isArray(audience);
}
