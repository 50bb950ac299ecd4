/**
 * What limits, consumers and requests ask about the messages that a stream has: which
 * there are, and of each its subject, its size and its time. No message is read for it.
 *
 * More than a dozen members: because everything that a stream knows without
 * reading a message is asked here.
 */
import { hasWildcard } from "../../core/subject.ts";
import { afterAt, beforeAt, sizeAt, subjectAt, timeAt } from "./segment.ts";
import { Segments } from "./segments.ts";
import type {
  SubjectEntry,
  SubjectFilter,
  SubjectTable,
} from "./subject_table.ts";

/** Places where one message is looked for before its subject is. */
const NEAR_PLACES = 4096;

/** Messages that are looked at in a row in the time of one subject. */
const MESSAGES_PER_SUBJECT = 16;

/** Messages of one subject that are passed to find one of them. */
const PASSED_MESSAGES = 64;

/** Of a subject that the stream does not have. */
const NOWHERE: Readonly<SubjectEntry> = {
  number: 0,
  subject: "",
  count: 0,
  first: Infinity,
  last: -1,
};

export class MessageLookups {
  readonly subjects: SubjectTable;
  messages = 0;
  bytes = 0;
  /** The first message; one more than `lastSeq` where there is none. */
  firstSeq = 1;
  lastSeq = 0;
  /** When the last message was stored, whether it is still there or not; 0: none was. */
  lastTimeUs = 0;
  protected readonly segments: Segments = new Segments();

  constructor(subjects: SubjectTable) {
    this.subjects = subjects;
  }

  /** Sequences between the first and the last message that have none. */
  get gaps(): number {
    return this.lastSeq - this.firstSeq + 1 - this.messages;
  }

  has(seq: number): boolean {
    return this.segments.read(seq, subjectAt) !== 0;
  }

  /** The number of a message's subject; 0: it is not there. */
  subjectNumber(seq: number): number {
    return this.segments.read(seq, subjectAt);
  }

  /** The subject of a message; undefined: it is not there. */
  subjectOf(seq: number): string | undefined {
    const number = this.subjectNumber(seq);
    return number === 0 ? undefined : this.subjects.numbered(number).subject;
  }

  /** When a message that is there was stored. */
  timeOf(seq: number): number {
    return this.segments.read(seq, timeAt);
  }

  /** Bytes that a message that is there counts. */
  sizeOf(seq: number): number {
    return this.segments.read(seq, sizeAt);
  }

  /** The message of the same subject before, or after, one that is there; 0: there is none. */
  sameBefore(seq: number): number {
    return this.segments.read(seq, beforeAt);
  }

  sameAfter(seq: number): number {
    return this.segments.read(seq, afterAt);
  }

  /** The first message from `from` on that `filter` means; one more than `lastSeq`: there is none. */
  next(from: number, filter?: SubjectFilter): number {
    const end = this.lastSeq + 1;
    if (from >= end) return Math.max(from, end);
    const only = this.onlySubject(filter);
    if (only !== undefined) {
      if (only.last < from) return end;
      if (from <= only.first) return only.first;
      if (this.subjectNumber(from - 1) === only.number) {
        return this.sameAfter(from - 1);
      }
    } else if (filter !== undefined && !filter.meansAll) {
      return this.#nextOfSeveral(from, filter) || end;
    }
    return this.segments.next(from, filter) || end;
  }

