/**
 * Who hears what: the subscriptions of one account, found by subject. Literal
 * subjects live in one flat map, where a subject with a single subscriber costs
 * a map entry and nothing else; only patterns with wildcards form a trie of
 * tokens. Results are cached (see `match_cache.ts`) and shared: callers read
 * them and never change them. The broker keeps one per account, the routes put
 * remote interest into the same one.
 *
 * More than a dozen members: because who hears a subject is asked for in several
 * ways, each as cheap as what is known of the subject allows.
 */

import { byteString } from "./ascii.ts";
import { assert } from "./assert.ts";
import {
  type Audience,
  commonSubject,
  hasMember,
  membersOf,
  withMember,
  withoutMember,
} from "./audience.ts";
import { ChangeStamps, type StampedSubject } from "./change_stamps.ts";
import { gather } from "./gather.ts";
import { LiteralFilter } from "./literal_filter.ts";
import { type MapKey, mapKey } from "./map_key.ts";
import {
  collectBelow,
  collectNumbersBelow,
  collectPatterns,
  PatternNode,
  prune,
} from "./pattern_node.ts";
import { CACHED_SUBJECTS_MAX, MatchCache } from "./match_cache.ts";
import type { SubjectMatch, Subscriber } from "./subject_match.ts";
import {
  hasEmptyToken,
  hasWildcard,
  isValidSubject,
  tokenCount,
} from "./subject.ts";
import { type KeyedMap, withRoom } from "./wide_map.ts";
import { INTEREST_WORK, NODE_WORK, WorkMeter } from "./work_meter.ts";

export interface SublistOptions {
  /** Subjects whose results are kept; `CACHED_SUBJECTS_MAX` unless given. */
  readonly cacheMax?: number;
  /** False: every match is built anew. */
  readonly cache?: boolean;
  /** Charged for the nodes that look-ups visit, and for changes. */
  readonly meter?: WorkMeter;
}

/** Counters for monitoring. Fan-outs are those of the results now in the cache. */
export interface SublistCounters {
  readonly subscriptions: number;
  readonly cacheSize: number;
  readonly inserts: number;
  readonly removes: number;
  readonly matches: number;
  readonly cacheHits: number;
  /** Hits per match, 0 to 1; 0 before the first match. */
  readonly cacheHitRate: number;
  /** Deliveries of one message: each plain subscriber and each queue group is one. */
  readonly maxFanout: number;
  readonly avgFanout: number;
}

/** Subjects of more tokens are counted with those that have as many. */
const TOKENS_COUNTED = 16;

export class Sublist<S extends Subscriber> {
  #literals: KeyedMap<MapKey, Audience<S>> = new Map();
  readonly #filter = new LiteralFilter();
  readonly #patterns = new PatternNode<S>();
  /** Subscriptions without wildcards, by the number of their tokens. */
  readonly #literalTokens = new Uint32Array(TOKENS_COUNTED + 1);
  /** None before the first result that is kept: most accounts are never used. */
  #stamps: ChangeStamps | undefined;
  #cache: MatchCache<S> | undefined;
  readonly #cacheMax: number;
  readonly #meter: WorkMeter;
  #size = 0;
  #generation = 0;
  #inserts = 0;
  #removes = 0;
  #matches = 0;
  #cacheHits = 0;

  constructor(options: SublistOptions = {}) {
    const { cache = true, cacheMax = CACHED_SUBJECTS_MAX } = options;
    this.#cacheMax = cache ? cacheMax : 0;
    this.#meter = options.meter ?? new WorkMeter();
  }

  get size(): number {
    return this.#size;
  }

