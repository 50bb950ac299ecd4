/**
 * How many members of this server each subject and queue group of an account has.
 * Most subjects have one subscriber, so that nothing is kept of them: where few
 * subscribe, they are counted when that is asked. Where many do, and counting
 * would take long, the numbers are kept.
 */
import { type Audience, commonSubject, membersOf } from "../core/audience.ts";
import type { Sublist } from "../core/sublist.ts";
import type { Interest } from "./interest.ts";
import { Kind, REACH } from "./reach.ts";

/** The interest of this server in one subject and queue group. */
export interface LocalInterest {
  readonly subject: string;
  /** Empty: plain interest. */
  readonly queue: string;
  readonly members: number;
}

/** The kinds that hear what routes bring: other servers are told of their interest. */
const LOCAL_KINDS = REACH[Kind.ROUTE]!.hears;

export function isLocal({ kindBit }: Interest): boolean {
  return (LOCAL_KINDS & kindBit) !== 0;
}

export class LocalInterests {
  readonly #sublist: Sublist<Interest>;
  #size = 0;
  /** Members by queue group, of subjects that many subscribe to, or have, one of them here. */
  readonly #crowds = new Map<string, Map<string, number>>();

  constructor(sublist: Sublist<Interest>) {
    this.#sublist = sublist;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Local interest stands in the sublist now; gives how many members there are with it. */
  came(interest: Interest): number {
    this.#size++;
    return this.#changed(interest, 1);
  }

  /** Local interest has left the sublist; gives how many members there are without it. */
  went(interest: Interest): number {
    this.#size--;
    return this.#changed(interest, -1);
  }

  /** Interest of another server has left the sublist. */
  otherWent({ subject }: Interest): void {
    const isEmpty = this.#crowds.size > 0 &&
      this.#sublist.subscribersTo(subject) === undefined;
    if (isEmpty) this.#crowds.delete(subject);
  }

  /**
   * All of it, for a caller that goes on in later turns: what changes meanwhile is
   * met as it is then, or not at all. Undefined: a subject has no subscriber here.
   */
  *[Symbol.iterator](): Iterator<LocalInterest | undefined> {
    for (const subscribers of this.#sublist.audiences()) {
      const subject = commonSubject(subscribers);
      // It may have others since, or none.
      const now = this.#sublist.subscribersTo(subject);
      const groups = this.#groupsOf(subject, now);
      if (groups.size === 0) yield undefined;
      for (const [queue, members] of groups) yield { subject, queue, members };
    }
  }

  #changed({ subject, queue }: Interest, change: number): number {
    const subscribers = this.#sublist.subscribersTo(subject);
    if (!(subscribers instanceof Set)) {
      if (this.#crowds.size > 0) this.#crowds.delete(subject);
      return countIn(subscribers, queue);
    }
    const crowd = this.#crowds.get(subject);
    if (crowd === undefined) {
      return this.#groupsOf(subject, subscribers).get(queue) ?? 0;
    }
    const members = (crowd.get(queue) ?? 0) + change;
    if (members > 0) crowd.set(queue, members);
    else crowd.delete(queue);
    return members;
  }

  /** Members by queue group, which are kept where there are many. */
  #groupsOf(
    subject: string,
    subscribers: Audience<Interest> | undefined,
  ): ReadonlyMap<string, number> {
    const known = this.#crowds.get(subject);
    if (known !== undefined) return known;
    const groups = new Map<string, number>();
    if (subscribers === undefined) return groups;
    for (const one of membersOf(subscribers)) {
      const before = groups.get(one.queue) ?? 0;
      if (isLocal(one)) groups.set(one.queue, before + 1);
    }
    const isCrowd = subscribers instanceof Set && groups.size > 0;
    if (isCrowd) this.#crowds.set(subject, groups);
    return groups;
  }
}

function countIn(
  subscribers: Exclude<Audience<Interest>, Set<Interest>> | undefined,
  queue: string,
): number {
  if (subscribers === undefined) return 0;
  let members = 0;
  for (const one of membersOf(subscribers)) {
    if (one.queue === queue && isLocal(one)) members++;
  }
  return members;
}
