/**
 * One subject space: who is interested in what, on this server and on others.
 * Connections of different accounts never see each other's messages. An
 * account that is observed also counts the interest of this server and tells of
 * each change, which is how routes learn what to announce.
 *
 * More than a dozen members: because connections count in it what they carry,
 * without a call.
 */
import { asciiBytes } from "../core/ascii.ts";
import { Sublist } from "../core/sublist.ts";
import { noTraffic, type Traffic } from "../core/traffic.ts";
import type { WorkMeter } from "../core/work_meter.ts";
import type {
  AccountLimits,
  AccountTrace,
  MappingOptions,
} from "../options/options.ts";
import { KnownSubjects, type SubjectFacts } from "./known_subjects.ts";
import type { AccountName, Interest } from "./interest.ts";
import {
  isLocal,
  type LocalInterest,
  LocalInterests,
} from "./local_interest.ts";
import type { MappingChance } from "./mappings.ts";
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

/** What holds for an account of which nothing was said. */
export const NO_LIMITS: AccountLimits = {
  maxConnections: -1,
  maxSubscriptions: -1,
  maxPayloadBytes: -1,
  maxLeafnodes: -1,
};

export class Account implements AccountName {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly sublist: Sublist<Interest>;
  /** What its clients have sent and received. */
  readonly traffic: Traffic = noTraffic();
  /** What routes have carried for it. */
  readonly routeTraffic: Traffic = noTraffic();
  /** Clients of this server that are in it. */
  clients = 0;
  /** Clients of other servers of the cluster that are in it, as far as those have told. */
  remoteClients = 0;
  /** Clients that were closed because they read too slowly. */
  slowConsumers = 0;
  /** Undefined as long as no import has to do with the account. */
  links: InterestLinks | undefined = undefined;
  limits: AccountLimits = NO_LIMITS;
  /** Where traces go that the headers of other tracers ask for. */
  trace: AccountTrace | undefined = undefined;
  #hasStreams = false;
  readonly #subjects: KnownSubjects;
  readonly #local: LocalInterests;
  #observer: InterestObserver | undefined = undefined;
  /** Made for the first subject that is watched. */
  #watched: WatchedSubjects | undefined = undefined;

  constructor(name: string, { sublistCache, meter, mapping }: AccountSettings) {
    this.name = name;
    this.nameBytes = asciiBytes(name);
    this.sublist = new Sublist<Interest>({ cache: sublistCache, meter });
    this.#local = new LocalInterests(this.sublist);
    this.#subjects = new KnownSubjects(name, this.sublist, mapping);
  }

  /** What is known of the published subject `buffer[start, end)`; no string is made for one that comes again. */
  facts(buffer: Uint8Array, start: number, end: number): SubjectFacts {
    return this.#subjects.of(buffer, start, end);
  }

  /** Facts hold as long as this stays the same. */
  get generation(): number {
    return this.#subjects.generation;
  }

  /** It has streams on this server, which has a say in who hears them. */
  get hasStreams(): boolean {
    return this.#hasStreams;
  }

  set hasStreams(has: boolean) {
    this.#hasStreams = has;
    this.#subjects.choiceChanged();
  }

  /** The interest of this server, as `LocalInterests` gives it. */
  localInterest(): Iterable<LocalInterest | undefined> {
    return this.#local;
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
    return this.#observer !== undefined && !this.#local.isEmpty;
  }

  /** Tells `observer` of every change from now on. */
  observe(observer: InterestObserver): void {
    this.#observer = observer;
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

  /** Adds interest that stands for an import; nothing is imported for it in turn. */
  insert(interest: Interest): void {
    this.sublist.insert(interest);
    if (isLocal(interest)) {
      this.#changed(interest, this.#local.came(interest), 1);
    }
    this.#watched?.changed(interest.subject);
  }

  /** False when `interest` is not in. */
  remove(interest: Interest): boolean {
    if (!this.sublist.remove(interest)) return false;
    interest.hasEnded = true;
    this.#subjects.interestGone();
    if (!isLocal(interest)) this.#local.otherWent(interest);
    else this.#changed(interest, this.#local.went(interest), -1);
    this.links?.removed(interest);
    this.#watched?.changed(interest.subject);
    return true;
  }

  /** From now on these are its mappings. */
  map(list: readonly MappingOptions[]): void {
    this.#subjects.map(list);
  }

  /** From now on `choice` has a say in who hears a message; undefined: all do. */
  choose(choice: MatchChoice | undefined): void {
    this.#subjects.choose(choice);
  }

  #changed(
    { subject, queue }: Interest,
    members: number,
    change: number,
  ): void {
    const before = members - change;
    this.#observer?.interestChanged(this, subject, queue, members, before);
  }
}
