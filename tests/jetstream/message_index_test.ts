/** The index of a stream's messages, with a seed, against a list that is searched from end to end. */
import assert from "node:assert/strict";
import { subjectMatches } from "../../src/core/subject.ts";
import {
  type IndexEntry,
  MessageIndex,
  PART_MESSAGES,
} from "../../src/jetstream/store/message_index.ts";
import {
  type SubjectFilter,
  SubjectTable,
} from "../../src/jetstream/store/subject_table.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const PATTERNS = [
  ["a.1"],
  ["a.*"],
  [">"],
  ["a.1", "b.>"],
  ["c"],
  [],
  ["*.2"],
  ["a.1.*"],
  ["b.2.>", "c.*", "a.3"],
];

/** Messages in ascending order, and everything asked of them by going through all. */
class NaiveIndex {
  list: IndexEntry[] = [];
  lastSeq = 0;
  firstSeq = 1;

  add(entry: IndexEntry): void {
    this.list.push(entry);
    this.lastSeq = entry.seq;
    this.firstSeq = this.list[0]!.seq;
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
    if (this.list.length === 0) this.firstSeq = seq + 1;
  }

  remove(seq: number): IndexEntry | undefined {
    const found = this.list.find((entry) => entry.seq === seq);
    this.list = this.list.filter((entry) => entry !== found);
    if (seq === this.firstSeq && found !== undefined) {
      this.firstSeq = this.list[0]?.seq ?? this.lastSeq + 1;
    }
    return found;
  }

  meant(patterns: readonly string[]): IndexEntry[] {
    return this.list.filter(({ subject }) =>
      patterns.length === 0 ||
      patterns.some((pattern) => subjectMatches(pattern, subject))
    );
  }
}

function compare(
  index: MessageIndex,
  naive: NaiveIndex,
  filters: readonly SubjectFilter[],
  at: number,
): void {
  assert.equal(index.messages, naive.list.length);
  assert.equal(index.bytes, naive.list.reduce((sum, one) => sum + one.size, 0));
  assert.equal(index.firstSeq, naive.firstSeq, "first");
  assert.equal(index.lastSeq, naive.lastSeq, "last");
  assert.equal(
    index.subjects.size,
    new Set(naive.list.map(({ subject }) => subject)).size,
  );
  const here = naive.list.find(({ seq }) => seq === at);
  assert.equal(index.has(at), here !== undefined);
  assert.equal(index.subjectOf(at), here?.subject);
  assert.equal(index.timeOf(at), here?.timeUs ?? 0);
  assert.equal(index.sizeOf(at), here?.size ?? 0);
  for (const [i, filter] of filters.entries()) {
    const meant = naive.meant(PATTERNS[i]!);
    const behind = meant.filter(({ seq }) => seq >= at);
    const end = Math.max(at, naive.lastSeq + 1);
    assert.equal(index.next(at, filter), behind[0]?.seq ?? end, "next");
    assert.equal(index.count(at, filter), behind.length, "count");
    const before = meant.findLast(({ seq }) => seq < at)?.seq ?? 0;
    assert.equal(index.previous(at, filter), before, "previous");
    const third = meant.filter(({ seq }) => seq < at).at(-3)?.seq ?? 0;
    assert.equal(index.previousOf(3, at, filter), third, "previous of");
    assert.deepEqual(
      index.lastOfEach(at, filter),
      lastOfEach(meant, at),
      "last of each",
    );
  }
  if (here === undefined) return;
  const same = naive.list.filter(({ subject }) => subject === here.subject);
  const place = same.indexOf(here);
  assert.equal(index.sameBefore(at), same[place - 1]?.seq ?? 0);
  assert.equal(index.sameAfter(at), same[place + 1]?.seq ?? 0);
  const entry = index.subjects.get(here.subject)!;
  assert.deepEqual(
    [entry.first, entry.last, entry.count],
    [same[0]!.seq, same.at(-1)!.seq, same.length],
  );
}

