/**
 * Which messages a stream has, and of each what limits, consumers and look-ups
 * ask: its subject, its size and its time. It holds no message. Both kinds of
 * stores have one; a file's is built anew when it is opened.
 *
 * More than a dozen members: because everything that a stream knows without
 * reading a message is asked here.
 */
import { hasWildcard } from "../../core/subject.ts";
import { ByteLedger } from "../limits/usage.ts";
import {
  afterAt,
  beforeAt,
  type Segment,
  segmentOf,
  sizeAt,
  subjectAt,
  timeAt,
} from "./segment.ts";
import { Segments } from "./segments.ts";
import {
  type SubjectEntry,
  type SubjectFilter,
  SubjectTable,
} from "./subject_table.ts";

/** What the index keeps of one message. */
export interface IndexEntry {
  readonly seq: number;
  /** Microseconds since the Unix epoch. */
  readonly timeUs: number;
  /** A byte string. */
  readonly subject: string;
  /** Bytes that it counts. */
  readonly size: number;
}

/** A message that has just been taken out. */
export interface RemovedEntry extends IndexEntry {
  /** It was the last one of its subject. */
  readonly wasLastOfSubject: boolean;
}

/** Messages that go in one turn of the event loop at most, and places that are looked at. */
export const PART_MESSAGES = 1024;
const PART_PLACES = 16_384;

/** Places where one message is looked for. */
const NEAR_PLACES = 4096;

/** Messages that are looked at in a row in the time of one subject. */
const MESSAGES_PER_SUBJECT = 16;

/** Where a part of what goes ends: before a sequence, and behind about as many messages. */
interface PartEnd {
  readonly end: number;
  readonly messages: number;
}

/** Of a subject that the stream does not have. */
const NOWHERE = { first: Infinity, last: -1 };

export class MessageIndex {
  readonly subjects: SubjectTable = new SubjectTable();
  messages = 0;
  bytes = 0;
  /** The first message; one more than `lastSeq` where there is none. */
  firstSeq = 1;
  lastSeq = 0;
  /** When the last message was stored, whether it is still there or not; 0: none was. */
  lastTimeUs = 0;
  readonly #segments = new Segments();
  /** Its bytes count there as well. */
  #ledger: ByteLedger;

  constructor(ledger: ByteLedger = new ByteLedger()) {
    this.#ledger = ledger;
  }

  /** Its bytes count nowhere else any more. */
  leaveLedger(): void {
    this.#ledger.add(-this.bytes);
    this.#ledger = new ByteLedger();
  }

  /** Sequences between the first and the last message that have none. */
  get gaps(): number {
    return this.lastSeq - this.firstSeq + 1 - this.messages;
  }

  /** Adds the newest message. */
  add({ seq, timeUs, subject, size }: IndexEntry): void {
    const segment = this.#segments.forNewest(seq);
    const place = segment.placeOf(seq);
    const entry = this.subjects.take(subject);
    segment.subjects[place] = entry.number;
    segment.sizes[place] = size;
    segment.times[place] = timeUs;
    segment.before[place] = entry.last;
    segment.after[place] = 0;
    segment.live++;
    if (entry.count++ === 0) entry.first = seq;
    else this.#segments.link(entry.last, "after", seq);
    entry.last = seq;
    if (this.messages++ === 0) this.firstSeq = seq;
    this.bytes += size;
    this.#ledger.add(size);
    this.lastSeq = seq;
    this.lastTimeUs = timeUs;
  }

  /** Sequences up to `seq` are used, without a message. */
  skipTo(seq: number, timeUs: number = this.lastTimeUs): void {
    this.lastSeq = seq;
    this.lastTimeUs = timeUs;
    if (this.messages === 0) this.firstSeq = seq + 1;
  }

