/** The segments of an index, in ascending order, and what stands at a sequence. */
import { Segment, segmentOf } from "./segment.ts";
import type { SubjectFilter } from "./subject_table.ts";

export class Segments {
  readonly list: Segment[] = [];

  /** The place of the segment with this number, or of the next one. */
  find(number: number): number {
    const segments = this.list;
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

  /** What `read` gives of the place of a message; 0: it is not there. */
  read(
    seq: number,
    read: (segment: Segment, place: number) => number,
  ): number {
    const segment = this.list[this.find(segmentOf(seq))];
    if (segment?.number !== segmentOf(seq)) return 0;
    const place = segment.placeOf(seq);
    return place < 0 || segment.subjects[place] === 0
      ? 0
      : read(segment, place);
  }

  /** The message of the same subject before, or after, one that is there is another one. */
  link(seq: number, direction: "before" | "after", to: number): void {
    const segment = this.list[this.find(segmentOf(seq))]!;
    segment[direction][segment.placeOf(seq)] = to;
  }

  /** The segment that the newest message comes into. */
  forNewest(seq: number): Segment {
    const last = this.list.at(-1);
    if (last?.number === segmentOf(seq)) return last;
    const segment = new Segment(segmentOf(seq));
    this.list.push(segment);
    return segment;
  }

  /** The first message from `from` on that `filter` means; 0: there is none, or not in segments before `end`. */
  next(
    from: number,
    filter: SubjectFilter | undefined,
    end: number = Infinity,
  ): number {
    const { list } = this;
    for (let at = this.find(segmentOf(from)); at < list.length; at++) {
      const segment = list[at]!;
      if (segment.base >= end) break;
      const { subjects, places } = segment;
      for (let i = placeFrom(segment, from); i < places; i++) {
        const number = subjects[i]!;
        if (number === 0) continue;
        if (filter === undefined || filter.meansNumber(number)) {
          return segment.seqAt(i);
        }
      }
    }
    return 0;
  }

  /**
   * Of the messages up to `from` that `filter` means, the last one, or the `nth` from
   * there; 0: there is none, or not in segments that reach behind `first`.
   */
  previous(
    from: number,
    filter: SubjectFilter | undefined,
    { nth = 1, first = 0 }: { readonly nth?: number; readonly first?: number } =
      {},
  ): number {
    const { list } = this;
    let left = nth;
    let at = this.find(segmentOf(from));
    if (list[at]?.number !== segmentOf(from)) at--;
    for (; at >= 0; at--) {
      const segment = list[at]!;
      if (segment.end <= first) break;
      const isFirst = segment.number === segmentOf(from);
      const { subjects, places } = segment;
      const end = isFirst ? segment.firstPlace(from) : places - 1;
      for (let i = Math.min(end, places - 1); i >= 0; i--) {
        const number = subjects[i]!;
        if (number === 0 || segment.seqAt(i) > from) continue;
        const isMeant = filter === undefined || filter.meansNumber(number);
        if (isMeant && --left === 0) return segment.seqAt(i);
      }
    }
    return 0;
  }

  /** How many messages from `from` on `filter` means. */
  count(from: number, filter: SubjectFilter | undefined): number {
    let count = 0;
    const { list } = this;
    for (let at = this.find(segmentOf(from)); at < list.length; at++) {
      const segment = list[at]!;
      const isWhole = segment.number !== segmentOf(from);
      if (filter === undefined && isWhole) {
        count += segment.live;
        continue;
      }
      const { subjects, places } = segment;
      for (let i = placeFrom(segment, from); i < places; i++) {
        const number = subjects[i]!;
        if (number === 0) continue;
        if (filter === undefined || filter.meansNumber(number)) count++;
      }
    }
    return count;
  }

  /** The last message up to `upTo` of each subject that `filter` means, ascending. */
  lastOfEach(upTo: number, filter: SubjectFilter): number[] {
    const lasts: number[] = [];
    for (const segment of this.list) {
      const { subjects, after, places } = segment;
      for (let i = 0; i < places; i++) {
        const number = subjects[i]!;
        if (number === 0 || !filter.meansNumber(number)) continue;
        const next = after[i]!;
        if (next !== 0 && next <= upTo) continue;
        const seq = segment.seqAt(i);
        if (seq > upTo) return lasts;
        lasts.push(seq);
      }
    }
    return lasts;
  }

  /** The first message that was stored at `timeUs` or later; 0: none was. */
  firstAt(timeUs: number): number {
    for (const segment of this.list) {
      const { subjects, times, places } = segment;
      for (let i = 0; i < places; i++) {
        if (subjects[i] !== 0 && times[i]! >= timeUs) return segment.seqAt(i);
      }
    }
    return 0;
  }

  /** Of those from the place `from` to `end` the empty ones go. */
  dropEmpty(from: number, end: number): void {
    const left = this.list.slice(from, end).filter(({ live }) => live > 0);
    this.list.splice(from, end - from, ...left);
  }
}

/** The first place in `segment` of a sequence from `from` on. */
function placeFrom(segment: Segment, from: number): number {
  return segment.number === segmentOf(from) ? segment.firstPlace(from) : 0;
}
