/**
 * What subjects have in common that differ in their last token only, such as the
 * reply subjects of one inbox. Each of those is used once, so nothing that is
 * kept by whole subjects is of use for them; who hears them is nearly always a
 * pattern that ends in a wildcard.
 */
import { byteString, DOT, GREATER, STAR } from "../core/ascii.ts";
import { SubjectCache } from "../core/subject_cache.ts";

/** Facts about all subjects below one parent; undefined: they differ, or are not known yet. */
interface Below<T> {
  facts: T | undefined;
  /** They were looked for. */
  isKnown: boolean;
}

export class FactsBelow<T> {
  readonly #find: (parent: string) => T | undefined;
  readonly #parents = new SubjectCache<Below<T>>();

  /** `find` gives what holds for all that is below a parent; undefined: it differs. */
  constructor(find: (parent: string) => T | undefined) {
    this.#find = find;
  }

  /**
   * What holds for the subject `buffer[start, end)` if nobody subscribes to just
   * that; undefined: look it up. `generation` is that of the account.
   */
  of(
    buffer: Uint8Array,
    start: number,
    end: number,
    generation: number,
  ): T | undefined {
    let dot = end - 1;
    while (dot > start && buffer[dot] !== DOT) dot--;
    if (dot === start || !isOrdinary(buffer, dot + 1, end)) return undefined;
    const parent = this.#parents.find(buffer, start, dot);
    if (parent === undefined) return undefined;
    if (parent.generation !== generation) {
      // Where interest changes all the time this would be asked in vain.
      parent.generation = generation;
      parent.value = { facts: undefined, isKnown: false };
      return undefined;
    }
    const below = parent.value!;
    if (!below.isKnown) {
      below.isKnown = true;
      below.facts = this.#find(byteString(buffer, start, dot));
    }
    return below.facts;
  }
}

/** Whether the token is neither empty nor a wildcard. */
function isOrdinary(buffer: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 1) return end > start;
  return buffer[start] !== STAR && buffer[start] !== GREATER;
}
