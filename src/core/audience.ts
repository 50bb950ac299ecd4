/** The subscribers of one subject or pattern, of which most have one only. */
import { assert } from "./assert.ts";

/** The only one itself, or a set of several. */
export type Audience<S> = S | Set<S>;

/** `audience` and one more. */
export function withMember<S>(
  audience: Audience<S> | undefined,
  newcomer: S,
): Audience<S> {
  if (audience === undefined) return newcomer;
  assert(!hasMember(audience, newcomer), "a subscriber is inserted once");
  if (audience instanceof Set) return audience.add(newcomer);
  return new Set([audience, newcomer]);
}

/** What is left of an audience without `member`, who is in it. */
export function withoutMember<S>(
  audience: Audience<S>,
  member: S,
): Audience<S> | undefined {
  if (!(audience instanceof Set)) return undefined;
  audience.delete(member);
  return audience.size === 0 ? undefined : audience;
}

export function hasMember<S>(audience: Audience<S>, who: S): boolean {
  return audience instanceof Set ? audience.has(who) : audience === who;
}

export function membersOf<S>(audience: Audience<S>): Iterable<S> {
  return audience instanceof Set ? audience : [audience];
}
