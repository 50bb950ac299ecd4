/**
 * One subject space: who is interested in what, on this server and on others.
 * Connections of different accounts never see each other's messages. An
 * account that is observed also counts the interest of this server and tells of
 * each change, which is how routes learn what to announce.
 *
 * More than a dozen members: because connections count in it what they carry,
 * without a call.
 */
import { asciiBytes, byteString, equalBytes } from "../core/ascii.ts";
import { Sublist } from "../core/sublist.ts";
import { isLiteralSubject } from "../core/subject.ts";
import { noTraffic, type Traffic } from "../core/traffic.ts";
import { SubjectCache } from "../core/subject_cache.ts";
import type { SubjectMatch } from "../core/subject_match.ts";
import type { SubjectMemo } from "../core/verdict_cache.ts";
import { type KeyedMap, withRoom } from "../core/wide_map.ts";
import type { WorkMeter } from "../core/work_meter.ts";
import type {
  AccountLimits,
  AccountTrace,
  MappingOptions,
} from "../options/options.ts";
import { FactsBelow } from "./facts_below.ts";
import { FewLarge, isLarge } from "./few_large.ts";
import type { AccountName, Interest } from "./interest.ts";
import {
  type MappedSubject,
  type MappingChance,
  Mappings,
} from "./mappings.ts";
import { Kind, REACH } from "./reach.ts";
import type { MatchChoice } from "./stream_servers.ts";
import { WatchedSubjects } from "./watched_subjects.ts";

/** Told whenever the number of local members of an interest changes. */
export interface InterestObserver {
  /** `members` local subscriptions hold (`subject`, `queue`) now, `before` did until now. */
  interestChanged(
    account: Account,
    subject: string,
    queue: string,
    members: number,
    before: number,
  ): void;
}

/** The interest of this server in one subject and queue group. */
export interface LocalInterest {
  readonly subject: string;
  /** Empty: plain interest. */
  readonly queue: string;
  members: number;
}

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
  /** The permissions that judged it last, and what they said; theirs to write. */
  judge: object | undefined;
  verdict: number;
}

/** Told of interest in an account before it comes and when it has gone: what imports make of it. */
export interface InterestLinks {
  adding(interest: Interest): void;
  removed(interest: Interest): void;
  /** What `interest`, which is in, hears of other accounts. */
  importedBy(interest: Interest): readonly ImportedInterest[];
}

/** Interest in another account. */
export interface ImportedInterest {
  readonly account: string;
  readonly subject: string;
}

export interface AccountSettings {
  /** Whether results of look-ups are kept. */
  readonly sublistCache: boolean;
  /** Charged for look-ups and for changes of interest. */
  readonly meter: WorkMeter;
  readonly mapping: MappingChance;
}

/** NATS: replies that gateways carry, of these days and of former ones, and what servers vote by. */
const RESERVED = /^(?:_GR_\..|\$GR\..|\$NRG\.)/s;

/** NATS JetStream: how the subject of an acknowledgement begins, and how many numbers end it. */
const ACK = asciiBytes("$JS.ACK.");
const ACK_NUMBERS = 5;

/** What holds for an account of which nothing was said. */
export const NO_LIMITS: AccountLimits = {
  maxConnections: -1,
  maxSubscriptions: -1,
  maxPayloadBytes: -1,
  maxLeafnodes: -1,
};

/** What routes bring is heard by these kinds; so routes are told of their interest. */
const LOCAL_KINDS = REACH[Kind.ROUTE]!.hears;