/** The last of each subject up to `upTo`, ascending. */
function lastOfEach(list: readonly IndexEntry[], upTo: number): number[] {
  const lasts = new Map<string, number>();
  for (const { subject, seq } of list) if (seq <= upTo) lasts.set(subject, seq);
  return [...lasts.values()].sort((a, b) => a - b);
}

/** Both forget what a filter means below a place, and are told of each message while it is there. */
function removeBelow(
  index: MessageIndex,
  naive: NaiveIndex,
  { filter, end, messages }: {
    readonly filter: SubjectFilter;
    readonly end: number;
    readonly messages: number;
  },
): void {
  const gone = naive.meant(filter.patterns).filter(({ seq }) => seq < end);
  const told: number[] = [];
  for (let next = index.firstSeq; next < end;) {
    next = index.removePart(next, { end, messages }, filter, (seq, number) => {
      assert.equal(index.subjectNumber(seq), number);
      told.push(seq);
    });
  }
  assert.deepEqual(told, gone.map(({ seq }) => seq));
  for (const { seq } of gone) naive.remove(seq);
}

function live(
  random: Random,
  subjects: SubjectTable,
  { steps, removals }: { readonly steps: number; readonly removals: number },
): void {
  const index = new MessageIndex(undefined, subjects);
  const naive = new NaiveIndex();
  const filters = PATTERNS.map((patterns) => index.subjects.filter(patterns));
  for (let step = 0; step < steps; step++) {
    const dice = random.next();
    if (dice < removals && naive.list.length > 0) {
      const { seq } = naive.list[randomBelow(random, naive.list.length)]!;
      const { wasLastOfSubject: _, ...entry } = index.remove(seq)!;
      assert.deepEqual(entry, naive.remove(seq));
      assert.equal(index.remove(seq), undefined);
    } else if (dice > 0.995) {
      const i = randomBelow(random, PATTERNS.length);
      const end = naive.firstSeq + randomBelow(random, naive.lastSeq + 3);
      const messages = dice > 0.997 ? PART_MESSAGES : 16;
      removeBelow(index, naive, { filter: filters[i]!, end, messages });
    } else if (dice > 0.985) {
      const seq = naive.lastSeq + randomBelow(random, 3000);
      index.skipTo(seq);
      naive.skipTo(seq);
    } else {
      const entry = {
        seq: naive.lastSeq + 1,
        timeUs: 1_000_000 + step,
        subject: anySubject(random),
        size: 1 + randomBelow(random, 100),
      };
      index.add(entry);
      naive.add(entry);
    }
    const asked = filters[randomBelow(random, filters.length)]!;
    if (random.next() < 0.1) subjects.learnBeginnings(asked);
    const at = randomBelow(random, naive.lastSeq + 3);
    compare(index, naive, filters, at);
    // One that has compared nothing yet finds the same.
    for (const filter of filters) filter.forgetAll();
    compare(index, naive, filters, at);
  }
}

function anySubject(random: Random): string {
  const subject = `${"abc"[randomBelow(random, 3)]}.${randomBelow(random, 4)}`;
  return random.next() < 0.5 ? subject : `${subject}.${randomBelow(random, 3)}`;
}

/** Subjects that are looked at for one message, and in one turn; undefined: as it is in a server. */
const TABLES = [[undefined, undefined], [0, 2], [3, 2], [8, 100]] as const;

for (const [few, part] of TABLES) {
  test(`an index says what a list of all messages does, with ${few ?? "the usual"} subjects at a time`, (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const table = (): SubjectTable => new SubjectTable(few, part);
    live(random, table(), { steps: 1000, removals: 0.3 });
    live(random, table(), { steps: 800, removals: 0.49 });
  });
}

test("a filter that learns of its subjects in parts, while these come and go, means what others do", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 4; round++) learn(random);
});

