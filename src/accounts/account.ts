/**
 * One subject space: who is interested in what, on this server and on others.
 * Connections of different accounts never see each other's messages. An
 * account also counts its own clients' interest and tells an observer of each
 * change, which is how routes learn what to announce.
 */
import { asciiBytes, byteString } from "../core/ascii.ts";
import { type SubjectMatch, Sublist } from "../core/sublist.ts";
import { isLiteralSubject } from "../core/subject.ts";
import { SubjectCache } from "../core/subject_cache.ts";
import type { Interest } from "./subscription.ts";

/** The account of everybody who was given no other. */
export const GLOBAL_ACCOUNT = "$G";

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

/** The interest of this server's own clients in one subject and queue group. */
export interface LocalInterest {
  readonly subject: string;
  /** Empty: plain interest. */
  readonly queue: string;
  members: number;
}

/** What an account knows of a subject that is published to. */
export interface SubjectFacts {
  readonly match: SubjectMatch<Interest>;
  /** No empty token and no wildcard: fit for a pedantic publisher. */
  readonly literal: boolean;
  /** Servers alone may publish here. NATS: the prefix of gateway replies. */
  readonly reserved: boolean;
}

const RESERVED_PREFIX = "_GR_.";

export class Account {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly sublist: Sublist<Interest>;
  /** Set before the first subscription, by whoever announces interest to other servers. */
  observer: InterestObserver | undefined = undefined;
  readonly #subjects = new SubjectCache<SubjectFacts>();
  readonly #local = new Map<string, LocalInterest>();

  constructor(name: string, sublistCache: boolean) {
    this.name = name;
    this.nameBytes = asciiBytes(name);
    this.sublist = new Sublist<Interest>({ cache: sublistCache });
  }

  /**
   * What is known about the published subject `buffer[start, end)`; no string
   * is made for one that comes again.
   */
  facts(buffer: Uint8Array, start: number, end: number): SubjectFacts {
    const known = this.#subjects.find(buffer, start, end);
    if (known === undefined) {
      const subject = byteString(buffer, start, end);
      return factsOf(subject, this.sublist.matchOnce(subject));
    }
    const { generation } = this.sublist;
    if (known.generation !== generation) {
      known.value = factsOf(known.subject, this.sublist.match(known.subject));
      known.generation = generation;
    }
    return known.value!;
  }

  /** The interest of this server's own clients. */
  localInterest(): Iterable<LocalInterest> {
    return this.#local.values();
  }

  add(subscription: Interest): void {
    this.sublist.insert(subscription);
    if (subscription.client !== undefined) this.#count(subscription, 1);
  }

  remove(subscription: Interest): void {
    if (!this.sublist.remove(subscription)) return;
    if (subscription.client !== undefined) this.#count(subscription, -1);
  }

  #count({ subject, queue }: Interest, change: number): void {
    if (this.observer === undefined) return;
    // Neither part can hold a blank: blanks end the words of a control line.
    const key = `${subject} ${queue}`;
    const interest = this.#local.get(key) ?? { subject, queue, members: 0 };
    const before = interest.members;
    interest.members += change;
    if (interest.members > 0) this.#local.set(key, interest);
    else this.#local.delete(key);
    this.observer.interestChanged(
      this,
      subject,
      queue,
      interest.members,
      before,
    );
  }
}

function factsOf(subject: string, match: SubjectMatch<Interest>): SubjectFacts {
  return {
    match,
    literal: isLiteralSubject(subject),
    reserved: subject.startsWith(RESERVED_PREFIX),
  };
}
