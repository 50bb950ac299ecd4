/**
 * Small numbers by subject: what was last said of each of some subjects. Each
 * subject has one place, where a newcomer takes that of another one, and all
 * bytes stand in arrays that are there already: neither a hit nor a miss
 * allocates. It begins small and grows while newcomers find places taken.
 */
import { equalBytes, hashBytes } from "./ascii.ts";

/** Longer subjects are not kept. */
const SUBJECT_MAX_BYTES = 62;
/** Of a subject's place: length, value, and the subject's bytes. */
const PLACE_BYTES = 2 + SUBJECT_MAX_BYTES;
const PLACES_MIN = 16;
const PLACES_MAX = 1024;

/** `find` knows nothing of the subject. */
export const NO_VERDICT = 0;

/**
 * What was said last of one subject by whom, where the subject has an object of
 * its own: found without a look at its bytes. Theirs to write.
 */
export interface SubjectMemo {
  hearer: object | undefined;
  heard: number;
}

export class VerdictCache {
  #places = new Uint8Array(PLACES_MIN * PLACE_BYTES);
  #mask = PLACES_MIN - 1;
  /** Newcomers that found their places taken since it has this size. */
  #driven = 0;

  /** The value of `buffer[start, end)`, or `NO_VERDICT`. */
  find(buffer: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > SUBJECT_MAX_BYTES) return NO_VERDICT;
    const places = this.#places;
    const place = this.#placeOf(buffer, start, end);
    return places[place] === length &&
        equalBytes(places, place + 2, buffer, start, length)
      ? places[place + 1]!
      : NO_VERDICT;
  }

  /** Keeps `value`, from 1 to 255. */
  keep(buffer: Uint8Array, start: number, end: number, value: number): void {
    const length = end - start;
    if (length > SUBJECT_MAX_BYTES) return;
    let place = this.#placeOf(buffer, start, end);
    if (this.#places[place + 1] !== NO_VERDICT && this.#grows()) {
      place = this.#placeOf(buffer, start, end);
    }
    const places = this.#places;
    places[place] = length;
    places[place + 1] = value;
    for (let i = 0; i < length; i++) places[place + 2 + i] = buffer[start + i]!;
  }

  #placeOf(buffer: Uint8Array, start: number, end: number): number {
    return (hashBytes(buffer, start, end) & this.#mask) * PLACE_BYTES;
  }

  /** Whether there are more places now. They begin empty: what was known is found out again. */
  #grows(): boolean {
    const count = this.#mask + 1;
    if (++this.#driven < count || count === PLACES_MAX) return false;
    this.#driven = 0;
    this.#mask = count * 4 - 1;
    this.#places = new Uint8Array(count * 4 * PLACE_BYTES);
    return true;
  }
}