export class Account implements AccountName {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly sublist: Sublist<Interest>;
  /** Of its clients. */
  readonly traffic: Traffic = noTraffic();
  readonly routeTraffic: Traffic = noTraffic();
  /** Clients of this server that are in it. */
  clients = 0;
  /** The same of the other servers of the cluster, as far as they have told. */
  remoteClients = 0;
  /** Clients that were closed because they read too slowly. */
  slowConsumers = 0;
  /** Undefined as long as no import has to do with the account. */
  links: InterestLinks | undefined = undefined;
  limits: AccountLimits = NO_LIMITS;
  /** Where traces go that the headers of other tracers ask for. */
  trace: AccountTrace | undefined = undefined;
  #hasStreams = false;
  readonly #chance: MappingChance;
  #mappings: Mappings | undefined = undefined;
  #choice: MatchChoice | undefined = undefined;
  /** Times that it was given mappings, or a choice. */
  #mapped = 0;
  #subjects = new SubjectCache<SubjectFacts>();
  readonly #large = new FewLarge();
  /** Made for the first subject that is not found by itself. */
  #below: FactsBelow<SubjectFacts> | undefined = undefined;
  /** The same of acknowledgements. */
  #acks: FactsBelow<SubjectFacts> | undefined = undefined;
  #local: KeyedMap<string, LocalInterest> = new Map();
  #observer: InterestObserver | undefined = undefined;
  /** Made for the first one. */
  #watched: WatchedSubjects | undefined = undefined;

  constructor(name: string, { sublistCache, meter, mapping }: AccountSettings) {
    this.name = name;
    this.#chance = mapping;
    this.nameBytes = asciiBytes(name);
    this.sublist = new Sublist<Interest>({ cache: sublistCache, meter });
  }

  /**
   * What is known about the published subject `buffer[start, end)`; no string
   * is made for one that comes again.
   */
  facts(buffer: Uint8Array, start: number, end: number): SubjectFacts {
    if (isAck(buffer, start, end)) {
      const shared = this.#factsOfAck(buffer, start, end);
      if (shared !== undefined) return shared;
    }
    const known = this.#subjects.find(buffer, start, end);
    if (known === undefined) return this.#factsOnce(buffer, start, end);
    const changes = this.sublist.generation;
    // Nothing at all has changed, or nothing that concerns it.
    if (known.changes === changes) return known.value!;
    const stamp = this.sublist.stampOf(known);
    known.changes = changes;
    if (known.generation === stamp) return known.value!;
    const { subject } = known;
    const facts = this.#factsOf(subject, this.sublist.match(subject));
    known.value = facts;
    known.generation = stamp;
    if (isLarge(facts.match)) this.#large.keep(known);
    return facts;
  }

  /** It has streams on this server, which has a say in who hears them. */
  get hasStreams(): boolean {
    return this.#hasStreams;
  }

