/** A match with a part of those that it has found. */
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Interest } from "./interest.ts";

/** Those of `match` that `hears` gives true for; groups of which nobody is left go. */
export function narrowed(
  { plain, queues }: SubjectMatch<Interest>,
  hears: (interest: Interest) => boolean,
): SubjectMatch<Interest> {
  return {
    plain: plain.filter(hears),
    queues: queues.map(({ name, members }) => {
      const left = members.filter(hears);
      return {
        name,
        members: left,
        weight: left.reduce((sum, { weight }) => sum + weight, 0),
        uniform: left.every(({ weight }) => weight === 1),
      };
    }).filter(({ members }) => members.length > 0),
  };
}
