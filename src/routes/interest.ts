/**
 * Interest that another server announced, as subscriptions in the accounts'
 * tries, so that one look-up finds local and remote receivers. What this
 * server announces itself is in `announcements.ts`.
 */
import type { Account } from "../accounts/account.ts";
import type { Turn, TurnOwner } from "../broker/connections/turn.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { type MapKey, mapKey } from "../core/map_key.ts";
import { type KeyedMap, withRoom } from "../core/wide_map.ts";
import { Interest, type ServerReceiver } from "../accounts/interest.ts";

/** What the other server wants in one account. */
interface RemoteAccount {
  readonly name: string;
  /** Undefined while this server has no such account. */
  account: Account | undefined;
  /** By subject, and queue group if there is one. */
  entries: KeyedMap<MapKey, RemoteEntry>;
}

/** One interest of the other server. */
export interface RemoteEntry {
  readonly place: RemoteAccount;
  readonly subscription: Interest;
  /** The account in whose trie it stands. */
  standsIn: Account | undefined;
  /** It was taken back. */
  isGone: boolean;
}

/** What a line of the other server says of its interest. */
interface RemoteLine {
  /** The account's name. */
  readonly account: string;
  readonly subject: string;
  readonly queue: string;
  /** The number of queue members over there. */
  readonly weight: number;
}

/** Interests in accounts that this server does not have; about 100 MB. */
const NOTED_MAX = 262_144;

/** Interests of one server altogether, long ones several times; about 1.6 GB. */
const HELD_MAX = 4_194_304;
/** Characters with which an interest counts once more. */
const LONG_SHIFT = 8;

/** Work to look whether one interest is welcome. */
const LOOK_WORK = 5;

/** The account of this name, of those that this server has. */
type AccountNamed = (name: string) => Account | undefined;

/**
 * What the server at the other end of one route wants. It counts once the route
 * is registered; until then it is only noted, so that a connection that has not
 * been let in yet gets no messages. So is interest in accounts that this server
 * does not have: a server tells its interest once, and the account may come
 * later, or come back.
 */
export class RemoteInterest {
  /** As how many interests all of them may count: with more the route ends. */
  max: number = HELD_MAX;
  readonly #route: ServerReceiver;
  readonly #turn: Turn<TurnOwner>;
  readonly #accountNamed: AccountNamed;
  #accounts = new Map<string, RemoteAccount>();
  /** How many are in accounts that this server does not have. */
  #noted = 0;
  /** As how many all of them count. */
  #held = 0;
  #isActive = false;

  constructor(
    route: ServerReceiver,
    turn: Turn<TurnOwner>,
    accountNamed: AccountNamed,
  ) {
    this.#route = route;
    this.#turn = turn;
    this.#accountNamed = accountNamed;
  }

  /** In accounts that this server has. */
  get size(): number {
    let size = 0;
    for (const { account, entries } of this.#accounts.values()) {
      if (account !== undefined) size += entries.size;
    }
    return size;
  }

  /** In accounts that this server has. */
  *[Symbol.iterator](): Generator<RemoteEntry> {
    for (const { account, entries } of this.#accounts.values()) {
      if (account !== undefined) yield* entries.values();
    }
  }

