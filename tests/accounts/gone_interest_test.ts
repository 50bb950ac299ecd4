/** What is left of subscriptions when they are gone: nothing. */
import assert from "node:assert/strict";
import type { Account } from "../../src/accounts/account.ts";
import { Accounts } from "../../src/accounts/accounts.ts";
import { type DirectReceiver, Interest } from "../../src/accounts/interest.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import { Sublist } from "../../src/core/sublist.ts";
import type { Subscriber } from "../../src/core/subject_match.ts";
import { WorkMeter } from "../../src/core/work_meter.ts";
import { collectGarbage } from "../../src/runtime/process/garbage.ts";
import { nextTurn } from "../../src/runtime/process/turn.ts";
import { test } from "../support/test.ts";
import { accountSettings } from "./account_settings.ts";

const RECEIVER: DirectReceiver = {
  kind: Kind.CLIENT,
  takes: () => true,
  deliver: () => true,
};
const COUNT = 100_000;

/** Half of them with wildcards, each in a branch of its own. */
function subjectAt(n: number): string {
  return n % 2 === 0 ? `a.${n}.b.c` : `p.${n}.*.c`;
}

function publishedAt(n: number): string {
  return subjectAt(n).replace("*", "x");
}

test("100,000 subscriptions that have gone leave no node behind", () => {
  const meter = new WorkMeter();
  const sublist = new Sublist<Subscriber>({
    meter,
    cache: false,
  });
  const all = Array.from({ length: COUNT }, (_, n) => ({
    subject: subjectAt(n),
    queue: "",
    weight: 1,
  }));
  for (const one of all) sublist.insert(one);
  const looked = meter.spent;
  assert.equal(sublist.match(publishedAt(1)).plain.length, 1);
  assert.ok(meter.spent > looked, "nodes that are there are counted");
  for (const one of all) assert.ok(sublist.remove(one));
  const { spent } = meter;
  for (let n = 0; n < COUNT; n++) sublist.match(publishedAt(n));
  assert.equal(meter.spent, spent, "look-ups still meet nodes");
  assert.deepEqual([...sublist], []);
});

test("nothing that is known of subjects holds on to 100,000 that have gone", async () => {
  const account = new Accounts(accountSettings()).global;
  const references = await comeAndGo(account);
  // A reference that was just made holds its object for the rest of the turn.
  await nextTurn();
  collectGarbage();
  const left = references.filter((reference) => reference.deref()).length;
  // Bun looks for references on its stack as well, and may find old ones.
  assert.ok(left < 100, `${left} of ${references.length} are left`);
  assert.equal(account.sublist.stats().cacheSize, 0);
});

/** Everything is known of some of the subjects when their interest goes. */
async function comeAndGo(account: Account): Promise<WeakRef<Interest>[]> {
  const all = Array.from(
    { length: COUNT },
    (_, n) => Interest.direct(RECEIVER, subjectAt(n), "", String(n)),
  );
  for (const one of all) account.add(one);
  let heard = 0;
  for (let time = 0; time < 3; time++) {
    for (let n = 0; n < 500; n++) {
      const subject = asciiBytes(publishedAt(n));
      heard += account.facts(subject, 0, subject.length).match.plain.length;
    }
  }
  assert.equal(heard, 1500);
  assert.ok(account.sublist.stats().cacheSize > 100);
  await nextTurn();
  for (const one of all) account.remove(one);
  return all.map((one) => new WeakRef(one));
}
