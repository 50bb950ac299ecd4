/** What one peer is told of the interest of this server's clients. */
import type { Account } from "../accounts/account.ts";
import type { LocalInterest } from "../accounts/local_interest.ts";
import type { Connection } from "../broker/connections/connection.ts";
import type { Turn, TurnOwner } from "../broker/connections/turn.ts";
import { byteString } from "../core/ascii.ts";
import { interestLine } from "../wire/encode.ts";
import type { RoutePermissions } from "./route_permissions.ts";

/** Work to tell a peer of one interest. */
const ANNOUNCE_WORK = 5;

export class ToldInterest {
  readonly #connection: Connection;
  readonly #turn: Turn<TurnOwner>;
  readonly #permissions: () => RoutePermissions;
  /** Permissions that held before, as long as not all interest was judged again. */
  readonly #former: RoutePermissions[] = [];

  /** `permissions` gives those that hold now. */
  constructor(
    connection: Connection,
    turn: Turn<TurnOwner>,
    permissions: () => RoutePermissions,
  ) {
    this.#connection = connection;
    this.#turn = turn;
    this.#permissions = permissions;
  }

  /** Tells all there is. Takes as many turns as it needs. */
  tellAll(accounts: Iterable<Account>): void {
    this.#forAll(accounts, (account, { subject, queue, members }) => {
      this.tell(account, subject, queue, members);
    });
  }

  /** Tells how many local members an interest has now. */
  tell(
    account: Account,
    subject: string,
    queue: string,
    members: number,
  ): void {
    const isTold = this.#permissions().mayImport(subject) ||
      // It was told, and nobody would find it any more to take it back.
      (members === 0 && this.#former.some((one) => one.mayImport(subject)));
    if (isTold) this.#send(account, subject, queue, members);
  }

  /** Other permissions hold than `before`. Takes as many turns as it needs. */
  judgeAgain(accounts: Iterable<Account>, before: RoutePermissions): void {
    this.#former.push(before);
    this.#forAll(accounts, (account, { subject, queue, members }) => {
      const isTold = this.#permissions().mayImport(subject);
      if (isTold === before.mayImport(subject)) return;
      this.#send(account, subject, queue, isTold ? members : 0);
    }, () => this.#former.shift());
  }

  /** What has changed meanwhile was told when it did. */
  #forAll(
    accounts: Iterable<Account>,
    act: (account: Account, interest: LocalInterest) => void,
    whenDone?: () => void,
  ): void {
    const all = [...accounts];
    const steps = function* (): Iterable<void> {
      for (const account of all) {
        for (const interest of account.localInterest()) {
          if (interest !== undefined) act(account, interest);
          yield;
        }
      }
    };
    this.#turn.spreadOver(steps(), ANNOUNCE_WORK, () => {}, whenDone);
  }

  #send(
    account: Account,
    subject: string,
    queue: string,
    members: number,
  ): void {
    const line = interestLine(account.name, subject, queue, members);
    const { log } = this.#connection;
    if (log.traces) log.traceOut(byteString(line, 0, line.length - 2));
    this.#connection.send(line);
  }
}