  /**
   * Notes an RS+. False for the first one in an account that this server does
   * not have. Too many of those are not noted, and nobody is told of each.
   * Throws with more interest than one server may have: to leave some of it out
   * would lose messages.
   */
  add({ account: name, subject, queue, weight }: RemoteLine): boolean {
    const known = this.#accounts.get(name);
    const place = known ?? this.#newPlace(name);
    const { entries } = place;
    const key = keyOf(subject, queue);
    const before = entries.get(key);
    if (before?.subscription.weight === weight) return true;
    if (before !== undefined) withdraw(before);
    else {
      if (place.account === undefined) {
        if (this.#noted >= NOTED_MAX) {
          this.#dropIfEmpty(place);
          return true;
        }
        this.#noted++;
      }
      this.#hold(subject, queue);
    }
    const subscription = Interest.ofServer(
      this.#route,
      subject,
      queue,
      weight,
    );
    const entry = { place, subscription, standsIn: undefined, isGone: false };
    place.entries = withRoom(entries, keyOfEntry);
    place.entries.set(key, entry);
    if (this.#isActive) putUp(entry);
    return known !== undefined || place.account !== undefined;
  }

  /** The route is registered. Takes as many turns as it needs. */
  activate(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    for (const place of this.#accounts.values()) {
      this.#settle(place, this.#accountNamed(place.name));
    }
    this.#turn.spreadOver(this, 0, putUp);
  }

  /** Notes an RS-; one that was never announced changes nothing. */
  remove(
    { account, subject, queue }: Pick<
      RemoteLine,
      "account" | "subject" | "queue"
    >,
  ): void {
    const entries = this.#accounts.get(account)?.entries;
    const key = keyOf(subject, queue);
    const known = entries?.get(key);
    if (known === undefined) return;
    entries!.delete(key);
    withdraw(known);
    if (known.place.account === undefined) this.#noted--;
    this.#held -= countOf(subject, queue);
    // Names come and go, some of them made up: what says nothing is not kept.
    this.#dropIfEmpty(known.place);
  }

  /** Forgets all but what `isWelcome`. Takes as many turns as it needs. */
  keepOnly(isWelcome: (subject: string) => boolean): void {
    this.#turn.spreadOver(entriesOf(this.#accounts), LOOK_WORK, (entry) => {
      const { subject, queue } = entry.subscription;
      if (entry.isGone || isWelcome(subject)) return;
      this.remove({ account: entry.place.name, subject, queue });
    });
  }

  /** This server has `account` from now on. Takes as many turns as it needs. */
  adopt(account: Account): void {
    const place = this.#accounts.get(account.name);
    if (place === undefined) return;
    this.#settle(place, account);
    if (this.#isActive) {
      this.#turn.spreadOver(place.entries.values(), 0, putUp);
    }
  }

  /** `account` is gone, with its trie. */
  forget({ name }: Account): void {
    const place = this.#accounts.get(name);
    if (place !== undefined) this.#settle(place, undefined);
  }

  /** The route is gone. Takes as many turns as it needs. */
  clear(): void {
    const accounts = this.#accounts;
    this.#accounts = new Map();
    this.#noted = this.#held = 0;
    this.#turn.spreadOver(entriesOf(accounts), 0, withdraw);
  }

  #hold(subject: string, queue: string): void {
    this.#held += countOf(subject, queue);
    if (this.#held <= this.max) return;
    throw new ProtocolError(
      ClosedReason.MAX_SUBSCRIPTIONS,
      WireError.MAX_SUBSCRIPTIONS,
      `The server has more than ${this.max} interests`,
    );
  }

  #settle(place: RemoteAccount, account: Account | undefined): void {
    const { size } = place.entries;
    if (place.account === undefined) this.#noted -= size;
    if (account === undefined) this.#noted += size;
    place.account = account;
  }

  #dropIfEmpty({ name, entries }: RemoteAccount): void {
    if (entries.size === 0) this.#accounts.delete(name);
  }

  #newPlace(name: string): RemoteAccount {
    const account = this.#accountNamed(name);
    const place = { name, account, entries: new Map() };
    this.#accounts.set(name, place);
    return place;
  }
}

function countOf(subject: string, queue: string): number {
  return 1 + (subject.length + queue.length >> LONG_SHIFT);
}

function* entriesOf(
  accounts: ReadonlyMap<string, RemoteAccount>,
): Generator<RemoteEntry> {
  for (const { entries } of accounts.values()) yield* entries.values();
}

function putUp(entry: RemoteEntry): void {
  const { account } = entry.place;
  if (account === undefined || entry.isGone) return;
  if (entry.standsIn === account) return;
  entry.standsIn = account;
  account.add(entry.subscription);
}

function withdraw(entry: RemoteEntry): void {
  entry.standsIn?.remove(entry.subscription);
  entry.standsIn = undefined;
  entry.isGone = true;
}

function keyOfEntry({ subscription }: RemoteEntry): MapKey {
  return keyOf(subscription.subject, subscription.queue);
}

/** Neither part can hold a blank: blanks end the words of a control line. */
function keyOf(subject: string, queue: string): MapKey {
  return queue === "" ? mapKey(subject) : `${subject} ${queue}`;
}
