/**
 * Interest that another server announced, as subscriptions in the accounts'
 * tries, so that one look-up finds local and remote receivers. What this
 * server announces itself is in `announcements.ts`.
 */
import type { Account } from "../accounts/account.ts";
import type { Turn, TurnOwner } from "../broker/connections/turn.ts";
import { type MapKey, mapKey } from "../core/map_key.ts";
import { type KeyedMap, withRoom } from "../core/wide_map.ts";
import { Interest, type ServerReceiver } from "../accounts/interest.ts";

/** Work to mark one entry. */
const MARK_WORK = 4;

/** One interest of the other server, and the account that it stands in. */
export interface RemoteEntry {
  readonly account: Account;
  readonly subscription: Interest;
  /** It stands in the account's trie. */
  stands: boolean;
  /** It was taken back. */
  isGone: boolean;
}

/** By subject, and queue group if there is one. */
type Entries = KeyedMap<MapKey, RemoteEntry>;

/**
 * What the server at the other end of one route wants. It counts once the route
 * is registered; until then it is only noted, so that a connection that has not
 * been let in yet gets no messages.
 */
export class RemoteInterest {
  readonly #route: ServerReceiver;
  readonly #turn: Turn<TurnOwner>;
  #accounts = new Map<Account, Entries>();
  #isActive = false;

  constructor(route: ServerReceiver, turn: Turn<TurnOwner>) {
    this.#route = route;
    this.#turn = turn;
  }

  get size(): number {
    let size = 0;
    for (const entries of this.#accounts.values()) size += entries.size;
    return size;
  }

  [Symbol.iterator](): Iterator<RemoteEntry> {
    return entriesOf(this.#accounts);
  }

  /** Notes an RS+; `weight` is the number of queue members over there. */
  add(account: Account, subject: string, queue: string, weight: number): void {
    const entries = this.#accounts.get(account) ?? new Map();
    const key = keyOf(subject, queue);
    const known = entries.get(key);
    if (known?.subscription.weight === weight) return;
    if (known !== undefined) withdraw(known);
    const subscription = Interest.ofServer(
      this.#route,
      subject,
      queue,
      weight,
    );
    const entry = { account, subscription, stands: false, isGone: false };
    const roomy = withRoom<MapKey, RemoteEntry>(entries);
    roomy.set(key, entry);
    this.#accounts.set(account, roomy);
    if (this.#isActive) putUp(entry);
  }

  /** The route is registered. Takes as many turns as it needs. */
  activate(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#turn.spreadOver(this, 0, putUp);
  }

  /** Notes an RS-; one that was never announced changes nothing. */
  remove(account: Account, subject: string, queue: string): void {
    const entries = this.#accounts.get(account);
    const key = keyOf(subject, queue);
    const known = entries?.get(key);
    if (known === undefined) return;
    entries!.delete(key);
    withdraw(known);
  }

  /** `account` is gone, with its trie. Takes as many turns as it needs. */
  forget(account: Account): void {
    const entries = this.#accounts.get(account);
    if (entries === undefined) return;
    this.#accounts.delete(account);
    this.#turn.spreadOver(entries.values(), MARK_WORK, (entry) => {
      entry.isGone = true;
    });
  }

  /** The route is gone. Takes as many turns as it needs. */
  clear(): void {
    const accounts = this.#accounts;
    this.#accounts = new Map();
    this.#turn.spreadOver(entriesOf(accounts), 0, withdraw);
  }
}

function* entriesOf(
  accounts: ReadonlyMap<Account, Entries>,
): Generator<RemoteEntry> {
  for (const entries of accounts.values()) yield* entries.values();
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

/** Neither part can hold a blank: blanks end the words of a control line. */
function keyOf(subject: string, queue: string): MapKey {
  return queue === "" ? mapKey(subject) : `${subject} ${queue}`;
}
