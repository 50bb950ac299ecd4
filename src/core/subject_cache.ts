/**
 * What is known about subjects, found by their bytes: the hot path of a
 * publish goes from the bytes on the wire to a match without making a string.
 * A table of fixed places with a few probes; a subject that finds no place
 * takes that of another one, so its memory is bounded whatever subjects peers
 * make up. A subject is kept from its second use on, or a little later: reply
 * subjects are used once, and would only drive out those that come again.
 */
import { byteString, equalBytes, hashBytes, writeBytes } from "./ascii.ts";
import { stamped, type StampedSubject } from "./change_stamps.ts";

const PLACES_MIN = 64;
const PLACES_MAX = 16_384;
const PROBES = 4;
/** The longest subject worth keeping. */
const SUBJECT_MAX_BYTES = 512;
/** Places for hashes of subjects that were seen once, for each place of the table: few subjects need few. */
const SEEN_PER_PLACE = 8;
const SEEN_PLACES_MAX = 8192;
/** Of a linear congruential generator. */
const LCG_FACTOR = 1_664_525;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const NONE_SEEN = new Int32Array(0);

/** One known subject; `value` belongs to the owner of the cache. */
class CachedSubject<T> implements StampedSubject {
  // What each look-up reads comes first, so that it stands close together.
  readonly hash: number;
  readonly length: number;
  /** Where its bytes begin among those of all. */
  start: number;
  /** Changes of any kind until it was last looked at; the owner's number. */
  changes = -1;
  value: T | undefined = undefined;
  /** The state of the world in which `value` was right; the owner's number. */
  generation = -1;
  readonly subject: string;
  readonly first: number;
  readonly two: number;
  readonly whole: number;

  constructor(subject: string, hash: number, start: number) {
    this.hash = hash;
    this.length = subject.length;
    this.start = start;
    this.subject = subject;
    const { first, two, whole } = stamped(subject);
    this.first = first;
    this.two = two;
    this.whole = whole;
  }
}

export class SubjectCache<T> {
  /** None before the first subject: most accounts are never used. */
  #places: (CachedSubject<T> | undefined)[] = [];
  #used = 0;
  /** The bytes of all subjects. */
  #bytes = NO_BYTES;
  #bytesEnd = 0;
  /** Which of the probed places the next newcomer takes when all are taken. */
  #victim = 0;
  #seen: Int32Array = NONE_SEEN;
  /** Below zero half of the time, in no order that subjects could come in. */
  #chance = -1;
  /** Publishers tend to repeat themselves. */
  #last: CachedSubject<T> | undefined = undefined;

  /**
   * The entry for `buffer[start, end)`, made if the subject was seen before;
   * undefined for a subject that is new.
   */
  find(
    buffer: Uint8Array,
    start: number,
    end: number,
  ): CachedSubject<T> | undefined {
    const length = end - start;
    const last = this.#last;
    if (
      last?.length === length &&
      equalBytes(this.#bytes, last.start, buffer, start, length)
    ) return last;
    const found = this.#lookUp(buffer, start, end);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #lookUp(
    buffer: Uint8Array,
    start: number,
    end: number,
  ): CachedSubject<T> | undefined {
    if (this.#places.length === 0) this.#grow(PLACES_MIN);
    const hash = hashBytes(buffer, start, end);
    const length = end - start;
    const mask = this.#places.length - 1;
    for (let probe = 0; probe < PROBES; probe++) {
      const entry = this.#places[(hash + probe) & mask];
      if (entry === undefined) break;
      if (
        entry.hash === hash && entry.length === length &&
        equalBytes(this.#bytes, entry.start, buffer, start, length)
      ) return entry;
    }
    if (!this.#seenBefore(hash) || length > SUBJECT_MAX_BYTES) return undefined;
    const subject = byteString(buffer, start, end);
    const at = this.#placeFor(subject);
    return this.#add(new CachedSubject<T>(subject, hash, at));
  }

  /** Writes the bytes of `subject` behind those of the others; gives where they begin. */
  #placeFor(subject: string): number {
    if (this.#bytesEnd + subject.length > this.#bytes.length) {
      this.#packBytes(subject.length);
    }
    const start = this.#bytesEnd;
    this.#bytesEnd = writeBytes(this.#bytes, start, subject);
    return start;
  }

  /** Makes room for `more`, without the bytes of those that lost their places. */
  #packBytes(more: number): void {
    const before = this.#bytes;
    let needed = more;
    for (const entry of this.#places) needed += entry?.length ?? 0;
    this.#bytes = new Uint8Array(2 * needed);
    this.#last = undefined;
    let at = 0;
    for (const entry of this.#places) {
      if (entry === undefined) continue;
      const { start, length } = entry;
      this.#bytes.set(before.subarray(start, start + length), at);
      entry.start = at;
      at += length;
    }
    this.#bytesEnd = at;
  }

  #seenBefore(hash: number): boolean {
    const seen = this.#seen;
    const place = hash & (seen.length - 1);
    if (seen[place] === hash) return true;
    // Of two that share a place and come by turns, one has to stay until it
    // comes again.
    this.#chance = Math.imul(this.#chance, LCG_FACTOR) + 1 | 0;
    if (this.#chance < 0 || seen[place] === 0) seen[place] = hash;
    return false;
  }

  #add(entry: CachedSubject<T>): CachedSubject<T> {
    if (
      this.#used * 2 >= this.#places.length && this.#places.length < PLACES_MAX
    ) {
      this.#grow(this.#places.length * 4);
    }
    this.#place(entry);
    return entry;
  }

  #place(entry: CachedSubject<T>): void {
    const mask = this.#places.length - 1;
    for (let probe = 0; probe < PROBES; probe++) {
      const place = (entry.hash + probe) & mask;
      if (this.#places[place] !== undefined) continue;
      this.#places[place] = entry;
      this.#used++;
      return;
    }
    this.#victim = (this.#victim + 1) % PROBES;
    this.#places[(entry.hash + this.#victim) & mask] = entry;
  }

  #grow(places: number): void {
    const entries = this.#places;
    this.#places = new Array(places).fill(undefined);
    this.#used = 0;
    this.#growSeen();
    for (const entry of entries) if (entry !== undefined) this.#place(entry);
  }

  /** What was seen once is kept. */
  #growSeen(): void {
    const before = this.#seen;
    const places = this.#places.length * SEEN_PER_PLACE;
    if (before.length === SEEN_PLACES_MAX) return;
    this.#seen = new Int32Array(Math.min(places, SEEN_PLACES_MAX));
    const mask = this.#seen.length - 1;
    for (const hash of before) this.#seen[hash & mask] = hash;
  }
}
