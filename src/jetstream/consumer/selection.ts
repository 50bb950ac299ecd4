/**
 * Which messages of a stream come to a consumer for the first time, in which
 * order, and how many there are still to come: exactly, at any time.
 *
 * More than a dozen members: because deliveries, the API and what is saved ask for
 * the same place in different ways.
 */
import { momentOf } from "../moments.ts";
import type { SubjectFilter } from "../store/subject_table.ts";
import type { Stream } from "../stream/stream.ts";
import { type ConsumerConfig, patternsOf } from "./consumer_config.ts";
import { LastMessages } from "./last_messages.ts";

/** Where a selection goes on. */
export interface SavedPlace {
  readonly next: number;
  /** Last messages of subjects are still to come before that. */
  readonly hasLasts: boolean;
}

const NO_LASTS = new LastMessages([]);

export class Selection {
  /** Messages that are still to come. */
  pending = 0;
  /** The message before the first one. */
  readonly startsAfter: number;
  readonly #stream: Stream;
  readonly #filter: SubjectFilter;
  /** The last message of each subject, where the consumer begins with those. */
  #lasts = NO_LASTS;
  /** Where it goes on behind those. */
  #next: number;
  #isReleased = false;

  constructor(stream: Stream, config: ConsumerConfig) {
    this.#stream = stream;
    this.#filter = stream.index.subjects.filter(patternsOf(config));
    if (config.deliver_policy === "last_per_subject") {
      // One that cannot be kept takes along the consumer, which comes behind it.
      const { lastSeq } = stream.index;
      this.#lasts = this.#lastOfEach(lastSeq);
      this.#next = lastSeq + 1;
      this.startsAfter = (this.#lasts.next ?? this.#next) - 1;
      this.pending = this.#visibleLasts;
    } else {
      this.#next = startOf(stream, config, this.#filter);
      this.startsAfter = this.#next - 1;
      this.#recount();
    }
  }

  /** Whether the subject with this number is selected. */
  means(subjectNumber: number): boolean {
    return this.#filter.meansNumber(subjectNumber);
  }

  /** Selected messages to come, with those that are published and not there for good yet. */
  get published(): number {
    const { index, visibleSeq } = this.#stream;
    let seq = Math.max(this.#next, visibleSeq + 1);
    let count = this.pending + this.#lasts.countFrom(visibleSeq + 1);
    while ((seq = index.next(seq, this.#filter)) <= index.lastSeq) {
      count++;
      seq++;
    }
    return count;
  }

  /** The next message; undefined: none is there. */
  peek(): number | undefined {
    const { index, visibleSeq } = this.#stream;
    const last = this.#lasts.next;
    if (last !== undefined) return last <= visibleSeq ? last : undefined;
    const seq = index.next(this.#next, this.#filter);
    // What lies between is not looked at again.
    this.#next = Math.max(this.#next, Math.min(seq, visibleSeq + 1));
    return seq <= visibleSeq ? seq : undefined;
  }

  /** The message that `peek` gave has been delivered. */
  advance(): void {
    this.pending--;
    if (this.#hasLasts) this.#lasts.advance();
    else this.#next++;
  }

  /** A message is there, for good. */
  stored(seq: number, subjectNumber: number): boolean {
    const isNew = seq >= this.#next;
    const isMeant = isNew ? this.means(subjectNumber) : this.#lasts.has(seq);
    if (!isMeant) return false;
    // Nothing that lies before it is still to come.
    if (isNew && this.pending === 0) this.#next = seq;
    this.pending++;
    return true;
  }

  /** A message goes. */
  removing(seq: number, subjectNumber: number): void {
    if (!this.means(subjectNumber)) return;
    if (!this.#lasts.remove(seq) && seq < this.#next) return;
    if (seq <= this.#stream.visibleSeq) this.pending--;
  }

  /** All messages have gone at once. */
  emptied(): void {
    this.#lasts = NO_LASTS;
    this.pending = 0;
  }

  get #hasLasts(): boolean {
    return this.#lasts.next !== undefined;
  }

  /** Last messages that are to come and are there for good. */
  get #visibleLasts(): number {
    const unseen = this.#lasts.countFrom(this.#stream.visibleSeq + 1);
    return this.#lasts.countFrom(0) - unseen;
  }

  /** Where it goes on, as it is saved. */
  get place(): SavedPlace {
    return { next: this.#next, hasLasts: this.#hasLasts };
  }

  /** Goes on at `place`; `after`: the last message that was delivered. */
  restore({ next, hasLasts }: SavedPlace, after: number): void {
    this.moveTo(next);
    if (!hasLasts) return;
    this.#lasts = this.#lastOfEach(next - 1, after);
    this.pending += this.#visibleLasts;
  }

  /** Goes back to what comes behind `after`. */
  goBack(after: number): void {
    if (this.#hasLasts) this.restore(this.place, after);
    else this.moveTo(after + 1);
  }

  /** Begins again at `seq`. */
  moveTo(seq: number): void {
    this.#lasts = NO_LASTS;
    this.#next = seq;
    this.#recount();
  }

  /** It is not asked any more. */
  release(): void {
    if (!this.#isReleased) this.#filter.release();
    this.#isReleased = true;
  }

  #recount(): void {
    const { index, visibleSeq } = this.#stream;
    const unseen = index.count(visibleSeq + 1, this.#filter);
    this.pending = Math.max(
      0,
      index.count(this.#next, this.#filter) - unseen,
    );
  }

  #lastOfEach(upTo: number, after: number = 0): LastMessages {
    const lasts = this.#stream.index.lastOfEach(upTo, this.#filter);
    return new LastMessages(
      after === 0 ? lasts : lasts.filter((seq) => seq > after),
    );
  }
}

/** The first sequence that a consumer looks at. */
function startOf(
  { index }: Stream,
  config: ConsumerConfig,
  filter: SubjectFilter,
): number {
  // What is published is there before the consumer, even where the disk has it later.
  const end = index.lastSeq + 1;
  switch (config.deliver_policy) {
    case "new":
      return end;
    case "last": {
      const last = index.previous(end, filter);
      return last === 0 ? index.firstSeq : last;
    }
    case "by_start_sequence":
      return Math.max(config.opt_start_seq ?? 0, index.firstSeq);
    case "by_start_time":
      return Math.min(
        end,
        index.firstAt(momentOf(config.opt_start_time ?? "")),
      );
    default:
      return index.firstSeq;
  }
}
