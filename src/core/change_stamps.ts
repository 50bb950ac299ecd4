/**
 * Which results a change of interest may have made wrong, without a look at any
 * of them. A change is counted by what its subscription has in common with all
 * subjects that it means: the whole subject, or the first two tokens of a
 * pattern, or its first one. A subject's stamp is the sum of the counts that
 * concern it, so a result is right as long as its stamp stays the same: a client
 * that comes with its `_INBOX.x.*` concerns its own answers. Counts of different
 * words may share a place, which costs a look-up and nothing else.
 */
import { DOT, GREATER, STAR } from "./ascii.ts";

const PLACES_MIN = 64;
const PLACES_MAX = 4096;
/** Changes for each place, behind which there are more places. */
const GROWTH = 4;

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
/** Keeps a whole subject apart from one that only begins so. */
const WHOLE_SALT = 0x2545f491;

/** What a subject's stamp is made of: hashes of its first token, the first two, and all. */
export interface StampedSubject {
  readonly first: number;
  readonly two: number;
  readonly whole: number;
}

export class ChangeStamps {
  #counts = new Uint32Array(PLACES_MIN);
  #mask = PLACES_MIN - 1;
  /** Changes that may concern any subject. */
  #wide = 0;
  /** All that were counted in places of this size. */
  #changes = 0;

  /** A subscription to `pattern` came or went. */
  changed(pattern: string): void {
    this.#changes++;
    const place = hashOfChange(pattern);
    if (place === undefined) this.#wide++;
    else this.#counts[place & this.#mask]!++;
    const places = this.#mask + 1;
    if (this.#changes > places * GROWTH && places < PLACES_MAX) this.#grow();
  }

  /** Grows with every change that may concern the subject. */
  of({ first, two, whole }: StampedSubject): number {
    const counts = this.#counts;
    const mask = this.#mask;
    return this.#wide + counts[first & mask]! + counts[two & mask]! +
      counts[whole & mask]!;
  }

  /** Every stamp is another one afterwards, and greater. */
  #grow(): void {
    const places = (this.#mask + 1) * 4;
    // A stamp holds three counts.
    this.#wide += this.#changes * 3 + 1;
    this.#changes = 0;
    this.#counts = new Uint32Array(places);
    this.#mask = places - 1;
  }
}

/** What the stamp of `subject` is made of. */
export function stamped(subject: string): StampedSubject {
  const { length } = subject;
  let hash = FNV_OFFSET;
  let first: number | undefined;
  let two: number | undefined;
  for (let i = 0; i < length; i++) {
    const char = subject.charCodeAt(i);
    if (char === DOT) {
      if (first === undefined) first = folded(hash);
      else two ??= folded(hash);
    }
    hash = Math.imul(hash ^ char, FNV_PRIME);
  }
  const all = folded(hash);
  first ??= all;
  return { first, two: two ?? all, whole: all ^ WHOLE_SALT };
}

/** The hash that all subjects have in common which `pattern` means; undefined: none. */
function hashOfChange(pattern: string): number | undefined {
  const { length } = pattern;
  let hash = FNV_OFFSET;
  let first: number | undefined;
  let two: number | undefined;
  let start = 0;
  for (let i = 0; i <= length; i++) {
    const char = i < length ? pattern.charCodeAt(i) : DOT;
    if (char === DOT) {
      if (i === start + 1 && isWildcard(pattern.charCodeAt(start))) {
        return two ?? first;
      }
      if (first === undefined) first = folded(hash);
      else two ??= folded(hash);
      start = i + 1;
    }
    if (i < length) hash = Math.imul(hash ^ char, FNV_PRIME);
  }
  return folded(hash) ^ WHOLE_SALT;
}

function isWildcard(char: number): boolean {
  return char === STAR || char === GREATER;
}

/** FNV mixes its upper half into the lower badly. */
function folded(hash: number): number {
  return hash ^ (hash >>> 16);
}