  /** 0: there is none. */
  #nextOfSeveral(from: number, filter: SubjectFilter): number {
    if (!filter.isNew) {
      const near = this.segments.next(from, filter, from + NEAR_PLACES);
      if (near > 0 || from + NEAR_PLACES > this.lastSeq) return near;
    }
    const few = this.subjects.few(filter);
    if (few === undefined) return this.segments.next(from, filter);
    let next = Infinity;
    for (const entry of few) {
      const seq = this.#firstFrom(entry, from);
      if (seq === undefined) return this.segments.next(from, filter);
      if (seq > 0) next = Math.min(next, seq);
    }
    return next === Infinity ? 0 : next;
  }

  /** The first message of a subject from `from` on; 0: there is none; undefined: too many are to be passed. */
  #firstFrom({ first, last }: SubjectEntry, from: number): number | undefined {
    if (last < from) return 0;
    if (from <= first) return first;
    let seq = last;
    for (let left = PASSED_MESSAGES; left > 0; left--) {
      const before = this.sameBefore(seq);
      if (before < from) return seq;
      seq = before;
    }
    return undefined;
  }

  /** The last message before `before` that `filter` means; 0: there is none. */
  previous(before: number, filter?: SubjectFilter): number {
    const from = Math.min(before, this.lastSeq + 1) - 1;
    const few = filter && this.subjects.few(filter);
    if (few === undefined) return this.segments.previous(from, filter);
    let previous = 0;
    for (const entry of few) {
      const seq = this.#lastUpTo(entry, from);
      if (seq === undefined) return this.segments.previous(from, filter);
      previous = Math.max(previous, seq);
    }
    return previous;
  }

  /** The last message of a subject up to `upTo`; 0: there is none; undefined: too many are to be passed. */
  #lastUpTo({ first, last }: SubjectEntry, upTo: number): number | undefined {
    if (upTo < first) return 0;
    let seq = last;
    for (let left = PASSED_MESSAGES; seq > upTo; left--) {
      if (left === 0) return undefined;
      seq = this.sameBefore(seq);
    }
    return seq;
  }

  /** Of the last `count` messages before `before` that `filter` means the first one; 0: there are fewer. */
  previousOf(count: number, before: number, filter?: SubjectFilter): number {
    const from = Math.min(before, this.lastSeq + 1) - 1;
    return this.segments.previous(from, filter, { nth: count });
  }

  /** Whether a turn has time to look for a message that `filter` means, from `from` on or back from there. */
  isNear(from: number, filter: SubjectFilter, isBack: boolean): boolean {
    const isQuick = this.messages <= NEAR_PLACES ||
      this.subjects.few(filter) !== undefined;
    if (isQuick) return true;
    const found = isBack
      ? this.segments.previous(from, filter, { first: from - NEAR_PLACES })
      : this.segments.next(from, filter, from + NEAR_PLACES);
    return found > 0;
  }

  /** How many messages from `from` on `filter` means. */
  count(from: number, filter?: SubjectFilter): number {
    if (from > this.lastSeq) return 0;
    if (filter === undefined || filter.meansAll) {
      if (from <= this.firstSeq) return this.messages;
      return this.segments.count(from, undefined);
    }
    const places = this.lastSeq - Math.max(from, this.firstSeq) + 1;
    const few = this.subjects.few(filter);
    const isQuick = few === undefined
      ? from <= this.firstSeq && this.#isQuickBySubject(this.subjects.size)
      : few.length * MESSAGES_PER_SUBJECT <= places;
    if (!isQuick) return this.segments.count(from, filter);
    let count = 0;
    for (const entry of few ?? this.subjects.meantBy(filter)) {
      if (entry.last < from) continue;
      count += from <= entry.first ? entry.count : this.#tail(entry, from);
    }
    return count;
  }

  /** The last message up to `upTo` of each subject that `filter` means, ascending. */
  lastOfEach(upTo: number, filter: SubjectFilter): number[] {
    const few = this.subjects.few(filter);
    if (!this.#isQuickBySubject(few?.length ?? this.subjects.size)) {
      return this.segments.lastOfEach(upTo, filter);
    }
    const lasts: number[] = [];
    for (const { last } of few ?? this.subjects.meantBy(filter)) {
      let seq = last;
      while (seq > upTo) seq = this.sameBefore(seq);
      if (seq > 0) lasts.push(seq);
    }
    return lasts.sort((a, b) => a - b);
  }

  /** The first message that was stored at `timeUs` or later; one more than `lastSeq`: none was. */
  firstAt(timeUs: number): number {
    return this.segments.firstAt(timeUs) || this.lastSeq + 1;
  }

  /** Whether a look at each of these takes less than one at each message. */
  #isQuickBySubject(subjects: number): boolean {
    return subjects * MESSAGES_PER_SUBJECT <= this.messages;
  }

  /** The subject that a filter without wildcards means; undefined: the filter may mean several. */
  protected onlySubject(
    filter: SubjectFilter | undefined,
  ): Readonly<SubjectEntry> | undefined {
    const pattern = filter?.patterns.length === 1 ? filter.patterns[0]! : "*";
    if (hasWildcard(pattern)) return undefined;
    return this.subjects.get(pattern) ?? NOWHERE;
  }

  /** How many messages of a subject are at `from` or behind it. */
  #tail(entry: SubjectEntry, from: number): number {
    let count = 0;
    for (let seq = entry.last; seq >= from; seq = this.sameBefore(seq)) count++;
    return count;
  }
}
