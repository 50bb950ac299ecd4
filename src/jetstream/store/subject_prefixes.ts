/**
 * The subjects of a stream by how they begin: those with the same first tokens stand
 * in one chain, so that a pattern with a wildcard behind these finds its subjects
 * without a look at all others. It is made when such a pattern is asked for, and
 * takes 20 bytes for a subject.
 */
import { DOT } from "../../core/ascii.ts";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class SubjectPrefixes {
  /** Tokens that a chain has in common. */
  readonly #tokens: number;
  /** The first number of each chain, by the hash of its tokens; 0: there is none. */
  #heads: Int32Array;
  /** By number: the hash, and the neighbours in the chain. What is before a first one is `-1 - place`, where its chain begins. */
  #hashes: Int32Array;
  #after: Int32Array;
  #before: Int32Array;

  /** For numbers up to `numbers`, and for more when they come. */
  constructor(tokens: number, numbers: number) {
    this.#tokens = tokens;
    const room = roomFor(numbers);
    this.#heads = new Int32Array(room);
    this.#hashes = new Int32Array(room);
    this.#after = new Int32Array(room);
    this.#before = new Int32Array(room);
  }

  /** A number is that of `subject` from now on. */
  add(number: number, subject: string): void {
    const hash = hashOfTokens(subject, this.#tokens);
    // Too few tokens for a wildcard behind them.
    if (hash === undefined) return;
    if (number >= this.#hashes.length) this.#grow(number);
    this.#hashes[number] = hash;
    this.#link(number);
  }

  /** A number is that of no subject any more. */
  remove(number: number): void {
    const before = this.#before[number] ?? 0;
    if (before === 0) return;
    const after = this.#after[number]!;
    if (before < 0) this.#heads[-1 - before] = after;
    else this.#after[before] = after;
    if (after !== 0) this.#before[after] = before;
    this.#before[number] = 0;
  }

  /**
   * The numbers of subjects that may begin as `pattern` does, and of no others that
   * do; undefined: they are more than `most`.
   */
  alike(pattern: string, most: number): readonly number[] | undefined {
    const hash = hashOfTokens(pattern, this.#tokens)!;
    const alike: number[] = [];
    let number = this.#heads[hash & (this.#heads.length - 1)]!;
    for (let left = most; number !== 0; number = this.#after[number]!) {
      if (left-- === 0) return undefined;
      if (this.#hashes[number] === hash) alike.push(number);
    }
    return alike;
  }

  #link(number: number): void {
    const place = this.#hashes[number]! & (this.#heads.length - 1);
    const after = this.#heads[place]!;
    this.#after[number] = after;
    this.#before[number] = -1 - place;
    if (after !== 0) this.#before[after] = number;
    this.#heads[place] = number;
  }

  #grow(number: number): void {
    const linked = this.#before;
    const room = roomFor(number);
    const hashes = new Int32Array(room);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#after = new Int32Array(room);
    this.#before = new Int32Array(room);
    this.#heads = new Int32Array(room);
    for (let one = 1; one < linked.length; one++) {
      if (linked[one] !== 0) this.#link(one);
    }
  }
}

/** A power of two, so that a part of a hash is a place. */
function roomFor(number: number): number {
  return 2 ** Math.ceil(Math.log2(number + 2));
}

/** How many tokens a pattern has before its first wildcard. */
export function literalTokens(pattern: string): number {
  const tokens = pattern.split(".");
  const first = tokens.findIndex((token) => token === "*" || token === ">");
  return first < 0 ? tokens.length : first;
}

/** Of the first `tokens` of a subject; undefined: it has no more than those. */
function hashOfTokens(subject: string, tokens: number): number | undefined {
  const { length } = subject;
  let hash = FNV_OFFSET;
  let left = tokens;
  for (let i = 0; i < length; i++) {
    const char = subject.charCodeAt(i);
    // FNV mixes its upper half into the lower badly.
    if (char === DOT && --left === 0) return hash ^ (hash >>> 16);
    hash = Math.imul(hash ^ char, FNV_PRIME);
  }
  return undefined;
}
