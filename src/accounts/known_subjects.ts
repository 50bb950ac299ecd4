/**
 * What one account knows of the subjects that are published to in it: who hears
 * each, and what else a publish has to ask. It is found by the subject's bytes,
 * and holds until interest comes or goes that concerns the subject, or until the
 * account has other mappings. Only a subject that is not known becomes a string.
 */
import { asciiBytes, byteString, equalBytes } from "../core/ascii.ts";
import { isLiteralSubject } from "../core/subject.ts";
import { SubjectCache } from "../core/subject_cache.ts";
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Sublist } from "../core/sublist.ts";
import type { SubjectMemo } from "../core/verdict_cache.ts";
import type { MappingOptions } from "../options/options.ts";
import { FactsBelow } from "./facts_below.ts";
import { FewLarge, isLarge } from "./few_large.ts";
import type { Interest } from "./interest.ts";
import {
  type MappedSubject,
  type MappingChance,
  Mappings,
} from "./mappings.ts";
import type { MatchChoice } from "./stream_servers.ts";

/** What an account knows of a subject that is published to. */
export interface SubjectFacts extends SubjectMemo {
  readonly match: SubjectMatch<Interest>;
  /** It is literal, neither reserved nor mapped: nothing else is to be asked of it. */
  readonly isPlain: boolean;
  /** No empty token and no wildcard: fit for a pedantic publisher. */
  readonly literal: boolean;
  /** Servers alone may publish here. */
  readonly reserved: boolean;
  /** What clients publish here goes there instead; undefined: it stays. */
  readonly mapped: MappedSubject | undefined;
  /** It holds for many subjects, so no permissions may note in it what they say of one. */
  readonly isShared: boolean;
  /** The permissions that judged it last; they alone write this and `verdict`. */
  judge: object | undefined;
  /** What they said. */
  verdict: number;
}

/** NATS: subjects of replies that gateways carry, the present and the former ones, and those by which servers vote. */
const RESERVED = /^(?:_GR_\..|\$GR\..|\$NRG\.)/s;

/** NATS JetStream: how the subject of an acknowledgement begins, and how many numbers end it. */
const ACK = asciiBytes("$JS.ACK.");
const ACK_NUMBERS = 5;

export class KnownSubjects {
  readonly #account: string;
  readonly #sublist: Sublist<Interest>;
  readonly #chance: MappingChance;
  #mappings: Mappings | undefined = undefined;
  #choice: MatchChoice | undefined = undefined;
  /** Grows whenever all facts are forgotten, as with other mappings. */
  #mapped = 0;
  #subjects = new SubjectCache<SubjectFacts>();
  readonly #large = new FewLarge();
  /** Made for the first subject that is not found by itself. */
  #below: FactsBelow<SubjectFacts> | undefined = undefined;
  /** The same for acknowledgements, which end in numbers. */
  #acks: FactsBelow<SubjectFacts> | undefined = undefined;

  /** `account`: its name. */
  constructor(
    account: string,
    sublist: Sublist<Interest>,
    chance: MappingChance,
  ) {
    this.#account = account;
    this.#sublist = sublist;
    this.#chance = chance;
  }

  /**
   * What is known about the published subject `buffer[start, end)`; no string
   * is made for one that comes again.
   */
  of(buffer: Uint8Array, start: number, end: number): SubjectFacts {
    if (isAck(buffer, start, end)) {
      const shared = this.#factsOfAck(buffer, start, end);
      if (shared !== undefined) return shared;
    }
    const known = this.#subjects.find(buffer, start, end);
    if (known === undefined) return this.#factsOnce(buffer, start, end);
    const changes = this.#sublist.generation;
    // Nothing at all has changed, or nothing that concerns it.
    if (known.changes === changes) return known.value!;
    const stamp = this.#sublist.stampOf(known);
    known.changes = changes;
    if (known.generation === stamp) return known.value!;
    const { subject } = known;
    const facts = this.#factsOf(subject, this.#sublist.match(subject));
    known.value = facts;
    known.generation = stamp;
    if (isLarge(facts.match)) this.#large.keep(known);
    return facts;
  }

