/** What an account knows of subjects that it has never seen, beside what a search of its interest gives. */
import assert from "node:assert/strict";
import type { Account } from "../../src/accounts/account.ts";
import { Accounts } from "../../src/accounts/accounts.ts";
import { FewLarge, KEPT_MATCH_MAX } from "../../src/accounts/few_large.ts";
import { type DirectReceiver, Interest } from "../../src/accounts/interest.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import { ChangeStamps, stamped } from "../../src/core/change_stamps.ts";
import { isLiteralSubject } from "../../src/core/subject.ts";
import type { SubjectMatch } from "../../src/core/subject_match.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { accountSettings } from "./account_settings.ts";

const RECEIVER: DirectReceiver = {
  kind: Kind.CLIENT,
  takes: () => true,
  deliver: () => true,
};

let lastSid = 0;

function interestIn(subject: string, queue = ""): Interest {
  return Interest.direct(RECEIVER, subject, queue, String(++lastSid));
}

function newAccount(): Account {
  return new Accounts(accountSettings()).global;
}

function factsOf(account: Account, subject: string) {
  const bytes = asciiBytes(`<${subject}>`);
  return account.facts(bytes, 1, bytes.length - 1);
}

function picture({ plain, queues }: SubjectMatch<Interest>): string {
  const members = queues.flatMap((group) =>
    group.members.map(({ sid }) => `${group.name} ${sid}`)
  );
  return [...plain.map(({ sid }) => sid), ...members].sort().join();
}

/** Fails unless the account knows of `subject` what a search gives. */
function isRight(account: Account, subject: string): void {
  const { match, literal, isPlain } = factsOf(account, subject);
  const searched = account.sublist.matchOnce(subject);
  assert.equal(picture(match), picture(searched), subject);
  assert.equal(literal, isLiteralSubject(subject), subject);
  if (isPlain) assert.ok(literal, subject);
}

test("subjects below one parent share what is known, once that has been of use", () => {
  const account = newAccount();
  account.add(interestIn("in.box.*"));
  const facts = Array.from(
    { length: 6 },
    (_, i) => factsOf(account, `in.box.${i}`),
  );
  const shared = facts.filter(({ isShared }) => isShared);
  assert.ok(shared.length >= 3, String(shared.length));
  assert.equal(new Set(shared).size, 1);
  for (const { match } of facts) assert.equal(match.plain.length, 1);
});

test("who subscribes to one of them is heard of, and so is who leaves", () => {
  const account = newAccount();
  account.add(interestIn("in.box.*"));
  const expectAll = () => {
    for (let i = 0; i < 6; i++) isRight(account, `in.box.${lastSid}-${i}`);
    for (const subject of ["in.box.7", "in.box.x", "in.box", "in.box.x.y"]) {
      isRight(account, subject);
    }
  };
  expectAll();
  const own = [
    "in.box.7",
    "in.box.7",
    "in.>",
    "in.box.x.*",
    "in.*.x",
    "*.box.*",
  ];
  const added = own.map((subject) => interestIn(subject));
  for (const interest of added) {
    account.add(interest);
    expectAll();
  }
  for (const interest of added) {
    account.remove(interest);
    expectAll();
  }
});

test("acknowledgements of a consumer share what is known, with all others that listen", () => {
  const account = newAccount();
  const ack = "$JS.ACK.S.C";
  account.add(interestIn(`${ack}.*.*.*.*.*`));
  account.add(interestIn("$JS.ACK.*.*.S.C.*.*.*.*.*"));
  let number = 0;
  const expectAll = (): number => {
    let shared = 0;
    for (let i = 0; i < 8; i++) {
      const subject = `${ack}.1.${++number}.${number}.17000.0`;
      if (factsOf(account, subject).isShared) shared++;
      isRight(account, subject);
      for (
        const other of [
          `${ack}.1.7.7.17000.0`,
          `${ack}.1.${number}.7.17000`,
          `${ack}.1.${number}..17000.0`,
          `${ack}.1.${number}.x.17000.0`,
          `${ack}.1.${number}.*.17000.0`,
          `$JS.ACK.d.h.S.C.1.${number}.7.17000.0`,
          `$JS.ACK.S.C.S.C.1.${number}.7.17000.0`,
          `$JS.ACK.${number}.1.2.3.4`,
          `$JS.ACK`,
        ]
      ) isRight(account, other);
    }
    return shared;
  };
  assert.ok(expectAll() >= 5);
  const own = [
    [`${ack}.1.7.7.17000.0`, false],
    [`${ack}.*.7.*.*.*`, false],
    ["$JS.ACK.*.C.*.*.>", true],
    [`${ack}.*.x.*.*.*`, true],
    ["$JS.>", true],
    ["*.*.*.*.1.*.*.*.*", false],
    ["$JS.ACK.*.*.*.*.*", true],
  ] as const;
  for (const [subject, isShared] of own) {
    const interest = interestIn(subject);
    account.add(interest);
    assert.equal(expectAll() >= 5, isShared, subject);
    account.remove(interest);
    assert.ok(expectAll() >= 5, subject);
  }
});

