/**
 * A thousand sequences in a row, and what is kept in memory of the messages that
 * have them: places in arrays, no objects. A segment of which most messages have
 * gone keeps room for those that are left only, so that a stream whose last
 * message for each subject is old costs what its messages cost.
 *
 * More than a dozen members: because it is a record of arrays, read without a
 * call for each of them.
 */

/** Sequences of a segment; a power of two. */
const SEGMENT_SIZE = 1024;
const OFFSET_MASK = SEGMENT_SIZE - 1;

/** Room that is left when a segment is packed: a message in this many places. */
const SPARSE_FRACTION = 4;

/** Which segment a sequence is in. */
export function segmentOf(seq: number): number {
  return Math.floor(seq / SEGMENT_SIZE);
}

export class Segment {
  readonly number: number;
  /** Messages that are there. */
  live = 0;
  /** By place: the number of the subject; 0: nothing is there. */
  subjects: Uint32Array = new Uint32Array(SEGMENT_SIZE);
  /** Bytes that a message counts. */
  sizes: Uint32Array = new Uint32Array(SEGMENT_SIZE);
  /** When it was stored, in microseconds since the Unix epoch. */
  times: Float64Array = new Float64Array(SEGMENT_SIZE);
  /** The sequences of the messages before and after it that have the same subject; 0: none. */
  before: Float64Array = new Float64Array(SEGMENT_SIZE);
  after: Float64Array = new Float64Array(SEGMENT_SIZE);
  /** The offset of each place, ascending; undefined: a place is an offset. */
  #offsets: Uint16Array | undefined = undefined;

  constructor(number: number) {
    this.number = number;
  }

  /** The sequence of offset 0. */
  get base(): number {
    return this.number * SEGMENT_SIZE;
  }

  /** The sequence behind its last one. */
  get end(): number {
    return this.base + SEGMENT_SIZE;
  }

  /** How many places there are. */
  get places(): number {
    return this.subjects.length;
  }

  /** The place of `seq`, which is in this segment; -1: it has none. */
  placeOf(seq: number): number {
    const offset = seq & OFFSET_MASK;
    const offsets = this.#offsets;
    if (offsets === undefined) return offset;
    const place = this.firstPlace(seq);
    return offsets[place] === offset ? place : -1;
  }

  /** The first place of `seq` or of a later sequence; `places` where there is none. */
  firstPlace(seq: number): number {
    const offset = seq & OFFSET_MASK;
    const offsets = this.#offsets;
    if (offsets === undefined) return offset;
    let low = 0;
    let high = offsets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (offsets[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The sequence that has a place. */
  seqAt(place: number): number {
    const offset = this.#offsets === undefined ? place : this.#offsets[place]!;
    return this.base + offset;
  }

  /** The sequences of its messages, ascending. */
  *seqs(): Iterable<number> {
    for (let place = 0; place < this.places; place++) {
      if (this.subjects[place] !== 0) yield this.seqAt(place);
    }
  }

  /** Empties a place. The segment is packed when most are empty, unless more messages are to `come`. */
  clear(place: number, come: boolean): void {
    this.subjects[place] = 0;
    this.live--;
    this.cleared(come);
  }

  /** The same once several places were emptied by hand, which moves those that are left. */
  cleared(come: boolean): void {
    if (!come && this.live * SPARSE_FRACTION < this.places) this.#pack();
  }

  #pack(): void {
    const offsets = new Uint16Array(this.live);
    const kept = new Uint16Array(this.live);
    let count = 0;
    for (let place = 0; place < this.places; place++) {
      if (this.subjects[place] === 0) continue;
      offsets[count] = this.seqAt(place) & OFFSET_MASK;
      kept[count++] = place;
    }
    this.subjects = new Uint32Array(kept.length).map((_, i) =>
      this.subjects[kept[i]!]!
    );
    this.sizes = new Uint32Array(kept.length).map((_, i) =>
      this.sizes[kept[i]!]!
    );
    this.times = packed(this.times, kept);
    this.before = packed(this.before, kept);
    this.after = packed(this.after, kept);
    this.#offsets = offsets;
  }
}

function packed(from: Float64Array, kept: Uint16Array): Float64Array {
  const to = new Float64Array(kept.length);
  for (let i = 0; i < kept.length; i++) to[i] = from[kept[i]!]!;
  return to;
}

/** What a place has, for those who look into one segment of many. */
export function subjectAt({ subjects }: Segment, place: number): number {
  return subjects[place]!;
}

/** See `subjectAt`. */
export function timeAt({ times }: Segment, place: number): number {
  return times[place]!;
}

/** See `subjectAt`. */
export function sizeAt({ sizes }: Segment, place: number): number {
  return sizes[place]!;
}

/** See `subjectAt`. */
export function beforeAt({ before }: Segment, place: number): number {
  return before[place]!;
}

/** See `subjectAt`. */
export function afterAt({ after }: Segment, place: number): number {
  return after[place]!;
}