  /** Takes a message out; undefined: it is not there. */
  remove(seq: number): RemovedEntry | undefined {
    const { list } = this.#segments;
    const at = this.#segments.find(segmentOf(seq));
    const segment = list[at];
    if (segment?.number !== segmentOf(seq)) return undefined;
    const place = segment.placeOf(seq);
    const number = place < 0 ? 0 : segment.subjects[place]!;
    if (number === 0) return undefined;
    const entry = this.subjects.numbered(number);
    const size = segment.sizes[place]!;
    const timeUs = segment.times[place]!;
    this.#unlink(entry, segment.before[place]!, segment.after[place]!);
    segment.clear(place, this.#isLast(segment));
    if (segment.live === 0) list.splice(at, 1);
    const wasLastOfSubject = --entry.count === 0;
    if (wasLastOfSubject) this.subjects.drop(entry);
    this.messages--;
    this.bytes -= size;
    this.#ledger.add(-size);
    if (seq === this.firstSeq) this.firstSeq = this.next(seq + 1);
    return { seq, timeUs, subject: entry.subject, size, wasLastOfSubject };
  }

  /** Takes out everything at once; gives the segments that have had it. */
  empty(): readonly Segment[] {
    const all = this.#segments.list.splice(0);
    this.subjects.clear();
    this.#ledger.add(-this.bytes);
    this.messages = this.bytes = 0;
    this.firstSeq = this.lastSeq + 1;
    return all;
  }

  /**
   * Takes out what `filter` means from `from` on, as far as `to` says; gives where it
   * goes on: at the end of `to`, all has gone. What is meant before `from` has gone
   * already. `going` is told of each before it goes, in ascending order. Of a subject
   * the first messages go, so that a link is mended where those end, and not for each.
   */
  removePart(
    from: number,
    to: PartEnd,
    filter: SubjectFilter,
    going: (seq: number, subjectNumber: number) => void,
  ): number {
    const only = this.#onlySubject(filter);
    const at = only === undefined
      ? this.#removeSegments(from, to, filter, going)
      : this.#removeSame(only.first, to, going);
    if (this.messages === 0) this.subjects.clear();
    return at;
  }

  #removeSame(
    first: number,
    { end, messages }: PartEnd,
    going: (seq: number, subjectNumber: number) => void,
  ): number {
    let seq = first;
    for (let left = messages; seq > 0 && seq < end; left--) {
      if (left === 0) return seq;
      const after = this.sameAfter(seq);
      going(seq, this.subjectNumber(seq));
      this.remove(seq);
      seq = after;
    }
    return end;
  }

