/** The trie of subscriptions, by examples and, with a seed, against a list that is searched from end to end. */
import assert from "node:assert/strict";
import { stamped } from "../../src/core/change_stamps.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { Sublist, type SublistOptions } from "../../src/core/sublist.ts";
import type { Subscriber } from "../../src/core/subject_match.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

interface Listener extends Subscriber {
  readonly id: number;
}

/** What is compared of a match. */
interface Heard {
  readonly plain: readonly Listener[];
  readonly queues: readonly {
    readonly name: string;
    readonly members: readonly Listener[];
    readonly weight: number;
  }[];
}

let lastId = 0;

function listener(subject: string, queue = "", weight = 1): Listener {
  return { id: ++lastId, subject, queue, weight };
}

function sublistOf(
  listeners: readonly Listener[],
  options: SublistOptions = {},
): Sublist<Listener> {
  const sublist = new Sublist<Listener>(options);
  for (const one of listeners) sublist.insert(one);
  return sublist;
}

/** A match as text, whatever the order of its parts. */
function picture(match: Heard): string {
  const plain = match.plain.map(({ id }) => id).sort(byNumber);
  const queues = match.queues.map(({ name, members, weight }) => {
    return { name, ids: members.map(({ id }) => id).sort(byNumber), weight };
  });
  queues.sort((a, b) => a.name < b.name ? -1 : 1);
  return JSON.stringify({ plain, queues });
}

function byNumber(a: number, b: number): number {
  return a - b;
}

/** The matcher to compare with: every subscriber, one at a time, by split tokens. */
function naiveMatch(
  listeners: readonly Listener[],
  subject: string,
): Heard {
  const hears = ({ subject: pattern }: Listener): boolean => {
    const want = pattern.split(".");
    const have = subject.split(".");
    if (have.includes("")) return false;
    const open = want.at(-1) === ">";
    if (open ? have.length < want.length : have.length !== want.length) {
      return false;
    }
    const fixed = open ? want.slice(0, -1) : want;
    return fixed.every((token, i) => token === "*" || token === have[i]);
  };
  const all = listeners.filter(hears);
  const names = new Set(all.map(({ queue }) => queue).filter((q) => q !== ""));
  const queues = [...names].map((name) => {
    const members = all.filter(({ queue }) => queue === name);
    const weight = members.reduce((sum, member) => sum + member.weight, 0);
    return { name, members, weight };
  });
  return { plain: all.filter(({ queue }) => queue === ""), queues };
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[randomBelow(random, items.length)]!;
}

const tokens = ["a", "b", "*", ">", "a*", "long_token_of_some_subject"];

function randomSubject(random: Random, alphabet: readonly string[]): string {
  const parts: string[] = [];
  const count = 1 + randomBelow(random, 4);
  for (let i = 0; i < count; i++) parts.push(pick(random, alphabet));
  return parts.join(".");
}

function randomListener(random: Random): Listener {
  const subject = randomSubject(random, tokens);
  const greater = subject.split(".").indexOf(">");
  const valid = greater < 0
    ? subject
    : subject.split(".").slice(0, greater + 1).join(".");
  const queue = pick(random, ["", "", "q1", "q2"]);
  return listener(valid, queue, queue === "" ? 1 : 1 + randomBelow(random, 5));
}

/** Thousands of random changes and matches, each match compared with the naive one. */
function compareWithNaive(options: SublistOptions): void {
  const seed = freshSeed();
  console.log(`sublist seed ${seed}`);
  const random = seededRandom(seed);
  const sublist = new Sublist<Listener>(options);
  const listeners: Listener[] = [];
  const seen = new Map<
    string,
    { generation: number; stamp: number; text: string }
  >();
  let heard = 0;

  for (let step = 0; step < 6000; step++) {
    const dice = random.next();
    if (dice < 0.2 && listeners.length < 60) {
      const newcomer = randomListener(random);
      listeners.push(newcomer);
      sublist.insert(newcomer);
    } else if (dice < 0.35 && listeners.length > 0) {
      const at = randomBelow(random, listeners.length);
      const [leaver] = listeners.splice(at, 1);
      assert.equal(sublist.remove(leaver!), true);
      assert.equal(sublist.remove(leaver!), false);
    }
    const subject = randomSubject(random, [...tokens, "c", ""]);
    const text = picture(sublist.match(subject));
    assert.equal(text, picture(naiveMatch(listeners, subject)), `"${subject}"`);
    if (text !== NOBODY) heard++;

    const { generation } = sublist;
    const stamp = sublist.stampOf(stamped(subject));
    const before = seen.get(subject);
    if (before !== undefined && before.text !== text) {
      assert.ok(generation > before.generation, "the generation grew");
      assert.ok(stamp > before.stamp, `the stamp of "${subject}" grew`);
    }
    seen.set(subject, { generation, stamp, text });
    assert.equal(sublist.size, listeners.length);
  }

  assert.ok(heard > 500, `${heard} matches reached a listener`);
  assert.deepEqual(new Set(sublist), new Set(listeners));
  for (const one of listeners) assert.equal(sublist.remove(one), true);
  assert.equal([...sublist].length, 0);
  assert.equal(picture(sublist.match("a")), NOBODY);
}

