/**
 * The queue of logins whose secret is compared with a bcrypt hash. A comparison
 * takes a tenth of a second or more, and one is made at a time, so it matters
 * whose is next:
 *
 * - what nobody waits for any more is not compared at all;
 * - peers that have gone, but left messages behind, come after all that are there;
 * - addresses take turns, and at one address its users do, so that a guesser
 *   of passwords waits behind its own guesses; an IPv6 network of 64 bits, which
 *   one machine may have, is one address;
 * - all that brought the same secret for the same hash share one comparison.
 *
 * The queue is bounded: when it is full, the address with the most logins in it
 * loses its last one. To choose, all that wait are looked at, which takes far
 * less time than a comparison.
 */
import { ipBytes } from "../net/ip.ts";
import type { Waiting } from "./door.ts";

/** Compares a secret with a bcrypt hash, off the event loop. */
export type CompareHash = (secret: string, hash: string) => Promise<boolean>;

/** How it ended; "full": it was never compared, nor was what is "over". */
export type HashVerdict = "same" | "different" | "full" | "over";

/** A login that waits for its comparison. */
export interface HashLogin {
  readonly secret: string;
  readonly hash: string;
  readonly user: string;
  /** Where the peer comes from. */
  readonly host: string;
  readonly waiting: Waiting;
}

/** Logins that may wait at one time. */
const WAITING_MAX = 1024;

interface Entry extends HashLogin {
  readonly network: string;
  readonly settle: (verdict: HashVerdict) => void;
  readonly fail: (error: unknown) => void;
}

export class HashQueue {
  readonly #compare: CompareHash;
  readonly #waitingMax: number;
  readonly #served = new Served();
  /** In the order in which they came. */
  #waiting: Entry[] = [];
  #isBusy = false;

  constructor(compare: CompareHash, waitingMax: number = WAITING_MAX) {
    this.#compare = compare;
    this.#waitingMax = waitingMax;
  }

  /** Rejects when the comparison fails. */
  compare(login: HashLogin): Promise<HashVerdict> {
    return new Promise((settle, fail) => {
      this.#add({ ...login, network: networkOf(login.host), settle, fail });
      if (!this.#isBusy) void this.#work();
    });
  }

  #add(entry: Entry): void {
    const isFull = (): boolean => this.#waiting.length >= this.#waitingMax;
    if (isFull()) this.#forget(({ waiting }) => waiting.isOver, "over");
    if (!isFull()) return void this.#waiting.push(entry);
    this.#waiting.push(entry);
    const last = this.#waiting.findLast(isOf(largest(this.#waiting)));
    this.#forget((other) => other === last, "full");
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      this.#forget(({ waiting }) => waiting.isOver, "over");
      const next = this.#served.next(this.#waiting);
      if (next !== undefined) await this.#serve(next);
    }
    this.#isBusy = false;
  }

  async #serve(next: Entry): Promise<void> {
    const { secret, hash } = next;
    const isAlike = (other: Entry): boolean =>
      other.secret === secret && other.hash === hash;
    this.#served.note(next);
    for (const entry of this.#waiting.filter(isAlike)) entry.waiting.begins();
    try {
      const isSame = await this.#compare(secret, hash);
      this.#forget(isAlike, isSame ? "same" : "different");
    } catch (error) {
      this.#take(isAlike).forEach(({ fail }) => fail(error));
    }
  }

  #forget(isMeant: (entry: Entry) => boolean, verdict: HashVerdict): void {
    this.#take(isMeant).forEach(({ settle }) => settle(verdict));
  }

  #take(isMeant: (entry: Entry) => boolean): Entry[] {
    const taken = this.#waiting.filter(isMeant);
    if (taken.length > 0) {
      this.#waiting = this.#waiting.filter((entry) => !taken.includes(entry));
    }
    return taken;
  }
}

/** Who had a turn, and when: the one whose last turn is the longest ago is next. */
class Served {
  /** The number of the last turn, the oldest first. */
  readonly #turns = new Map<string, number>();
  #count = 0;

  next(waiting: readonly Entry[]): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of waiting) {
      if (next === undefined || this.#isBefore(entry, next)) next = entry;
    }
    return next;
  }

  note({ network, user }: Entry): void {
    this.#count++;
    for (const name of [network, nameOf(network, user)]) {
      this.#turns.delete(name);
      this.#turns.set(name, this.#count);
    }
    for (const name of this.#turns.keys()) {
      if (this.#turns.size <= 2 * WAITING_MAX) break;
      this.#turns.delete(name);
    }
  }

  #isBefore(one: Entry, other: Entry): boolean {
    if (one.waiting.hasLeft !== other.waiting.hasLeft) {
      return other.waiting.hasLeft;
    }
    const byNetwork = this.#turn(one.network) - this.#turn(other.network);
    if (byNetwork !== 0) return byNetwork < 0;
    return this.#turn(nameOf(one.network, one.user)) <
      this.#turn(nameOf(other.network, other.user));
  }

  #turn(name: string): number {
    return this.#turns.get(name) ?? 0;
  }
}

function nameOf(network: string, user: string): string {
  return `${network} ${user}`;
}

function isOf(network: string | undefined): (entry: Entry) => boolean {
  return (entry) => entry.network === network;
}

/** The network that has the most entries. */
function largest(waiting: readonly Entry[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { network } of waiting) {
    counts.set(network, (counts.get(network) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, one], [, other]) => other - one);
  return most?.[0];
}

const NETWORK_BYTES = 8;

function networkOf(host: string): string {
  const bytes = ipBytes(host.replace(/%.*/s, ""));
  return bytes === undefined || bytes.length <= NETWORK_BYTES
    ? host
    : bytes.slice(0, NETWORK_BYTES).join(".");
}
