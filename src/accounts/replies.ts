/**
 * The replies that requests of one account to services of others wait for. When
 * nobody hears a reply subject any more, nobody waits for its response.
 */
import { type MapKey, mapKey } from "../core/map_key.ts";
import { LinkedOrder, type OrderLink } from "../core/linked_order.ts";
import { hasWildcard } from "../core/subject.ts";
import type { Clock } from "../platform/clock.ts";
import type { Account } from "./account.ts";

/** Something that waits for a response on `reply`. */
export interface AwaitedReply {
  readonly reply: string;
  /** Its place among those of its account; `Replies` owns it. */
  place: OrderLink<AwaitedReply> | undefined;
  /** The requester is gone. Ends with a call of `Replies.remove`. */
  end(): void;
}

/** Replies that one account may await; for one more the oldest is given up. */
const AWAITED_MAX = 65_536;

/** How long after the end of a subscription with wildcards replies that nobody hears are looked for. */
const SWEEP_AFTER_MS = 1_000;
/** Replies that are looked at in one go, and the time to the next ones. */
const SWEPT_AT_ONCE = 512;
const SWEEP_PAUSE_MS = 10;

type Awaited = AwaitedReply | Set<AwaitedReply>;

export class Replies {
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #all = new LinkedOrder<AwaitedReply>();
  readonly #bySubject = new Map<MapKey, Awaited>();
  #isSweepDue = false;
  #isSweeping = false;

  constructor(account: Account, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
  }

  get size(): number {
    return this.#all.size;
  }

  add(awaited: AwaitedReply): void {
    if (this.#all.size >= AWAITED_MAX) this.#all.oldest?.item.end();
    awaited.place = this.#all.add(awaited);
    const key = mapKey(awaited.reply);
    const known = this.#bySubject.get(key);
    if (known === undefined) this.#bySubject.set(key, awaited);
    else if (known instanceof Set) known.add(awaited);
    else this.#bySubject.set(key, new Set([known, awaited]));
  }

  remove(awaited: AwaitedReply): void {
    const { place } = awaited;
    if (place === undefined || !this.#all.remove(place)) return;
    const key = mapKey(awaited.reply);
    const known = this.#bySubject.get(key);
    if (known instanceof Set) {
      known.delete(awaited);
      if (known.size > 0) return;
    }
    this.#bySubject.delete(key);
  }

  /** A subscription to `subject` has ended: those who heard replies by it may be gone. */
  interestEnded(subject: string): void {
    if (this.#all.size === 0) return;
    if (hasWildcard(subject)) return this.#sweepSoon();
    const known = this.#bySubject.get(mapKey(subject));
    if (known === undefined || this.#isHeard(subject)) return;
    for (const one of known instanceof Set ? [...known] : [known]) one.end();
  }

  /** The account is gone. */
  clear(): void {
    for (let first = this.#all.oldest; first; first = this.#all.oldest) {
      first.item.end();
    }
  }

  #isHeard(reply: string): boolean {
    const { plain, queues } = this.#account.sublist.matchOnce(reply);
    return plain.length > 0 || queues.length > 0;
  }

  #sweepSoon(): void {
    this.#isSweepDue = true;
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#clock.after(SWEEP_AFTER_MS, () => {
      this.#isSweepDue = false;
      this.#sweep(this.#all.oldest);
    });
  }

  #sweep(first: OrderLink<AwaitedReply> | undefined): void {
    let next = first;
    for (let looked = 0; looked < SWEPT_AT_ONCE; looked++) {
      if (next === undefined) {
        this.#isSweeping = false;
        if (this.#isSweepDue) this.#sweepSoon();
        return;
      }
      const { item, behind, isIn } = next;
      if (isIn && !this.#isHeard(item.reply)) item.end();
      next = behind;
    }
    const rest = next;
    this.#clock.after(SWEEP_PAUSE_MS, () => this.#sweep(rest));
  }
}
