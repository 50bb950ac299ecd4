/**
 * The accounts of a server: the global one, which is always there, and others,
 * which come and go while it runs. Observers hear of all of them, and of the
 * interest in each.
 */
import {
  Account,
  type AccountSettings,
  type InterestObserver,
} from "./account.ts";

/** The account of every client that was given no other. */
export const GLOBAL_ACCOUNT = "$G";

/** Told of the accounts, and of the interest in them. */
export interface AccountsObserver extends InterestObserver {
  /** An account has come, or was there when the observer came. */
  accountAdded(account: Account): void;
  /** An account is gone; what is left in it is heard by nothing any more. */
  accountRemoved(account: Account): void;
}

export class Accounts implements Iterable<Account> {
  readonly global: Account;
  readonly #settings: AccountSettings;
  readonly #byName = new Map<string, Account>();
  readonly #observers: AccountsObserver[] = [];
  /** Hands on what happens in an account. */
  readonly #told: InterestObserver = {
    interestChanged: (...change) => {
      for (const observer of this.#observers) {
        observer.interestChanged(...change);
      }
    },
  };

  constructor(settings: AccountSettings) {
    this.#settings = settings;
    this.global = this.add(GLOBAL_ACCOUNT);
  }

  /** How many there are. */
  get size(): number {
    return this.#byName.size;
  }

  [Symbol.iterator](): IterableIterator<Account> {
    return this.#byName.values();
  }

  named(name: string): Account | undefined {
    return this.#byName.get(name);
  }

  /** Adds the account `name`, or gives the one that is there. */
  add(name: string): Account {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const account = new Account(name, this.#settings);
    this.#byName.set(name, account);
    if (this.#observers.length > 0) account.observe(this.#told);
    for (const observer of this.#observers) observer.accountAdded(account);
    return account;
  }

  /**
   * Removes the account `name`; false when there is none, and for the global
   * one, which stays. The caller first closes the connections that are in it.
   */
  remove(name: string): boolean {
    const account = this.#byName.get(name);
    if (account === undefined || account === this.global) return false;
    this.#byName.delete(name);
    for (const observer of this.#observers) observer.accountRemoved(account);
    return true;
  }

  /** Tells `observer` of all accounts, now and later, and of changes in them. */
  observe(observer: AccountsObserver): void {
    this.#observers.push(observer);
    for (const account of this) {
      if (this.#observers.length === 1) account.observe(this.#told);
      observer.accountAdded(account);
    }
  }
}
