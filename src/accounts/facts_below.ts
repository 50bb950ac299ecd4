/**
 * What subjects have in common that differ in their last token only, such as the
 * reply subjects of one inbox, or in the numbers at their end, such as acknowledgements.
 * Each of those is used once, so nothing that is kept by whole subjects is of use for
 * them; who hears them is nearly always a pattern that ends in wildcards.
 */
import { byteString, DOT, GREATER, STAR } from "../core/ascii.ts";
import type { StampedSubject } from "../core/change_stamps.ts";
import { SubjectCache } from "../core/subject_cache.ts";
import { FewLarge } from "./few_large.ts";

const ZERO = 0x30;
const NINE = 0x39;

/** Facts about all subjects below one parent; undefined: they differ, or are not known yet. */
interface Below<T> {
  facts: T | undefined;
  /** They were looked for. */
  isKnown: boolean;
}

export class FactsBelow<T> {
  readonly #find: (parent: string) => T | undefined;
  readonly #stampOf: (parent: StampedSubject) => number;
  readonly #isLarge: (facts: T) => boolean;
  readonly #large = new FewLarge();
  readonly #numbers: number;
  readonly #parents = new SubjectCache<Below<T>>();

  /**
   * `find` gives what holds for all that is one token below a parent, or as many
   * `numbers`, tokens of digits; undefined: it differs. It holds as long as
   * `stampOf` the parent stays the same; of what `isLarge` few are kept.
   */
  constructor(
    find: (parent: string) => T | undefined,
    stampOf: (parent: StampedSubject) => number,
    isLarge: (facts: T) => boolean,
    numbers: number = 0,
  ) {
    this.#isLarge = isLarge;
    this.#find = find;
    this.#stampOf = stampOf;
    this.#numbers = numbers;
  }

  /** Receivers have gone. */
  forgetStale(): void {
    this.#large.forgetStale(this.#stampOf);
  }

  /**
   * What holds for the subject `buffer[start, end)` if nobody subscribes to just
   * that; undefined: look it up.
   */
  of(buffer: Uint8Array, start: number, end: number): T | undefined {
    const dot = this.#numbers === 0
      ? behindParent(buffer, start, end)
      : behindNumbersParent(buffer, start, end, this.#numbers);
    if (dot === start) return undefined;
    const parent = this.#parents.find(buffer, start, dot);
    if (parent === undefined) return undefined;
    const stamp = this.#stampOf(parent);
    if (parent.generation !== stamp) {
      // Where interest changes all the time this would be asked in vain.
      parent.generation = stamp;
      parent.value = { facts: undefined, isKnown: false };
      return undefined;
    }
    const below = parent.value!;
    if (!below.isKnown) {
      below.isKnown = true;
      const facts = below.facts = this.#find(byteString(buffer, start, dot));
      if (facts !== undefined && this.#isLarge(facts)) {
        this.#large.keep(parent);
      }
    }
    return below.facts;
  }
}

/** Where the parent of a last token that is ordinary ends; `start`: there is none. */
function behindParent(buffer: Uint8Array, start: number, end: number): number {
  let dot = end - 1;
  while (dot > start && buffer[dot] !== DOT) dot--;
  return dot > start && isOrdinary(buffer, dot + 1, end) ? dot : start;
}

/** Where the parent of `count` tokens of digits ends; `start`: there is none. */
function behindNumbersParent(
  buffer: Uint8Array,
  start: number,
  end: number,
  count: number,
): number {
  let at = end;
  for (let left = count; left > 0; left--) {
    const behind = at--;
    while (at > start && isDigit(buffer[at]!)) at--;
    if (at <= start || buffer[at] !== DOT || at + 1 === behind) return start;
  }
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** Whether the token is neither empty nor a wildcard. */
function isOrdinary(buffer: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 1) return end > start;
  return buffer[start] !== STAR && buffer[start] !== GREATER;
}
