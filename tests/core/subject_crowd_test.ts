/** Patterns in a crowd meet what they would meet one by one. */
import assert from "node:assert/strict";
import { subjectsCollide } from "../../src/core/subject.ts";
import { firstMeeting, SubjectCrowd } from "../../src/core/subject_crowd.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const TOKENS = ["a", "b", "c", "d", "*"];

/** `count` patterns by chance, of up to four tokens. */
function somePatterns(random: () => number, count: number): string[] {
  return Array.from({ length: count }, () => {
    const length = 1 + Math.floor(random() * 4);
    const tokens = Array.from(
      { length },
      () => TOKENS[Math.floor(random() * TOKENS.length)]!,
    );
    if (random() < 0.1) tokens.push(">");
    return tokens.join(".");
  });
}

test("a crowd meets what one of its patterns collides with", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const { next } = seededRandom(seed);
  const random = (): number => next();
  for (let round = 0; round < 300; round++) {
    const patterns = somePatterns(random, Math.floor(random() * 40));
    const crowd = new SubjectCrowd(patterns);
    for (const other of somePatterns(random, 20)) {
      const expected = patterns.some((one) => subjectsCollide(one, other));
      assert.equal(crowd.meets(other), expected, `${other} in ${patterns}`);
    }
    const first = patterns.findIndex((one, i) =>
      patterns.slice(i + 1).some((other) => subjectsCollide(one, other))
    );
    assert.equal(firstMeeting(patterns), first, `${patterns}`);
  }
});

test("fifty thousand subjects that do not meet are compared at once", () => {
  const subjects = Array.from({ length: 50_000 }, (_, i) => `a.${i}.b`);
  assert.equal(firstMeeting(subjects), -1);
  assert.equal(firstMeeting([...subjects, "a.*.b"]), 0);
  assert.equal(new SubjectCrowd(subjects).meets("a.49999.>"), true);
});
