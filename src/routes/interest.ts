/**
 * Interest that another server announced, as subscriptions in the accounts'
 * tries, so that one look-up finds local and remote receivers. What this
 * server announces itself is in `announcements.ts`.
 */
import type { Account } from "../accounts/account.ts";
import type { Turn, TurnOwner } from "../broker/connections/turn.ts";
import { type KeyedMap, withRoom } from "../core/wide_map.ts";
import { Interest, type ServerReceiver } from "../accounts/interest.ts";

/** One interest of the other server, and the account that it stands in. */
export interface RemoteEntry {
  readonly account: Account;
  readonly subscription: Interest;
  /** It stands in the account's trie. */
  stands: boolean;
  /** It was taken back. */
  isGone: boolean;
}

/** Work to look at one entry. */
const LOOK_WORK = 4;

/**
 * What the server at the other end of one route wants. It counts once the route
 * is registered; until then it is only noted, so that a connection that has not
 * been let in yet gets no messages.
 */
export class RemoteInterest {
  readonly #route: ServerReceiver;
  readonly #turn: Turn<TurnOwner>;
  #entries: KeyedMap<string, RemoteEntry> = new Map();
  #isActive = false;

  constructor(route: ServerReceiver, turn: Turn<TurnOwner>) {
    this.#route = route;
    this.#turn = turn;
  }

  get size(): number {
    return this.#entries.size;
  }

  [Symbol.iterator](): Iterator<RemoteEntry> {
    return this.#entries.values()[Symbol.iterator]();
  }

  /** Notes an RS+; `weight` is the number of queue members over there. */
  add(account: Account, subject: string, queue: string, weight: number): void {
    const key = keyOf(account, subject, queue);
    const known = this.#entries.get(key);
    const isKnown = known?.account === account &&
      known.subscription.weight === weight;
    if (isKnown) return;
    if (known !== undefined) withdraw(known);
    const subscription = Interest.ofServer(
      this.#route,
      subject,
      queue,
      weight,
    );
    this.#entries = withRoom(this.#entries);
    const entry = { account, subscription, stands: false, isGone: false };
    this.#entries.set(key, entry);
    if (this.#isActive) putUp(entry);
  }

  /** The route is registered. Takes as many turns as it needs. */
  activate(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#turn.spreadOver(this.#entries.values(), 0, putUp);
  }

  /** Notes an RS-; one that was never announced changes nothing. */
  remove(account: Account, subject: string, queue: string): void {
    const key = keyOf(account, subject, queue);
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    withdraw(known);
  }

  /** `account` is gone. Takes as many turns as it needs. */
  forget(account: Account): void {
    this.#turn.spreadOver(this.#entries.values(), LOOK_WORK, (entry) => {
      if (entry.account !== account) return;
      const { subject, queue } = entry.subscription;
      const key = keyOf(account, subject, queue);
      // An account of the same name may have come in between.
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      entry.isGone = true;
    });
  }

  /** The route is gone. Takes as many turns as it needs. */
  clear(): void {
    const entries = this.#entries.values();
    this.#entries = new Map();
    this.#turn.spreadOver(entries, 0, withdraw);
  }
}

function putUp(entry: RemoteEntry): void {
  if (entry.stands || entry.isGone) return;
  entry.stands = true;
  entry.account.add(entry.subscription);
}

function withdraw(entry: RemoteEntry): void {
  if (entry.stands) entry.account.remove(entry.subscription);
  entry.stands = false;
  entry.isGone = true;
}

/** None of the parts can hold a blank: blanks end the words of a control line. */
function keyOf(account: Account, subject: string, queue: string): string {
  return `${account.name} ${subject} ${queue}`;
}
