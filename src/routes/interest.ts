/**
 * Interest that another server announced, as subscriptions in the accounts'
 * tries, so that one look-up finds local and remote receivers. What this
 * server announces itself is in `announcements.ts`.
 */
import type { Account } from "../accounts/account.ts";
import { Interest, type ServerReceiver } from "../accounts/interest.ts";

/** One interest of the other server, and the account that it stands in. */
export interface RemoteEntry {
  readonly account: Account;
  readonly subscription: Interest;
}

/** What the server at the other end of one route wants. */
export class RemoteInterest {
  readonly #route: ServerReceiver;
  readonly #entries = new Map<string, RemoteEntry>();

  constructor(route: ServerReceiver) {
    this.#route = route;
  }

  get size(): number {
    return this.#entries.size;
  }

  [Symbol.iterator](): IterableIterator<RemoteEntry> {
    return this.#entries.values();
  }

  /** Notes an RS+; `weight` is the number of queue members over there. */
  add(account: Account, subject: string, queue: string, weight: number): void {
    const key = keyOf(account, subject, queue);
    const known = this.#entries.get(key);
    if (known?.subscription.weight === weight) return;
    if (known !== undefined) account.remove(known.subscription);
    const subscription = Interest.ofServer(
      this.#route,
      subject,
      queue,
      weight,
    );
    this.#entries.set(key, { account, subscription });
    account.add(subscription);
  }

  /** Notes an RS-; one that was never announced changes nothing. */
  remove(account: Account, subject: string, queue: string): void {
    const key = keyOf(account, subject, queue);
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    account.remove(known.subscription);
  }

  /** `account` is gone. */
  forget(account: Account): void {
    for (const [key, entry] of this.#entries) {
      if (entry.account === account) this.#entries.delete(key);
    }
  }

  /** The route is gone. */
  clear(): void {
    for (const { account, subscription } of this.#entries.values()) {
      account.remove(subscription);
    }
    this.#entries.clear();
  }
}

/** None of the parts can hold a blank: blanks end the words of a control line. */
function keyOf(account: Account, subject: string, queue: string): string {
  return `${account.name} ${subject} ${queue}`;
}
