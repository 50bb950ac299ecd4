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
  Segment,
  segmentOf,
  sizeAt,
  subjectAt,
  timeAt,
} from "./segment.ts";
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
  /** In ascending order. */
  #segments: Segment[] = [];
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
    const segment = this.#segmentFor(seq);
    const place = segment.placeOf(seq);
    const entry = this.subjects.take(subject);
    segment.subjects[place] = entry.number;
    segment.sizes[place] = size;
    segment.times[place] = timeUs;
    segment.before[place] = entry.last;
    segment.after[place] = 0;
    segment.live++;
    if (entry.count++ === 0) entry.first = seq;
    else this.#link(entry.last, "after", seq);
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
    const at = this.#find(segmentOf(seq));
    const segment = this.#segments[at];
    if (segment?.number !== segmentOf(seq)) return undefined;
    const place = segment.placeOf(seq);
    const number = place < 0 ? 0 : segment.subjects[place]!;
    if (number === 0) return undefined;
    const entry = this.subjects.numbered(number);
    const size = segment.sizes[place]!;
    const timeUs = segment.times[place]!;
    this.#unlink(entry, segment.before[place]!, segment.after[place]!);
    segment.clear(place, this.#isLast(segment));
    if (segment.live === 0) this.#segments.splice(at, 1);
    const wasLastOfSubject = --entry.count === 0;
    if (wasLastOfSubject) this.subjects.drop(entry);
    this.messages--;
    this.bytes -= size;
    this.#ledger.add(-size);
    if (seq === this.firstSeq) this.firstSeq = this.next(seq + 1);
    return { seq, timeUs, subject: entry.subject, size, wasLastOfSubject };
  }

  /**
   * Takes out what `filter` means below `end`, and gives how many those were.
   * `going` is told of each before it goes, in ascending order. Of a subject the
   * first messages go, so that a link is mended where those end, and not for each.
   */
  removeBelow(
    end: number,
    filter: SubjectFilter,
    going: (seq: number, subjectNumber: number) => void,
  ): number {
    const before = this.messages;
    const only = this.#onlySubject(filter);
    if (only === undefined) this.#removeSeveral(end, filter, going);
    for (let seq = only?.first ?? end; seq > 0 && seq < end;) {
      const after = this.sameAfter(seq);
      going(seq, this.subjectNumber(seq));
      this.remove(seq);
      seq = after;
    }
    return before - this.messages;
  }

  #removeSeveral(
    end: number,
    filter: SubjectFilter,
    going: (seq: number, subjectNumber: number) => void,
  ): void {
    const goesAll = end > this.lastSeq && filter.meansAll;
    for (const segment of this.#segments) {
      if (segment.base >= end) break;
      const { subjects, places } = segment;
      for (let i = 0; i < places; i++) {
        const number = subjects[i]!;
        const seq = segment.seqAt(i);
        if (seq >= end) break;
        const goes = number !== 0 && filter.meansNumber(number);
        if (!goes) continue;
        going(seq, number);
        if (!goesAll) this.#removeFirst(segment, i, end);
      }
      if (!goesAll) segment.cleared(this.#isLast(segment));
    }
    if (goesAll) this.#removeAll();
    else this.#segments = this.#segments.filter(({ live }) => live > 0);
    this.firstSeq = this.next(this.firstSeq);
  }

  #removeAll(): void {
    this.subjects.clear();
    this.#segments = [];
    this.#ledger.add(-this.bytes);
    this.messages = this.bytes = 0;
  }

  /** Takes out the first message of its subject, which another one before `end` may follow. */
  #removeFirst(segment: Segment, place: number, end: number): void {
    const entry = this.subjects.numbered(segment.subjects[place]!);
    const after = segment.after[place]!;
    const size = segment.sizes[place]!;
    segment.subjects[place] = 0;
    segment.live--;
    entry.first = after;
    if (after >= end) this.#link(after, "before", 0);
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
    return this.#read(seq, subjectAt) !== 0;
  }

  /** The number of a message's subject; 0: it is not there. */
  subjectNumber(seq: number): number {
    return this.#read(seq, subjectAt);
  }

  /** The subject of a message; undefined: it is not there. */
  subjectOf(seq: number): string | undefined {
    const number = this.subjectNumber(seq);
    return number === 0 ? undefined : this.subjects.numbered(number).subject;
  }

  /** When a message that is there was stored. */
  timeOf(seq: number): number {
    return this.#read(seq, timeAt);
  }

  /** Bytes that a message that is there counts. */
  sizeOf(seq: number): number {
    return this.#read(seq, sizeAt);
  }

  /** The message of the same subject before, or after, one that is there; 0: there is none. */
  sameBefore(seq: number): number {
    return this.#read(seq, beforeAt);
  }

  sameAfter(seq: number): number {
    return this.#read(seq, afterAt);
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
    for (
      let at = this.#find(segmentOf(from));
      at < this.#segments.length;
      at++
    ) {
      const segment = this.#segments[at]!;
      const isFirst = segment.number === segmentOf(from);
      const { subjects, places } = segment;
      for (let i = isFirst ? segment.firstPlace(from) : 0; i < places; i++) {
        const number = subjects[i]!;
        if (number === 0) continue;
        if (filter === undefined || filter.meansNumber(number)) {
          return segment.seqAt(i);
        }
      }
    }
    return end;
  }

  /** The last message before `before` that `filter` means; 0: there is none. */
  previous(before: number, filter?: SubjectFilter): number {
    const from = Math.min(before, this.lastSeq + 1) - 1;
    const only = this.#onlySubject(filter);
    if (only !== undefined) {
      if (from < only.first) return 0;
      if (only.last <= from) return only.last;
    }
    let at = this.#find(segmentOf(from));
    if (this.#segments[at]?.number !== segmentOf(from)) at--;
    for (; at >= 0; at--) {
      const segment = this.#segments[at]!;
      const isFirst = segment.number === segmentOf(from);
      const { subjects, places } = segment;
      const end = isFirst ? segment.firstPlace(from) : places - 1;
      for (let i = Math.min(end, places - 1); i >= 0; i--) {
        const number = subjects[i]!;
        if (number === 0 || segment.seqAt(i) > from) continue;
        if (filter === undefined || filter.meansNumber(number)) {
          return segment.seqAt(i);
        }
      }
    }
    return 0;
  }

  /** How many messages from `from` on `filter` means. */
  count(from: number, filter?: SubjectFilter): number {
    if (filter === undefined || filter.meansAll) {
      if (from <= this.firstSeq) return this.messages;
      return this.#countFrom(from);
    }
    let count = 0;
    for (const entry of this.subjects.entries()) {
      if (entry.last < from || !filter.meansNumber(entry.number)) continue;
      count += from <= entry.first ? entry.count : this.#tail(entry, from);
    }
    return count;
  }

  /** The first message that was stored at `timeUs` or later; one more than `lastSeq`: none was. */
  firstAt(timeUs: number): number {
    for (const segment of this.#segments) {
      const { subjects, times, places } = segment;
      for (let i = 0; i < places; i++) {
        if (subjects[i] !== 0 && times[i]! >= timeUs) return segment.seqAt(i);
      }
    }
    return this.lastSeq + 1;
  }

  #countFrom(from: number): number {
    let count = 0;
    for (
      let at = this.#find(segmentOf(from));
      at < this.#segments.length;
      at++
    ) {
      const segment = this.#segments[at]!;
      if (segment.number !== segmentOf(from)) {
        count += segment.live;
        continue;
      }
      const { subjects, places } = segment;
      for (let i = segment.firstPlace(from); i < places; i++) {
        if (subjects[i] !== 0) count++;
      }
    }
    return count;
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
    else this.#link(before, "after", after);
    if (after === 0) entry.last = before;
    else this.#link(after, "before", before);
  }

  #link(seq: number, direction: "before" | "after", to: number): void {
    const segment = this.#segments[this.#find(segmentOf(seq))]!;
    segment[direction][segment.placeOf(seq)] = to;
  }

  #read(
    seq: number,
    read: (segment: Segment, place: number) => number,
  ): number {
    const segment = this.#segments[this.#find(segmentOf(seq))];
    if (segment?.number !== segmentOf(seq)) return 0;
    const place = segment.placeOf(seq);
    return place < 0 || segment.subjects[place] === 0
      ? 0
      : read(segment, place);
  }

  #segmentFor(seq: number): Segment {
    const last = this.#segments.at(-1);
    if (last?.number === segmentOf(seq)) return last;
    const segment = new Segment(segmentOf(seq));
    this.#segments.push(segment);
    return segment;
  }

  /** The place of the segment with this number, or of the next one. */
  #find(number: number): number {
    const segments = this.#segments;
    const last = segments.length - 1;
    if (last >= 0 && segments[last]!.number <= number) {
      return segments[last]!.number === number ? last : last + 1;
    }
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (segments[middle]!.number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
