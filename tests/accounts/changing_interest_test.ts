/** How much of what an account knows of its subjects a change of interest takes away. */
import assert from "node:assert/strict";
import type { Account } from "../../src/accounts/account.ts";
import { Accounts } from "../../src/accounts/accounts.ts";
import {
  DeliveryMark,
  type DirectReceiver,
  Interest,
  type ServerReceiver,
} from "../../src/accounts/interest.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import { test } from "../support/test.ts";
import { accountSettings } from "./account_settings.ts";

const CLIENT: DirectReceiver = {
  kind: Kind.CLIENT,
  takes: () => true,
  deliver: () => true,
};
const SERVER: ServerReceiver = {
  isGone: false,
  kind: Kind.ROUTE,
  mark: new DeliveryMark(),
  forward: () => {},
};
const SUBJECTS = Array.from(
  { length: 500 },
  (_, n) => asciiBytes(`orders.${n}.new`),
);

let lastSid = 0;

function client(subject: string, queue = ""): Interest {
  return Interest.direct(CLIENT, subject, queue, String(++lastSid));
}

/** An account that has been asked for each subject, and has had other changes before. */
function busyAccount(): Account {
  const account = new Accounts(accountSettings()).global;
  account.add(client("orders.*.new"));
  askAll(account);
  for (let n = 0; n < 20_000; n++) {
    const other = client(`before.${n}.x`);
    account.add(other);
    account.remove(other);
  }
  askAll(account);
  askAll(account);
  return account;
}

function askAll(account: Account): void {
  for (const subject of SUBJECTS) account.facts(subject, 0, subject.length);
}

/** How many look-ups it takes to ask for all subjects once more. */
function lookUps(account: Account): number {
  const { matches } = account.sublist.stats();
  askAll(account);
  return account.sublist.stats().matches - matches;
}

const CHANGES: readonly (readonly [string, (n: number) => Interest])[] = [
  ["a literal subject", (n) => client(`come.${n}.go`)],
  ["an inbox", (n) => client(`_INBOX.${n}.*`)],
  ["a queue group", (n) => client(`come.${n}.*`, "group")],
  ["a neighbour", (n) => client(`orders.more${n}.>`)],
  [
    "a subscription of another server",
    (n) => Interest.ofServer(SERVER, `come.${n}.*`, "", 1),
  ],
];

for (const [title, interest] of CHANGES) {
  test(`${title} that comes and goes leaves nearly all subjects known`, () => {
    const account = busyAccount();
    const known = lookUps(account);
    let sum = 0;
    for (let n = 0; n < 50; n++) {
      const one = interest(n);
      account.add(one);
      sum += lookUps(account) - known;
      account.remove(one);
      sum += lookUps(account) - known;
    }
    const asked = 100 * SUBJECTS.length;
    assert.ok(sum < asked / 20, `${sum} look-ups of ${asked}`);
  });
}

test("a subscription that means one of the subjects is heard at once, and not when it has gone", () => {
  const account = busyAccount();
  for (const subject of ["orders.7.new", "orders.7.*", "*.7.new", ">"]) {
    const one = client(subject);
    const heard = (): readonly Interest[] =>
      account.facts(SUBJECTS[7]!, 0, SUBJECTS[7]!.length).match.plain;
    const before = heard().length;
    account.add(one);
    assert.ok(heard().includes(one), subject);
    account.remove(one);
    assert.equal(heard().length, before, subject);
  }
});
