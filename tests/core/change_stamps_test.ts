/** Changes of interest, and the subjects that they concern. */
import assert from "node:assert/strict";
import { ChangeStamps, stamped } from "../../src/core/change_stamps.ts";
import { subjectMatches } from "../../src/core/subject.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

test("the stamp of each subject that a change concerns grows, however many there were", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const token = (tokens: readonly string[]): string =>
    tokens[randomBelow(random, tokens.length)]!;
  const words = ["a", "b", "ab", "a*", "c7", "\xff"];
  const subjects = Array.from({ length: 200 }, () => {
    const count = 1 + randomBelow(random, 4);
    return Array.from({ length: count }, () => token([...words, "*", ">"]))
      .join(".");
  });
  const patternOf = (): string => {
    const count = 1 + randomBelow(random, 4);
    const tokens = Array.from(
      { length: count },
      () => token([...words, "*", `n${randomBelow(random, 500)}`]),
    );
    return [...tokens, ...randomBelow(random, 4) === 0 ? [">"] : []].join(".");
  };
  const stamps = new ChangeStamps();
  let concerned = 0;
  for (let change = 0; change < 20_000; change++) {
    const pattern = patternOf();
    const few = Array.from({ length: 10 }, () => token(subjects));
    const before = few.map((subject) => stamps.of(stamped(subject)));
    stamps.changed(pattern);
    for (const [at, subject] of few.entries()) {
      const after = stamps.of(stamped(subject));
      assert.ok(after >= before[at]!, `${subject} by ${pattern}`);
      if (!subjectMatches(pattern, subject) && pattern !== subject) continue;
      assert.ok(after > before[at]!, `${subject} by ${pattern}`);
      concerned++;
    }
  }
  assert.ok(concerned > 1000, String(concerned));
});

const ELSEWHERE: readonly (readonly [string, (n: number) => string])[] = [
  ["other subjects", (n) => `other.${n}.subject`],
  ["the inboxes of others", (n) => `_INBOX.${n}.*`],
  ["patterns with another first token", (n) => `other.*.${n}`],
  ["all below other subjects", (n) => `orders.other${n}.>`],
  ["neighbours", (n) => `orders.new.other${n}`],
];

for (const [title, pattern] of ELSEWHERE) {
  test(`of 1,000 subjects, changes of ${title} concern hardly any`, () => {
    const stamps = new ChangeStamps();
    for (let n = 0; n < 30_000; n++) stamps.changed(pattern(n));
    const subjects = Array.from(
      { length: 1000 },
      (_, n) => stamped(`orders.new.${n}`),
    );
    let grown = 0;
    for (let n = 0; n < 100; n++) {
      const before = subjects.map((subject) => stamps.of(subject));
      stamps.changed(pattern(n));
      grown += subjects.filter((subject, at) =>
        stamps.of(subject) > before[at]!
      ).length;
    }
    // All of them share a first token, and the first two: those weigh most.
    assert.ok(grown < 100 * 1000 / 20, `${grown} of ${100 * 1000}`);
  });
}
