/** The segments of an index, in ascending order, and what stands at a sequence. */
import { Segment, segmentOf } from "./segment.ts";

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

  /** Of those from the place `from` to `end` the empty ones go. */
  dropEmpty(from: number, end: number): void {
    const left = this.list.slice(from, end).filter(({ live }) => live > 0);
    this.list.splice(from, end - from, ...left);
  }
}