test("a mapped subject, a reserved one and wildcards are not taken for others", () => {
  const account = newAccount();
  account.add(interestIn(">"));
  for (let i = 0; i < 6; i++) isRight(account, `in.box.${i}`);
  const destination = { subject: "elsewhere", weight: 100, cluster: "" };
  account.map([{ source: "in.box.7", destinations: [destination] }]);
  for (let i = 10; i < 16; i++) isRight(account, `in.box.${i}`);
  assert.ok(factsOf(account, "in.box.7").mapped);
  assert.equal(factsOf(account, "in.box.8").mapped, undefined);
  account.map([]);
  assert.equal(factsOf(account, "in.box.7").mapped, undefined);
  for (let i = 20; i < 26; i++) {
    assert.ok(factsOf(account, `_GR_.${i}`).reserved);
    assert.equal(factsOf(account, `_GX_.${i}`).reserved, false);
  }
  for (const last of ["*", ">", "", "*x", ">>", "a*"]) {
    for (let i = 0; i < 4; i++) isRight(account, `in.box.${last}`);
  }
});

test("of what is below parents with many receivers, that of the last few is kept", () => {
  const account = newAccount();
  for (let i = 0; i <= KEPT_MATCH_MAX; i++) account.add(interestIn("*.in.*"));
  let token = 0;
  /** How many look-ups it takes to ask for another subject below each of `count` parents. */
  const lookUps = (count: number): number => {
    const { matches, cacheHits } = account.sublist.stats();
    token++;
    for (let i = 0; i < count; i++) factsOf(account, `p${i}.in.${token}`);
    const after = account.sublist.stats();
    return after.matches - matches - (after.cacheHits - cacheHits);
  };
  for (let i = 0; i < 4; i++) lookUps(16);
  assert.equal(lookUps(16), 0);
  // What was forgotten is looked up once, and then kept again.
  for (let i = 0; i < 4; i++) lookUps(100);
  assert.ok(lookUps(100) + lookUps(100) >= 84);
});

test("a member of a group of a thousand is found with as many look-ups as one of five", () => {
  const counts = [5, 1000].map((members) => {
    const account = newAccount();
    for (let i = 0; i < members; i++) account.add(interestIn("jobs.*", "g"));
    for (let i = 0; i < 4; i++) {
      factsOf(account, "jobs.same");
      factsOf(account, `jobs.first${i}`);
    }
    const { matches, cacheHits } = account.sublist.stats();
    for (let i = 0; i < 100; i++) {
      const one = factsOf(account, "jobs.same");
      assert.equal(one.match.queues[0]!.members.length, members);
      factsOf(account, `jobs.other${i}`);
    }
    const after = account.sublist.stats();
    return after.matches - matches - (after.cacheHits - cacheHits);
  });
  assert.deepEqual(counts, [0, 0]);
});

test("by chance: whatever is subscribed to, each subject is heard by who should", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const tokens = ["a", "b", "1", "*"];
  const token = (more: readonly string[]) => {
    const from = [...tokens, ...more];
    return from[randomBelow(random, from.length)]!;
  };
  const subject = (more: readonly string[]) =>
    Array.from({ length: 1 + randomBelow(random, 3) }, () => token(more))
      .join(".");
  let seen = 0;
  for (let round = 0; round < 30; round++) {
    const account = newAccount();
    const inside: Interest[] = [];
    for (let step = 0; step < 60; step++) {
      const kind = randomBelow(random, 8);
      if (kind === 0) {
        const end = randomBelow(random, 3) === 0 ? ".>" : "";
        const queue = randomBelow(random, 3) === 0 ? "q" : "";
        inside.push(interestIn(subject([]) + end, queue));
        account.add(inside.at(-1)!);
      } else if (kind === 1 && inside.length > 0) {
        account.remove(
          inside.splice(randomBelow(random, inside.length), 1)[0]!,
        );
      } else isRight(account, subject([`n${++seen}`, "", ">"]));
    }
  }
});

test("who has gone from a large group is not heard", () => {
  const account = newAccount();
  const gone = Array.from({ length: 1000 }, () => interestIn("jobs.*", "g"));
  for (const one of gone) account.add(one);
  const heard = (subject: string): number =>
    factsOf(account, subject).match.queues.length;
  for (let i = 0; i < 4; i++) {
    assert.equal(heard("jobs.same"), 1);
    assert.equal(heard(`jobs.other${i}`), 1);
  }
  for (const one of gone) account.remove(one);
  assert.equal(heard("jobs.same"), 0);
  assert.equal(heard("jobs.last"), 0);
});

test("what was kept of receivers that have gone is let go before it is asked for", () => {
  const large = new FewLarge();
  const known = (subject: string) => ({
    ...stamped(subject),
    value: subject as string | undefined,
    generation: 0,
    changes: 0,
  });
  const stamps = new ChangeStamps();
  const [stays, goes] = [known("stays.here"), known("goes.away")];
  large.keep(stays);
  large.keep(goes);
  large.forgetStale((subject) => stamps.of(subject));
  assert.deepEqual([stays.value, goes.value], ["stays.here", "goes.away"]);
  stamps.changed("goes.away");
  large.forgetStale((subject) => stamps.of(subject));
  assert.deepEqual([stays.value, goes.value], ["stays.here", undefined]);
});
