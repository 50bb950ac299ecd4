/**
 * Match results by subject, for one `Sublist`. It is bounded twice: by the
 * count of subjects, and by the subscribers that all results hold together, so
 * that many subjects with a large audience each do not eat the memory. When
 * either is passed, the oldest quarter goes.
 *
 * A change of a literal subscription concerns one entry. A change of a wildcard
 * subscription may concern many, and every client that makes requests brings
 * one (`_INBOX.x.*`), so nothing is swept then: the pattern is noted, and an
 * entry whose stamp is another one (`change_stamps.ts`) is compared with the
 * patterns noted since, when it is next asked for.
 */

import {
  type ChangeStamps,
  stamped,
  type StampedSubject,
} from "./change_stamps.ts";
import { type MapKey, mapKey } from "./map_key.ts";
import { subjectMatches } from "./subject.ts";
import type { SubjectMatch, Subscriber } from "./subject_match.ts";

/** 10,000 busy subjects fit, with room for as many inboxes used once. */
export const CACHED_SUBJECTS_MAX = 32_768;
/** At eight bytes each: about 32 MiB. */
const CACHED_SUBSCRIBERS_MAX = 4_194_304;

/** How many wildcard changes an entry may miss before it is built anew. */
const NOTED_PATTERNS = 32;

interface Entry<S> {
  readonly match: SubjectMatch<S>;
  /** Subscribers that `match` refers to. */
  readonly subscribers: number;
  readonly subject: StampedSubject;
  /** The subject's stamp when `match` was known to be right. */
  stamp: number;
  /** The count of wildcard changes that `match` is known to reflect. */
  reflects: number;
}

export class MatchCache<S extends Subscriber> {
  readonly #subjectsMax: number;
  readonly #stamps: ChangeStamps;
  readonly #entries = new Map<MapKey, Entry<S>>();
  #subscribers = 0;
  /** The last changed patterns; change number n is at n % NOTED_PATTERNS. */
  readonly #patterns: string[] = [];
  #wildcardChanges = 0;

  /** `stamps` are those of all changes. */
  constructor(subjectsMax: number, stamps: ChangeStamps) {
    this.#subjectsMax = subjectsMax;
    this.#stamps = stamps;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The result for `subject`, unless a change may have altered it. */
  get(subject: string): SubjectMatch<S> | undefined {
    const entry = this.#entries.get(mapKey(subject));
    if (entry === undefined) return undefined;
    if (this.#isFresh(entry, subject)) return entry.match;
    this.#drop(mapKey(subject), entry);
    return undefined;
  }

  /** Keeps a result that was just built; there must be none for `subject`. */
  put(subject: string, match: SubjectMatch<S>): void {
    const subscribers = countSubscribers(match);
    const places = stamped(subject);
    this.#entries.set(mapKey(subject), {
      match,
      subscribers,
      subject: places,
      stamp: this.#stamps.of(places),
      reflects: this.#wildcardChanges,
    });
    this.#subscribers += subscribers;
    if (this.#isOverfull()) this.#dropOldest();
  }

  /** A subscription to the literal `subject` came or went. */
  literalChanged(subject: string): void {
    const entry = this.#entries.get(mapKey(subject));
    if (entry !== undefined) this.#drop(mapKey(subject), entry);
  }

  /** A subscription to `pattern`, which has wildcards, came or went. */
  wildcardChanged(pattern: string): void {
    this.#patterns[this.#wildcardChanges % NOTED_PATTERNS] = pattern;
    this.#wildcardChanges++;
  }

  *matches(): IterableIterator<SubjectMatch<S>> {
    for (const entry of this.#entries.values()) yield entry.match;
  }

  #isFresh(entry: Entry<S>, subject: string): boolean {
    const stamp = this.#stamps.of(entry.subject);
    if (entry.stamp === stamp) return true;
    if (this.#wildcardChanges - entry.reflects > NOTED_PATTERNS) return false;
    for (let n = entry.reflects; n < this.#wildcardChanges; n++) {
      const pattern = this.#patterns[n % NOTED_PATTERNS]!;
      if (subjectMatches(pattern, subject)) return false;
    }
    entry.reflects = this.#wildcardChanges;
    entry.stamp = stamp;
    return true;
  }

  #isOverfull(): boolean {
    return this.#entries.size > this.#subjectsMax ||
      this.#subscribers > CACHED_SUBSCRIBERS_MAX;
  }

  /** Drops at least a quarter, so that the cost per added subject stays small. */
  #dropOldest(): void {
    let left = Math.ceil(this.#entries.size / 4);
    for (const [key, entry] of this.#entries) {
      if (left <= 0 && !this.#isOverfull()) return;
      this.#drop(key, entry);
      left--;
    }
  }

  #drop(key: MapKey, entry: Entry<S>): void {
    this.#entries.delete(key);
    this.#subscribers -= entry.subscribers;
  }
}

function countSubscribers<S>(match: SubjectMatch<S>): number {
  let count = match.plain.length;
  for (const group of match.queues) count += group.members.length;
  return count;
}
