/**
 * Which messages a stream has, as they come and go. Both kinds of stores have one; a
 * file's is built anew when it is opened.
 *
 * More than a dozen members: because everything that a stream knows without
 * reading a message is asked here.
 */
import { ByteLedger } from "../limits/usage.ts";
import { MessageLookups } from "./message_lookups.ts";
import { type Segment, segmentOf } from "./segment.ts";
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

/** Where a part of what goes ends: before a sequence, and behind about as many messages. */
interface PartEnd {
  readonly end: number;
  readonly messages: number;
}

export class MessageIndex extends MessageLookups {
  /** Its bytes count there as well. */
  #ledger: ByteLedger;

  /** `subjects` has room for those of the messages that come. */
  constructor(
    ledger: ByteLedger = new ByteLedger(),
    subjects: SubjectTable = new SubjectTable(),
  ) {
    super(subjects);
    this.#ledger = ledger;
  }

  /** Its bytes count nowhere else any more. */
  leaveLedger(): void {
    this.#ledger.add(-this.bytes);
    this.#ledger = new ByteLedger();
  }

  /** Adds the newest message. */
  add({ seq, timeUs, subject, size }: IndexEntry): void {
    const segment = this.segments.forNewest(seq);
    const place = segment.placeOf(seq);
    const entry = this.subjects.take(subject);
    segment.subjects[place] = entry.number;
    segment.sizes[place] = size;
    segment.times[place] = timeUs;
    segment.before[place] = entry.last;
    segment.after[place] = 0;
    segment.live++;
    if (entry.count++ === 0) entry.first = seq;
    else this.segments.link(entry.last, "after", seq);
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
    const { list } = this.segments;
    const at = this.segments.find(segmentOf(seq));
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
    const all = this.segments.list.splice(0);
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
    const only = this.onlySubject(filter);
    const few = only === undefined ? this.#fewBefore(to, filter) : undefined;
    let at = to.end;
    if (only !== undefined) at = this.#removeSame(only.first, to, going);
    else if (few === undefined) {
      at = this.#removeSegments(from, to, filter, going);
    } else for (const seq of few) this.#removeOne(seq, going);
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
      this.#removeOne(seq, going);
      seq = after;
    }
    return end;
  }

  #removeOne(
    seq: number,
    going: (seq: number, subjectNumber: number) => void,
  ): void {
    going(seq, this.subjectNumber(seq));
    this.remove(seq);
  }

  /** All that `filter` means before an end, ascending; undefined: it is not found at once, or is more than a part. */
  #fewBefore(
    { end, messages }: PartEnd,
    filter: SubjectFilter,
  ): readonly number[] | undefined {
    const few = this.subjects.few(filter);
    if (few === undefined) return undefined;
    const seqs: number[] = [];
    for (const { first } of few) {
      for (let seq = first; seq > 0 && seq < end; seq = this.sameAfter(seq)) {
        if (seqs.push(seq) > messages) return undefined;
      }
    }
    return seqs.sort((a, b) => a - b);
  }

  #removeSegments(
    from: number,
    { end, messages }: PartEnd,
    filter: SubjectFilter,
    going: (seq: number, subjectNumber: number) => void,
  ): number {
    const segments = this.segments.list;
    const first = this.segments.find(segmentOf(from));
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
    this.segments.dropEmpty(first, at);
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
    if (after >= end) this.segments.link(after, "before", 0);
    if (--entry.count === 0) this.subjects.drop(entry);
    this.messages--;
    this.bytes -= size;
    this.#ledger.add(-size);
  }

  /** Whether more messages are to come into a segment. */
  #isLast(segment: Segment): boolean {
    return segment.number === segmentOf(this.lastSeq + 1);
  }

  #unlink(entry: SubjectEntry, before: number, after: number): void {
    if (before === 0) entry.first = after;
    else this.segments.link(before, "after", after);
    if (after === 0) entry.last = before;
    else this.segments.link(after, "before", before);
  }
}