  /** Grows with every change that can alter the match of a subject; callers keep results of their own by it. */
  stampOf(subject: StampedSubject): number {
    return (this.#stamps ??= new ChangeStamps()).of(subject);
  }

  /** Grows with every change that can alter any match. */
  get generation(): number {
    return this.#generation;
  }

  /** Adds a subscriber that is not in yet and whose subject is valid. */
  insert(subscriber: S): void {
    const { subject } = subscriber;
    assert(isValidSubject(subject), "the subject of a subscriber is valid");
    if (hasWildcard(subject)) {
      const node = this.#nodeOrNew(subject);
      node.audience = withMember(node.audience, subscriber);
      this.#cache?.wildcardChanged(subject);
    } else {
      const key = mapKey(subject);
      const audience = this.#literals.get(key);
      this.#literals = withRoom(this.#literals, keyOf);
      this.#literals.set(key, withMember(audience, subscriber));
      if (audience === undefined) this.#enterFilter(subject);
      this.#cache?.literalChanged(subject);
      this.#countTokens(subject, 1);
    }
    this.#size++;
    this.#inserts++;
    this.#changed(subject);
    this.#meter.spent += INTEREST_WORK;
  }

  /** Takes out this very object; false when it is not in. */
  remove(subscriber: S): boolean {
    const removed = hasWildcard(subscriber.subject)
      ? this.#removePattern(subscriber)
      : this.#removeLiteral(subscriber);
    if (!removed) return false;
    this.#size--;
    this.#removes++;
    this.#changed(subscriber.subject);
    this.#meter.spent += INTEREST_WORK;
    // Results hold on to those who have gone, until they are asked for again.
    if (this.#size === 0) this.#cache = undefined;
    return true;
  }

  /**
   * Everyone who hears a message on `subject`. NATS subject rules: a token `*`
   * or `>` of a published subject is an ordinary token, and a subject with an
   * empty token is heard by nobody.
   */
  match(subject: string): SubjectMatch<S> {
    this.#matches++;
    const known = this.#cache?.get(subject);
    if (known !== undefined) {
      this.#cacheHits++;
      return known;
    }
    const match = gather(this.#audiencesOf(subject));
    if (this.#cacheMax > 0) this.#keep(subject, match);
    return match;
  }

  /** As `match`, for a subject that is not expected again: the result is not kept. */
  matchOnce(subject: string): SubjectMatch<S> {
    this.#matches++;
    return gather(this.#audiencesOf(subject));
  }

  /**
   * Who hears a subject that consists of `parent`, which has neither empty tokens
   * nor wildcards, and one more ordinary token, as long as nobody subscribes to
   * that very subject. Undefined: it depends on the token.
   */
  matchBelow(parent: string): SubjectMatch<S> | undefined {
    const audiences: Audience<S>[] = [];
    const nodes = collectBelow(this.#patterns, parent, audiences);
    this.#meter.spent += Math.abs(nodes) * NODE_WORK;
    return nodes < 0 ? undefined : gather(audiences);
  }

  /**
   * As `matchBelow`, for `count` more tokens of digits. Undefined also where some
   * subscription without wildcards has as many tokens as those subjects.
   */
  matchNumbersBelow(
    parent: string,
    count: number,
  ): SubjectMatch<S> | undefined {
    const tokens = Math.min(tokenCount(parent) + count, TOKENS_COUNTED);
    if (this.#literalTokens[tokens]! > 0) return undefined;
    const audiences: Audience<S>[] = [];
    const nodes = collectNumbersBelow(
      this.#patterns,
      parent,
      count,
      audiences,
    );
    this.#meter.spent += Math.abs(nodes) * NODE_WORK;
    return nodes < 0 ? undefined : gather(audiences);
  }

  /** Whether someone subscribes to this very subject; counts as a match that was known. */
  isSubscribedTo(buffer: Uint8Array, start: number, end: number): boolean {
    this.countKnown();
    return this.#filter.mayHold(buffer, start, end) &&
      this.#literals.has(mapKey(byteString(buffer, start, end)));
  }

  /** A match was known without a look-up. */
  countKnown(): void {
    this.#matches++;
    this.#cacheHits++;
  }

  /** Who subscribes to this very subject or pattern; undefined: nobody. */
  subscribersTo(subject: string): Audience<S> | undefined {
    return hasWildcard(subject)
      ? this.#pathOf(subject).at(-1)?.audience
      : this.#literals.get(mapKey(subject));
  }

  /** All subscribers, in no promised order. */
  *[Symbol.iterator](): IterableIterator<S> {
    for (const audience of this.audiences()) yield* membersOf(audience);
  }

  /**
   * The subscribers of each subject and pattern, in no promised order. Those that
   * change meanwhile may be given as they were.
   */
  *audiences(): Iterable<Audience<S>> {
    yield* this.#literals.values();
    const levels: Iterator<PatternNode<S>>[] = [
      [this.#patterns].values(),
    ];
    for (let level; (level = levels.at(-1)) !== undefined;) {
      const { value: node } = level.next();
      if (node?.audience !== undefined) yield node.audience;
      if (node === undefined) levels.pop();
      else if (node.children !== undefined) {
        levels.push(node.children.values()[Symbol.iterator]());
      }
    }
  }

  stats(): SublistCounters {
    let fanouts = 0;
    let maxFanout = 0;
    for (const match of this.#cache?.matches() ?? []) {
      const fanout = match.plain.length + match.queues.length;
      fanouts += fanout;
      maxFanout = Math.max(maxFanout, fanout);
    }
    const cacheSize = this.#cache?.size ?? 0;
    return {
      subscriptions: this.#size,
      cacheSize,
      inserts: this.#inserts,
      removes: this.#removes,
      matches: this.#matches,
      cacheHits: this.#cacheHits,
      cacheHitRate: ratio(this.#cacheHits, this.#matches),
      maxFanout,
      avgFanout: ratio(fanouts, cacheSize),
    };
  }

  #keep(subject: string, match: SubjectMatch<S>): void {
    this.#stamps ??= new ChangeStamps();
    this.#cache ??= new MatchCache(this.#cacheMax, this.#stamps);
    this.#cache.put(subject, match);
  }

  #changed(subject: string): void {
    this.#generation++;
    this.#stamps?.changed(subject);
  }

  #removeLiteral(subscriber: S): boolean {
    const { subject } = subscriber;
    const key = mapKey(subject);
    const audience = this.#literals.get(key);
    if (audience === undefined || !hasMember(audience, subscriber)) {
      return false;
    }
    const left = withoutMember(audience, subscriber);
    if (left === undefined) {
      this.#literals.delete(key);
      this.#filter.remove(subject);
    } else this.#literals.set(key, left);
    this.#cache?.literalChanged(subject);
    this.#countTokens(subject, -1);
    return true;
  }

  #enterFilter(subject: string): void {
    if (this.#filter.isCrowded) this.#filter.addAll(this.#literalSubjects());
    else this.#filter.add(subject);
  }

  *#literalSubjects(): Iterable<string> {
    for (const audience of this.#literals.values()) {
      yield commonSubject(audience);
    }
  }

  #countTokens(subject: string, change: number): void {
    const tokens = Math.min(tokenCount(subject), TOKENS_COUNTED);
    this.#literalTokens[tokens]! += change;
  }

  #removePattern(subscriber: S): boolean {
    const { subject } = subscriber;
    const path = this.#pathOf(subject);
    const node = path.at(-1);
    if (node?.audience === undefined || !hasMember(node.audience, subscriber)) {
      return false;
    }
    node.audience = withoutMember(node.audience, subscriber);
    prune(path, subject);
    this.#cache?.wildcardChanged(subject);
    return true;
  }

  #nodeOrNew(pattern: string): PatternNode<S> {
    let node = this.#patterns;
    for (const token of pattern.split(".")) node = node.childOrNew(token);
    return node;
  }

  /** The nodes of a pattern from the root on; none when the pattern is unknown. */
  #pathOf(pattern: string): PatternNode<S>[] {
    const path = [this.#patterns];
    for (const token of pattern.split(".")) {
      const child = path.at(-1)?.child(token);
      if (child === undefined) return [];
      path.push(child);
    }
    return path;
  }

  #audiencesOf(subject: string): Audience<S>[] {
    const audiences: Audience<S>[] = [];
    const literal = this.#filter.mayHoldText(subject)
      ? this.#literals.get(mapKey(subject))
      : undefined;
    if (literal !== undefined) audiences.push(literal);
    if (this.#patterns.children !== undefined && !hasEmptyToken(subject)) {
      const nodes = collectPatterns(this.#patterns, subject, audiences);
      this.#meter.spent += nodes * NODE_WORK;
    }
    return audiences;
  }
}

function keyOf<S extends Subscriber>(audience: Audience<S>): MapKey {
  return mapKey(commonSubject(audience));
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