/** Thousands of subjects come and go between the parts. */
function learn(random: Random): void {
  const index = new MessageIndex();
  const naive = new NaiveIndex();
  const compared = new Set<string>();
  const change = (times: number): void => {
    for (let i = 0; i < times; i++) {
      const seq = naive.lastSeq + 1;
      const subject = `${"ab"[randomBelow(random, 2)]}.${
        randomBelow(random, 20_000)
      }`;
      const entry = { seq, timeUs: seq, subject, size: 1 };
      index.add(entry);
      naive.add(entry);
    }
    const gone = new Set<number>();
    for (const { seq } of naive.list) {
      if (random.next() < 0.1 && index.remove(seq)) gone.add(seq);
    }
    naive.list = naive.list.filter(({ seq }) => !gone.has(seq));
    naive.firstSeq = naive.list[0]?.seq ?? naive.lastSeq + 1;
  };
  change(12_000);
  const filter = index.subjects.filter(["a.*"]);
  const same = index.subjects.filter(["a.*"]);
  const means = filter.means.bind(filter);
  filter.means = (subject) => {
    compared.add(subject);
    return means(subject);
  };
  let parts = 0;
  for (let isDone = false; !isDone; parts++) {
    compared.clear();
    isDone = filter.learnPart();
    assert.ok(compared.size <= 4096, `${compared.size} in one part`);
    const upTo = randomBelow(random, naive.lastSeq);
    const meant = naive.meant(["a.*"]);
    const expected = lastOfEach(meant, upTo);
    if (random.next() < 0.5) {
      assert.deepEqual(index.lastOfEach(upTo, same), expected);
      assert.equal(
        index.count(upTo, same),
        meant.filter(({ seq }) => seq >= upTo).length,
      );
    }
    if (!isDone) change(1000);
  }
  assert.ok(parts > 2, `${parts} parts`);
  compared.clear();
  index.lastOfEach(naive.lastSeq, same);
  // Numbers that are used again meanwhile are few.
  assert.ok(compared.size < index.subjects.size / 2, `${compared.size} later`);
  filter.release();
  assert.equal(index.subjects.filter(["a.*"]), same);
}

test("numbers of subjects that are gone are used again, for other answers", () => {
  const index = new MessageIndex();
  const filter = index.subjects.filter(["a"]);
  index.add({ seq: 1, timeUs: 1, subject: "a", size: 1 });
  assert.equal(index.next(1, filter), 1);
  assert.equal(index.remove(1)?.wasLastOfSubject, true);
  index.add({ seq: 2, timeUs: 2, subject: "b", size: 1 });
  assert.equal(index.next(1, filter), 3);
  assert.equal(index.count(1, filter), 0);
});

test("the last message of one subject is found without a look at the others", () => {
  const index = new MessageIndex();
  for (let seq = 1; seq <= 9; seq++) {
    const subject = seq === 2 || seq === 4 ? "a" : `b.${seq}`;
    index.add({ seq, timeUs: seq, subject, size: 1 });
  }
  const [one, none] = ["a", "c"].map((subject) => {
    const filter = index.subjects.filter([subject]);
    filter.meansNumber = () => assert.fail("it looks at each message");
    return filter;
  });
  assert.equal(index.previous(10, one), 4);
  assert.equal(index.previous(5, one), 4);
  assert.equal(index.previous(2, one), 0);
  assert.equal(index.next(1, one), 2);
  assert.equal(index.next(5, one), 10);
  for (const at of [0, 1, 5, 10, 12]) {
    assert.equal(index.previous(at, none), 0);
    assert.equal(index.next(at, none), Math.max(10, at));
  }
});

test("the first message of a time is found", () => {
  const index = new MessageIndex();
  for (let seq = 1; seq <= 5; seq++) {
    index.add({ seq, timeUs: seq * 10, subject: "a", size: 1 });
  }
  index.remove(3);
  assert.deepEqual([0, 20, 25, 50, 51].map((time) => index.firstAt(time)), [
    1,
    2,
    4,
    5,
    6,
  ]);
});
