/**
 * What this server tells others about its clients' interest: each change goes
 * out on every route.
 *
 * NATS route protocol: plain interest is told once per subject, a queue
 * group's with the number of its members, again whenever that changes.
 */
import type { Account } from "../accounts/account.ts";
import type { AccountsObserver } from "../accounts/accounts.ts";
import type { Route } from "./route.ts";

export class Announcements implements AccountsObserver {
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(routes: ReadonlyMap<string, Route>) {
    this.#routes = routes;
  }

  /** What is in it is told as it comes, and to new routes when they register. */
  accountAdded(account: Account): void {
    for (const route of this.#routes.values()) route.interest.adopt(account);
  }

  accountRemoved(account: Account): void {
    for (const route of this.#routes.values()) route.forget(account);
  }

  interestChanged(
    account: Account,
    subject: string,
    queue: string,
    members: number,
    before: number,
  ): void {
    // Plain interest is told once, however many clients share it.
    const told = queue === "" && members > 0 && before > 0;
    if (told || this.#routes.size === 0) return;
    for (const route of this.#routes.values()) {
      route.told.tell(account, subject, queue, members);
    }
  }
}