const NOBODY = picture({ plain: [], queues: [] });

test("random changes match as a naive matcher does", () => {
  compareWithNaive({});
});

test("random changes match as a naive matcher does without a cache", () => {
  compareWithNaive({ cache: false });
});

test("random changes match as a naive matcher does with a crowded cache", () => {
  compareWithNaive({ cacheMax: 5 });
});

test("a wildcard token of a published subject is an ordinary token", () => {
  for (const cache of [true, false]) {
    const star = listener("a.*");
    const literal = listener("a.b");
    const sublist = sublistOf([star, literal], { cache });
    assert.deepEqual(sublist.match("a.*").plain, [star]);
    assert.deepEqual(sublist.match("a.>").plain, [star]);
    assert.equal(sublist.match("a.b").plain.length, 2);
  }
});

test("a subject with an empty token is heard by nobody", () => {
  const sublist = sublistOf([listener(">"), listener("*.*"), listener("a.>")]);
  for (const subject of ["", ".", "a.", ".a", "a..b"]) {
    assert.equal(picture(sublist.match(subject)), NOBODY, `"${subject}"`);
  }
});

test("a queue group has its members from all patterns and sums their weights", () => {
  const near = listener("foo", "q");
  const wide = listener(">", "q");
  const remote = listener("foo", "q", 3);
  const other = listener("*", "Q");
  const sublist = sublistOf([near, wide, remote, other]);
  const { plain, queues } = sublist.match("foo");
  assert.deepEqual(plain, []);
  const groups = new Map(queues.map((group) => [group.name, group]));
  assert.deepEqual([...groups.keys()].sort(), ["Q", "q"]);
  assert.deepEqual(
    new Set(groups.get("q")?.members),
    new Set([near, wide, remote]),
  );
  assert.equal(groups.get("q")?.weight, 5);
  assert.equal(groups.get("Q")?.weight, 1);
  assert.equal(sublist.match("bar").queues.length, 2);
});

test("a subscriber is removed by identity, not by likeness", () => {
  for (const subject of ["foo.bar", "foo.*"]) {
    const one = listener(subject);
    const like = { ...one };
    const sublist = sublistOf([one]);
    assert.equal(sublist.remove(like), false);
    assert.equal(sublist.generation, 1);
    assert.deepEqual(sublist.match("foo.bar").plain, [one]);
    sublist.insert(like);
    assert.equal(sublist.remove(one), true);
    assert.deepEqual(sublist.match("foo.bar").plain, [like]);
  }
});

test("a change of weight is a remove and an insert", () => {
  const light = listener("jobs.>", "workers", 1);
  const sublist = sublistOf([light]);
  assert.equal(sublist.match("jobs.a").queues[0]?.weight, 1);
  sublist.remove(light);
  sublist.insert({ ...light, weight: 7 });
  assert.equal(sublist.match("jobs.a").queues[0]?.weight, 7);
});

test("an invalid subject and a second insert are our mistakes", () => {
  const sublist = new Sublist<Listener>();
  for (const subject of ["", "a..b", "foo.>.bar"]) {
    assert.throws(() => sublist.insert(listener(subject)), /Broken invariant/);
    assert.equal(sublist.remove(listener(subject)), false);
  }
  for (const subject of ["foo", "foo.>"]) {
    const one = listener(subject);
    sublist.insert(one);
    assert.throws(() => sublist.insert(one), /inserted once/);
    sublist.insert(listener(subject));
    assert.throws(() => sublist.insert(one), /inserted once/);
  }
  assert.equal(sublist.size, 4);
});

