/** Of a stream with thousands of subjects those that begin alike are found without a look at the others. */
import assert from "node:assert/strict";
import { subjectPage } from "../../src/jetstream/api/subject_page.ts";
import { MessageIndex } from "../../src/jetstream/store/message_index.ts";
import { SubjectFilter } from "../../src/jetstream/store/subject_table.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { test, type TestContext } from "../support/test.ts";

const KEYS = 2000;
const FIELDS = 10;

/** An index with `KEYS` times `FIELDS` subjects; what it gives counts comparisons of subjects with patterns. */
function filled(
  t: TestContext,
): { readonly index: MessageIndex; compared: () => number } {
  const { means } = SubjectFilter.prototype;
  let compared = 0;
  SubjectFilter.prototype.means = function (subject): boolean {
    compared++;
    return means.call(this, subject);
  };
  t.after(() => void (SubjectFilter.prototype.means = means));
  const index = new MessageIndex();
  for (let key = 0; key < KEYS; key++) {
    for (let field = 0; field < FIELDS; field++) {
      const seq = key * FIELDS + field + 1;
      const subject = `k.${key}.${field}`;
      index.add({ seq, timeUs: seq, subject, size: 1 });
    }
  }
  return {
    index,
    compared: () => {
      const count = compared;
      compared = 0;
      return count;
    },
  };
}

/** What `use` gives of a filter that knows all that it has to. */
function asked<T>(
  { subjects }: MessageIndex,
  patterns: readonly string[],
  use: (filter: SubjectFilter) => T,
): T {
  const filter = subjects.filter(patterns);
  while (!filter.learnPart());
  const result = use(filter);
  filter.release();
  return result;
}

const LOOK_UPS: readonly (readonly [
  string,
  (index: MessageIndex, filter: SubjectFilter) => unknown,
  unknown,
])[] = [
  ["the first message", (index, filter) => index.next(1, filter), 10_001],
  ["the one behind", (index, filter) => index.next(10_005, filter), 10_005],
  ["none", (index, filter) => index.next(10_011, filter), 20_001],
  ["the last one", (index, filter) => index.previous(20_001, filter), 10_010],
  ["the one before", (index, filter) => index.previous(10_004, filter), 10_003],
  ["their number", (index, filter) => index.count(1, filter), 10],
  ["the number of some", (index, filter) => index.count(10_009, filter), 2],
  [
    "the last of each",
    (index, filter) => index.lastOfEach(10_002, filter),
    [10_001, 10_002],
  ],
  [
    "their names",
    ({ subjects }) =>
      Object.keys(finishSteps(subjectPage(subjects, "k.1000.*", 8)).subjects!),
    ["k.1000.8", "k.1000.9"],
  ],
  [
    "those that go",
    (index, filter) => {
      const gone: number[] = [];
      const to = { end: 10_004, messages: 1024 };
      index.removePart(1, to, filter, (seq) => void gone.push(seq));
      return gone;
    },
    [10_001, 10_002, 10_003],
  ],
];

for (const [what, lookUp, expected] of LOOK_UPS) {
  test(`subjects with a beginning, of thousands: ${what}`, (t) => {
    const { index, compared } = filled(t);
    const found = asked(
      index,
      ["k.1000.*"],
      (filter) => lookUp(index, filter),
    );
    assert.deepEqual(found, expected);
    const count = compared();
    assert.ok(count <= 4 * FIELDS, `${count} comparisons`);
  });
}

test("a name and several beginnings are found together, each subject once", (t) => {
  const { index, compared } = filled(t);
  const patterns = ["k.3.*", "k.7.5", "k.3.1", "k.5.>", "none.*"];
  const count = asked(index, patterns, (filter) => index.count(1, filter));
  assert.equal(count, 2 * FIELDS + 1);
  assert.ok(compared() <= 8 * FIELDS);
});

test("subjects that come and go are found, or not, by their beginnings", (t) => {
  const { index, compared } = filled(t);
  const few = (pattern: string): string[] | undefined =>
    asked(index, [pattern], (filter) => index.subjects.few(filter))
      ?.map(({ subject }) => subject).sort();
  assert.equal(few("k.9.*")?.length, FIELDS);
  for (let seq = 91; seq <= 99; seq++) index.remove(seq);
  // It takes the number of one that is gone, and others take more than there were.
  for (let i = 0; i < KEYS * FIELDS; i++) {
    const seq = index.lastSeq + 1;
    index.add({ seq, timeUs: seq, subject: `k.${i % 10}.x${i}`, size: 1 });
    if (i > 100) index.remove(seq - 1);
  }
  compared();
  const last = KEYS * FIELDS - 1;
  assert.deepEqual(
    few("k.9.*"),
    [
      "k.9.9",
      ...[9, 19, 29, 39, 49, 59, 69, 79, 89, 99, last].map((i) => `k.9.x${i}`),
    ].sort(),
  );
  assert.ok(compared() < 100);
  for (let seq = index.firstSeq; index.messages > 0; seq = index.firstSeq) {
    index.remove(seq);
  }
  assert.deepEqual(few("k.9.*"), []);
});

test("beginnings that nobody asks for are forgotten, and learned again", (t) => {
  const { index } = filled(t);
  const filter = index.subjects.filter(["k.9.*"]);
  while (!index.subjects.learnBeginnings(filter));
  assert.equal(index.subjects.few(filter)?.length, FIELDS);
  for (let i = 0; i < KEYS * FIELDS + 2; i++) {
    const seq = index.lastSeq + 1;
    index.add({ seq, timeUs: seq, subject: "other", size: 1 });
    index.remove(seq);
  }
  assert.equal(index.subjects.few(filter), undefined);
  while (!index.subjects.learnBeginnings(filter));
  assert.equal(index.subjects.few(filter)?.length, FIELDS);
});

test("subjects are found by four kinds of beginnings, and by others with a look at all", () => {
  const index = new MessageIndex();
  for (let seq = 1; seq <= 5000; seq++) {
    const subject = `a.b.c.d.e.${seq}`;
    index.add({ seq, timeUs: seq, subject, size: 1 });
  }
  const ask = (patterns: readonly string[]): readonly unknown[] | undefined =>
    asked(index, patterns, (filter) => {
      assert.equal(index.count(1, filter), 0);
      return index.subjects.few(filter);
    });
  const patterns = ["a.x.>", "x.*", "a.b.x.*", "a.b.c.x.>"];
  for (const pattern of patterns) assert.deepEqual(ask([pattern]), []);
  assert.equal(ask(["a.b.c.d.x.*"]), undefined);
  assert.equal(ask([...patterns, "a.b.c.d.x.*"]), undefined);
  assert.equal(ask(["*.x"]), undefined);
});

test("more subjects with one beginning than are looked at for one message are found all the same", () => {
  const index = new MessageIndex();
  for (let seq = 1; seq <= 5000; seq++) {
    const subject = `a.${seq % 2}.${seq}`;
    index.add({ seq, timeUs: seq, subject, size: 1 });
  }
  asked(index, ["a.1.>"], (filter) => {
    assert.equal(index.subjects.few(filter), undefined);
    assert.equal(index.count(1, filter), 2500);
    assert.equal(index.next(2, filter), 3);
    assert.equal(index.previous(5001, filter), 4999);
  });
});
