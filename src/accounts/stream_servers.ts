/**
 * Servers of a cluster that have streams beside each other, each of a domain of its
 * own. What names no domain is for the streams of one of them: of this server, where
 * the account has some here, else of the one that had them first. The others do not
 * hear it, so that never two answer.
 */
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Interest, MessageSource } from "./interest.ts";
import { narrowed } from "./narrowed_match.ts";

/** Says who of those that a look-up of `subject` finds hears a message. */
export type MatchChoice = (
  subject: string,
  match: SubjectMatch<Interest>,
) => SubjectMatch<Interest>;

/** Servers, as this one sees them. */
export interface StreamPlaces {
  /** All others that have streams. */
  readonly others: ReadonlySet<MessageSource>;
  /** Those of them that are not meant where this server has none. */
  readonly unmeant: ReadonlySet<MessageSource>;
  /** Whose messages that name no domain are for others: they choose nobody themselves. */
  readonly unheard: ReadonlySet<MessageSource>;
}

const NOBODY: ReadonlySet<MessageSource> = new Set();

/** Where no other server has streams. */
export const NO_PLACES: StreamPlaces = {
  others: NOBODY,
  unmeant: NOBODY,
  unheard: NOBODY,
};

/** NATS JetStream: what does not pass between servers of different domains. */
const OWN_SUBJECTS = /^(?:\$JS\.API|\$KV|\$OBJ)\./;

/** The choice of an account; `hasStreams` says whether it has some here. Undefined: all hear everything. */
export function choiceOf(
  { others, unmeant }: StreamPlaces,
  hasStreams: () => boolean,
): MatchChoice | undefined {
  if (others.size === 0) return undefined;
  return (subject, match) =>
    OWN_SUBJECTS.test(subject)
      ? without(match, hasStreams() ? others : unmeant)
      : match;
}

/** The part of `match` that is on this server. */
export function hereOnly(
  match: SubjectMatch<Interest>,
): SubjectMatch<Interest> {
  return narrowed(match, ({ server }) => server === undefined);
}

function without(
  match: SubjectMatch<Interest>,
  servers: ReadonlySet<MessageSource>,
): SubjectMatch<Interest> {
  if (servers.size === 0) return match;
  return narrowed(
    match,
    ({ server }) => server === undefined || !servers.has(server),
  );
}