test("a result that was handed out does not change", () => {
  const first = listener("foo");
  const sublist = sublistOf([first]);
  const match = sublist.match("foo");
  sublist.insert(listener("foo"));
  sublist.insert(listener(">"));
  sublist.remove(first);
  assert.deepEqual(match.plain, [first]);
});

test("unrelated changes leave a cached result alone", () => {
  const sublist = sublistOf([listener("foo.bar"), listener("foo.*")]);
  const match = sublist.match("foo.bar");
  for (let i = 0; i < 1000; i++) {
    const passing = listener(`inbox.${i}`);
    sublist.insert(passing);
    sublist.remove(passing);
  }
  for (let i = 0; i < 100; i++) {
    sublist.insert(listener(`_INBOX.${i}.*`));
    assert.equal(sublist.match("foo.bar"), match);
  }
  assert.equal(sublist.stats().cacheHits, 100);

  sublist.insert(listener("*.bar"));
  assert.equal(sublist.match("foo.bar").plain.length, 3);
  assert.equal(sublist.stats().cacheHits, 100);
});

test("a cached result outlives no change, however many came after it", () => {
  for (let others = 0; others < 100; others++) {
    const sublist = sublistOf([listener("foo")]);
    sublist.match("foo");
    sublist.insert(listener(">"));
    for (let i = 0; i < others; i++) sublist.insert(listener(`other.${i}.*`));
    assert.equal(sublist.match("foo").plain.length, 2, `${others} others`);
  }
});

test("the cache keeps no more subjects than it may, heard or not", () => {
  const sublist = sublistOf([listener("even.*")], { cacheMax: 100 });
  for (let i = 0; i < 1000; i++) {
    sublist.match(i % 2 === 0 ? `even.${i}` : `odd.${i}`);
    assert.ok(sublist.stats().cacheSize <= 100);
  }
  assert.ok(sublist.stats().cacheSize >= 75);
  const { cacheHits } = sublist.stats();
  sublist.match("odd.999");
  assert.equal(sublist.stats().cacheHits, cacheHits + 1);
});

test("the cache is bounded by the subscribers of its results as well", () => {
  const crowd = Array.from({ length: 50_000 }, () => listener(">"));
  const sublist = sublistOf(crowd);
  for (let i = 0; i < 90; i++) sublist.match(`subject.${i}`);
  const { cacheSize, maxFanout } = sublist.stats();
  assert.equal(maxFanout, 50_000);
  assert.ok(cacheSize * 50_000 <= 4_194_304, `${cacheSize} results`);
  assert.ok(cacheSize > 50, `${cacheSize} results`);
});

test("10,000 busy subjects stay in the cache", () => {
  const sublist = sublistOf([listener("busy.*")]);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10_000; i++) sublist.match(`busy.${i}`);
  }
  assert.equal(sublist.stats().cacheHits, 20_000);
});

test("the statistics count what happened", () => {
  const leaver = listener("a.gone");
  const sublist = sublistOf([
    listener("a.b"),
    listener("a.*"),
    listener("a.b", "q"),
    listener("a.>", "q"),
    leaver,
  ]);
  assert.equal(sublist.stats().cacheHitRate, 0);
  assert.equal(sublist.stats().avgFanout, 0);
  sublist.remove(leaver);
  for (const subject of ["a.b", "a.b", "a.c", "nobody"]) sublist.match(subject);
  assert.deepEqual(sublist.stats(), {
    subscriptions: 4,
    cacheSize: 3,
    inserts: 5,
    removes: 1,
    matches: 4,
    cacheHits: 1,
    cacheHitRate: 0.25,
    maxFanout: 3,
    avgFanout: 5 / 3,
  });
});

test("a very deep pattern breaks neither a match nor a removal", () => {
  const deep = "a.".repeat(30_000) + "*";
  const one = listener(deep);
  const sublist = sublistOf([one]);
  assert.deepEqual(sublist.match("a.".repeat(30_000) + "b").plain, [one]);
  assert.deepEqual([...sublist], [one]);
  assert.equal(sublist.remove(one), true);
  assert.equal(picture(sublist.match("a.".repeat(30_000) + "b")), NOBODY);
});
