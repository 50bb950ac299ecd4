/**
 * Who hears a request that has come from another account, or a response that goes
 * back to one: those who are there, and not those who import a stream from there.
 * Otherwise an account that lets its services be asked would tell every account
 * that hears a stream of it what others ask, and who imports both would hear its
 * own requests once more.
 */
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Interest } from "./interest.ts";
import { narrowed } from "./narrowed_match.ts";

/** Matches are shared, and serve request after request: each is gone through once. */
const narrowedOnce = new WeakMap<
  SubjectMatch<Interest>,
  SubjectMatch<Interest>
>();

/** `match` without those who hear it as a stream of another account. */
export function serviceMatch(
  match: SubjectMatch<Interest>,
): SubjectMatch<Interest> {
  const known = narrowedOnce.get(match);
  if (known !== undefined) return known;
  const { plain, queues } = match;
  const goes = plain.some(isHeardElsewhere) ||
    queues.some(({ members }) => members.some(isHeardElsewhere));
  const rest = goes
    ? narrowed(match, (interest) => !isHeardElsewhere(interest))
    : match;
  narrowedOnce.set(match, rest);
  return rest;
}

function isHeardElsewhere({ direct }: Interest): boolean {
  return direct?.isElsewhere === true;
}