  set hasStreams(has: boolean) {
    this.#hasStreams = has;
    if (this.#choice !== undefined) this.#forgetFacts();
  }

  /** Facts hold as long as this stays the same. */
  get generation(): number {
    return this.sublist.generation + this.#mapped;
  }

  /**
   * The interest of this server; empty as long as nothing observes it. Someone
   * who goes through it in several turns may meet some that has ended, with no
   * members.
   */
  localInterest(): Iterable<LocalInterest> {
    return this.#local.values();
  }

  /** How many clients of this server are too many for its limits. */
  get surplus(): number {
    const { maxConnections } = this.limits;
    const clients = this.clients + this.remoteClients;
    return maxConnections < 0 || clients <= maxConnections
      ? 0
      : Math.min(clients - maxConnections, this.clients);
  }

  /** There is interest of this server, as far as something observes it. */
  get hasLocalInterest(): boolean {
    return this.#local.size > 0;
  }

  /** Tells `observer` of every change from now on; what is there is counted, not told. */
  observe(observer: InterestObserver): void {
    this.#observer = observer;
    this.#local = new Map();
    for (const interest of this.sublist) {
      if (isLocal(interest)) this.#counted(interest, 1);
    }
  }

  /**
   * Has `changed` called whenever interest that means `subject`, a literal one,
   * has come or gone, of this server or of others. Call the result to end it.
   */
  watch(subject: string, changed: () => void): () => void {
    this.#watched ??= new WatchedSubjects();
    return this.#watched.add(subject, changed);
  }

  add(interest: Interest): void {
    this.links?.adding(interest);
    this.insert(interest);
  }

  /** Adds what stands for an import. Imports lead on to no other ones. */
  insert(interest: Interest): void {
    this.sublist.insert(interest);
    if (isLocal(interest)) this.#changed(interest, 1);
    this.#watched?.changed(interest.subject);
  }

  /** False when `interest` is not in. */
  remove(interest: Interest): boolean {
    if (!this.sublist.remove(interest)) return false;
    interest.hasEnded = true;
    this.#large.forgetStale((subject) => this.sublist.stampOf(subject));
    this.#below?.forgetStale();
    this.#acks?.forgetStale();
    if (this.sublist.size === 0) this.#forgetGone();
    if (isLocal(interest)) this.#changed(interest, -1);
    this.links?.removed(interest);
    this.#watched?.changed(interest.subject);
    return true;
  }

  /** From now on these are its mappings. */
  map(list: readonly MappingOptions[]): void {
    if (list.length === 0 && this.#mappings === undefined) return;
    this.#mappings = list.length === 0
      ? undefined
      : new Mappings(list, this.name, this.#chance);
    this.#forgetFacts();
  }

  /** From now on `choice` has a say in who hears a message; undefined: all do. */
  choose(choice: MatchChoice | undefined): void {
    if (choice === undefined && this.#choice === undefined) return;
    this.#choice = choice;
    this.#forgetFacts();
  }

  /** Nobody is left: what was known holds on to those who have gone. */
  #forgetGone(): void {
    this.#forgetFacts();
    this.#below = this.#acks = undefined;
  }

  #forgetFacts(): void {
    this.#subjects = new SubjectCache();
    this.#mapped++;
  }

  /** The same for a subject that is not expected again. */
  #factsOnce(buffer: Uint8Array, start: number, end: number): SubjectFacts {
    this.#below ??= new FactsBelow(
      (parent) => this.#factsBelow(parent),
      (parent) => this.sublist.stampOf(parent) + this.#mapped,
      ({ match }) => isLarge(match),
    );
    const shared = this.#below.of(buffer, start, end);
    if (
      shared !== undefined && !this.sublist.isSubscribedTo(buffer, start, end)
    ) return shared;
    const subject = byteString(buffer, start, end);
    return this.#factsOf(subject, this.sublist.matchOnce(subject));
  }

  /** What acknowledgements of one consumer have in common; undefined: look it up. */
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
    if (shared !== undefined) this.sublist.countKnown();
    return shared;
  }

  /** What holds for each subject with one more token than `parent`, or `numbers`, that nobody subscribes to by itself. */
  #factsBelow(parent: string, numbers?: number): SubjectFacts | undefined {
    if (this.#mappings !== undefined || !isLiteralSubject(parent)) return;
    const match = numbers === undefined
      ? this.sublist.matchBelow(parent)
      : this.sublist.matchNumbersBelow(parent, numbers);
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

  #changed(interest: Interest, change: number): void {
    if (this.#observer === undefined) return;
    const members = this.#counted(interest, change);
    this.#observer.interestChanged(
      this,
      interest.subject,
      interest.queue,
      members,
      members - change,
    );
  }

  /** How many members the interest has now. */
  #counted({ subject, queue }: Interest, change: number): number {
    // Neither part can hold a blank: blanks end the words of a control line.
    const key = `${subject} ${queue}`;
    const known = this.#local.get(key);
    if (known === undefined) {
      this.#local = withRoom(this.#local);
      this.#local.set(key, { subject, queue, members: change });
      return change;
    }
    known.members += change;
    if (known.members <= 0) this.#local.delete(key);
    return known.members;
  }
}

function isAck(buffer: Uint8Array, start: number, end: number): boolean {
  return buffer[start] === ACK[0] && end - start > ACK.length &&
    equalBytes(ACK, 0, buffer, start, ACK.length);
}

function isLocal({ kindBit }: Interest): boolean {
  return (LOCAL_KINDS & kindBit) !== 0;
}