  #removeSegments(
    from: number,
    { end, messages }: PartEnd,
    filter: SubjectFilter,
    going: (seq: number, subjectNumber: number) => void,
  ): number {
    const segments = this.#segments.list;
    const first = this.#segments.find(segmentOf(from));
    const most = this.messages - messages;
    let places = 0;
    let at = first;
    let next = from;
    while (at < segments.length && next < end) {
      if (this.messages <= most || places >= PART_PLACES) break;
      const segment = segments[at]!;
      const start = Math.max(next, segment.base);
      next = Math.min(end, segment.end, start + this.messages - most);
      places += Math.min(segment.places, next - start);
      this.#removeFrom(segment, next, filter, going);
      if (next >= Math.min(end, segment.end)) at++;
    }
    if (at === segments.length) next = end;
    this.#segments.dropEmpty(first, at);
    this.firstSeq = this.next(this.firstSeq);
    return next;
  }

  #removeFrom(
    segment: Segment,
    end: number,
    filter: SubjectFilter,
    going: (seq: number, subjectNumber: number) => void,
  ): void {
    const { subjects, places } = segment;
    for (let i = 0; i < places; i++) {
      const number = subjects[i]!;
      const seq = segment.seqAt(i);
      if (seq >= end) break;
      if (number === 0 || !filter.meansNumber(number)) continue;
      going(seq, number);
      this.#removeFirst(segment, i, end);
    }
    segment.cleared(this.#isLast(segment));
  }

  /** Takes out the first message of its subject, which another one before `end` may follow. */
  #removeFirst(segment: Segment, place: number, end: number): void {
    const entry = this.subjects.numbered(segment.subjects[place]!);
    const after = segment.after[place]!;
    const size = segment.sizes[place]!;
    segment.subjects[place] = 0;
    segment.live--;
    entry.first = after;
    if (after >= end) this.#segments.link(after, "before", 0);
    if (--entry.count === 0) this.subjects.drop(entry);
    this.messages--;
    this.bytes -= size;
    this.#ledger.add(-size);
  }

  /** Whether more messages are to come into a segment. */
  #isLast(segment: Segment): boolean {
    return segment.number === segmentOf(this.lastSeq + 1);
  }

  has(seq: number): boolean {
    return this.#segments.read(seq, subjectAt) !== 0;
  }

  /** The number of a message's subject; 0: it is not there. */
  subjectNumber(seq: number): number {
    return this.#segments.read(seq, subjectAt);
  }

  /** The subject of a message; undefined: it is not there. */
  subjectOf(seq: number): string | undefined {
    const number = this.subjectNumber(seq);
    return number === 0 ? undefined : this.subjects.numbered(number).subject;
  }

  /** When a message that is there was stored. */
  timeOf(seq: number): number {
    return this.#segments.read(seq, timeAt);
  }

  /** Bytes that a message that is there counts. */
  sizeOf(seq: number): number {
    return this.#segments.read(seq, sizeAt);
  }

  /** The message of the same subject before, or after, one that is there; 0: there is none. */
  sameBefore(seq: number): number {
    return this.#segments.read(seq, beforeAt);
  }

  sameAfter(seq: number): number {
    return this.#segments.read(seq, afterAt);
  }

  /** The first message from `from` on that `filter` means; one more than `lastSeq`: there is none. */
  next(from: number, filter?: SubjectFilter): number {
    const end = this.lastSeq + 1;
    if (from >= end) return Math.max(from, end);
    const only = this.#onlySubject(filter);
    if (only !== undefined) {
      if (only.last < from) return end;
      if (from <= only.first) return only.first;
    }
    return this.#segments.next(from, filter) || end;
  }

  /** The last message before `before` that `filter` means; 0: there is none. */
  previous(before: number, filter?: SubjectFilter): number {
    const from = Math.min(before, this.lastSeq + 1) - 1;
    const only = this.#onlySubject(filter);
    if (only !== undefined) {
      if (from < only.first) return 0;
      if (only.last <= from) return only.last;
    }
    return this.#segments.previous(from, filter);
  }

  /** Of the last `count` messages before `before` that `filter` means the first one; 0: there are fewer. */
  previousOf(count: number, before: number, filter?: SubjectFilter): number {
    const from = Math.min(before, this.lastSeq + 1) - 1;
    return this.#segments.previous(from, filter, { nth: count });
  }

  /** Whether a turn has time to look for a message that `filter` means, from `from` on or back from there. */
  isNear(from: number, filter: SubjectFilter, isBack: boolean): boolean {
    if (filter.isLiteral || this.messages <= NEAR_PLACES) return true;
    const found = isBack
      ? this.#segments.previous(from, filter, { first: from - NEAR_PLACES })
      : this.#segments.next(from, filter, from + NEAR_PLACES);
    return found > 0;
  }

  /** How many messages from `from` on `filter` means. */
  count(from: number, filter?: SubjectFilter): number {
    if (from > this.lastSeq) return 0;
    if (filter === undefined || filter.meansAll) {
      if (from <= this.firstSeq) return this.messages;
      return this.#segments.count(from, undefined);
    }
    const isPart = from > this.firstSeq;
    if (!this.#isQuickBySubject(filter) || (isPart && !filter.isLiteral)) {
      return this.#segments.count(from, filter);
    }
    let count = 0;
    for (const entry of this.subjects.meantBy(filter)) {
      if (entry.last < from) continue;
      count += from <= entry.first ? entry.count : this.#tail(entry, from);
    }
    return count;
  }

  /** The last message up to `upTo` of each subject that `filter` means, ascending. */
  lastOfEach(upTo: number, filter: SubjectFilter): number[] {
    if (!this.#isQuickBySubject(filter)) {
      return this.#segments.lastOfEach(upTo, filter);
    }
    const lasts: number[] = [];
    for (const { last } of this.subjects.meantBy(filter)) {
      let seq = last;
      while (seq > upTo) seq = this.sameBefore(seq);
      if (seq > 0) lasts.push(seq);
    }
    return lasts.sort((a, b) => a - b);
  }

  /** The first message that was stored at `timeUs` or later; one more than `lastSeq`: none was. */
  firstAt(timeUs: number): number {
    return this.#segments.firstAt(timeUs) || this.lastSeq + 1;
  }

  /** Whether to look at each subject takes less than to look at each message. */
  #isQuickBySubject({ isLiteral, patterns }: SubjectFilter): boolean {
    const subjects = isLiteral ? patterns.length : this.subjects.size;
    return subjects * MESSAGES_PER_SUBJECT <= this.messages;
  }

  /** Where the subject that a filter without wildcards means begins and ends; undefined: the filter may mean several. */
  #onlySubject(
    filter: SubjectFilter | undefined,
  ): Pick<SubjectEntry, "first" | "last"> | undefined {
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

  #unlink(entry: SubjectEntry, before: number, after: number): void {
    if (before === 0) entry.first = after;
    else this.#segments.link(before, "after", after);
    if (after === 0) entry.last = before;
    else this.#segments.link(after, "before", before);
  }
}
