/**
 * What is kept of subjects with a large audience, such as a queue group of a
 * thousand: that of the last few, since each holds on to all of its members.
 */
import type { StampedSubject } from "../core/change_stamps.ts";
import type { SubjectMatch } from "../core/subject_match.ts";

/** Subjects of more receivers are large. */
export const KEPT_MATCH_MAX = 256;

/** Large subjects of which what is known is kept. */
const LARGE_MAX = 16;

/** What is known of a subject, until it is forgotten; see `core/subject_cache.ts`. */
interface Known extends StampedSubject {
  value: unknown;
  generation: number;
  changes: number;
}

export class FewLarge {
  #kept: Known[] = [];
  #next = 0;

  /** Forgets the oldest one if there are too many now. */
  keep(known: Known): void {
    if (this.#kept.includes(known)) return;
    const oldest = this.#kept[this.#next];
    if (oldest !== undefined) forget(oldest);
    this.#kept[this.#next] = known;
    this.#next = (this.#next + 1) % LARGE_MAX;
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  /** Receivers have gone: lets go of those that are held in vain. */
  forgetStale(stampOf: (subject: StampedSubject) => number): void {
    if (this.isEmpty) return;
    const isRight = (known: Known): boolean =>
      known.generation === stampOf(known);
    if (this.#kept.every(isRight)) return;
    for (const known of this.#kept) if (!isRight(known)) forget(known);
    this.#kept = this.#kept.filter(isRight);
    this.#next = this.#kept.length % LARGE_MAX;
  }
}

/** Whether too many receivers hear it to keep it for every subject. */
export function isLarge({ plain, queues }: SubjectMatch<unknown>): boolean {
  let size = plain.length;
  for (let i = 0; i < queues.length; i++) size += queues[i]!.members.length;
  return size > KEPT_MATCH_MAX;
}

function forget(known: Known): void {
  known.value = undefined;
  known.generation = -1;
  known.changes = -1;
}