  /** Facts hold as long as this stays the same. */
  get generation(): number {
    return this.#sublist.generation + this.#mapped;
  }

  /** From now on these are its mappings. */
  map(list: readonly MappingOptions[]): void {
    if (list.length === 0 && this.#mappings === undefined) return;
    this.#mappings = list.length === 0
      ? undefined
      : new Mappings(list, this.#account, this.#chance);
    this.#forgetFacts();
  }

  /** From now on `choice` has a say in who hears a message; undefined: all do. */
  choose(choice: MatchChoice | undefined): void {
    if (choice === undefined && this.#choice === undefined) return;
    this.#choice = choice;
    this.#forgetFacts();
  }

  /** The choice, if there is one, says something else from now on. */
  choiceChanged(): void {
    if (this.#choice !== undefined) this.#forgetFacts();
  }

  /** Interest has gone: lets go of matches that would hold on to it. */
  interestGone(): void {
    // A function for each of many that go would be more garbage than they are.
    if (!this.#large.isEmpty) {
      this.#large.forgetStale((subject) => this.#sublist.stampOf(subject));
    }
    this.#below?.forgetStale();
    this.#acks?.forgetStale();
    if (this.#sublist.size === 0) this.#forgetGone();
  }

  /** The last interest has gone, and what was known would hold on to it. */
  #forgetGone(): void {
    this.#forgetFacts();
    this.#below = this.#acks = undefined;
  }

  #forgetFacts(): void {
    this.#subjects = new SubjectCache();
    this.#mapped++;
  }

  /** What is known about a subject that has not come before: it is not expected again. */
  #factsOnce(buffer: Uint8Array, start: number, end: number): SubjectFacts {
    this.#below ??= new FactsBelow(
      (parent) => this.#factsBelow(parent),
      (parent) => this.#sublist.stampOf(parent) + this.#mapped,
      ({ match }) => isLarge(match),
    );
    const shared = this.#below.of(buffer, start, end);
    if (
      shared !== undefined && !this.#sublist.isSubscribedTo(buffer, start, end)
    ) return shared;
    const subject = byteString(buffer, start, end);
    return this.#factsOf(subject, this.#sublist.matchOnce(subject));
  }

  /** What all acknowledgements of one consumer have in common; undefined: look this one up. */
  #factsOfAck(
    buffer: Uint8Array,
    start: number,
    end: number,
  ): SubjectFacts | undefined {
    this.#acks ??= new FactsBelow(
      (parent) => this.#factsBelow(parent, ACK_NUMBERS),
      () => this.generation,
      ({ match }) => isLarge(match),
      ACK_NUMBERS,
    );
    const shared = this.#acks.of(buffer, start, end);
    if (shared !== undefined) this.#sublist.countKnown();
    return shared;
  }

  /**
   * What holds for each subject that consists of `parent` and one more token, or
   * as many tokens of digits as `numbers` says, unless there is a subscription to that
   * very subject. Undefined: it differs.
   */
  #factsBelow(parent: string, numbers?: number): SubjectFacts | undefined {
    if (this.#mappings !== undefined || !isLiteralSubject(parent)) return;
    const match = numbers === undefined
      ? this.#sublist.matchBelow(parent)
      : this.#sublist.matchNumbersBelow(parent, numbers);
    if (match === undefined) return;
    const subject = parent + ".1".repeat(numbers ?? 1);
    return { ...this.#factsOf(subject, match), isShared: true };
  }

  #factsOf(subject: string, found: SubjectMatch<Interest>): SubjectFacts {
    const match = this.#choice?.(subject, found) ?? found;
    const literal = isLiteralSubject(subject);
    const reserved = RESERVED.test(subject);
    const mapped = this.#mappings?.of(subject);
    return {
      match,
      isPlain: literal && !reserved && mapped === undefined,
      literal,
      reserved,
      mapped,
      isShared: false,
      judge: undefined,
      verdict: 0,
      hearer: undefined,
      heard: 0,
    };
  }
}

function isAck(buffer: Uint8Array, start: number, end: number): boolean {
  return buffer[start] === ACK[0] && end - start > ACK.length &&
    equalBytes(ACK, 0, buffer, start, ACK.length);
}
