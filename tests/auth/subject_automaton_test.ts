/** Patterns as one automaton, beside `subjectMatches`. */
import assert from "node:assert/strict";
import { SubjectAutomaton } from "../../src/auth/subject_automaton.ts";
import { asciiBytes, utf8ByteString } from "../../src/core/ascii.ts";
import { subjectMatches } from "../../src/core/subject.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const TOKENS = ["a", "b", "ab", "abc", "*", "**", "a*", ">", ">a", "é", "x"];

function automatonOf(
  patterns: readonly string[],
  entriesMax?: number,
): SubjectAutomaton {
  const compiled = patterns.map((pattern, place) => ({
    bytes: asciiBytes(utf8ByteString(pattern)),
    bits: 1 << place,
  }));
  return new SubjectAutomaton(compiled, entriesMax);
}

/** What `automaton` says of `subject`, which stands in the middle of other bytes. */
function matched(automaton: SubjectAutomaton, subject: string): number {
  const bytes = asciiBytes(`.a${utf8ByteString(subject)}b.`);
  return automaton.match(bytes, 2, bytes.length - 2);
}

for (
  const [title, entriesMax] of [
    ["", undefined],
    [", with room for few states", 64],
  ] as const
) {
  test(`patterns match one by one what they match together${title}`, () => {
    const seed = freshSeed();
    const random = seededRandom(seed);
    const subject = (): string =>
      Array.from(
        { length: 1 + randomBelow(random, 4) },
        () => TOKENS[randomBelow(random, TOKENS.length)]!,
      ).join(".");
    let hits = 0;
    for (let round = 0; round < 200; round++) {
      const patterns = Array.from({ length: 6 }, () => {
        const pattern = subject();
        return random.next() < 0.3 ? `${pattern}.>` : pattern;
      }).filter((pattern) => !/(^|\.)>\./.test(pattern));
      const automaton = automatonOf(patterns, entriesMax);
      for (let n = 0; n < 60; n++) {
        const wanted = random.next() < 0.1
          ? `${subject()}..${subject()}`
          : subject();
        const expected = patterns.reduce(
          (bits, pattern, place) =>
            subjectMatches(pattern, wanted) ? bits | 1 << place : bits,
          0,
        );
        const where = `${wanted} by ${patterns}, seed ${seed}`;
        assert.equal(matched(automaton, wanted), expected, where);
        if (expected !== 0) hits++;
      }
    }
    assert.ok(hits > 100, `only ${hits} matches, seed ${seed}`);
  });
}

test("subjects with empty tokens match nothing, nor does an empty one", () => {
  const automaton = automatonOf([">", "*", "a.>", "a.*", "a.*.c", "*.*"]);
  for (const subject of ["", ".", "a.", ".a", "a..c", "a.b.", "a.b..c"]) {
    assert.equal(matched(automaton, subject), 0, subject);
  }
  assert.equal(matched(automaton, "a.b.c"), 0b010101);
});

test("a set of patterns may name all bytes, or be empty", () => {
  const all = String.fromCharCode(
    ...Array.from({ length: 256 }, (_, byte) => byte)
      .filter((byte) => byte !== 0x2e),
  );
  const automaton = new SubjectAutomaton([
    { bytes: asciiBytes(`${all}.*`), bits: 1 },
  ]);
  const bytes = asciiBytes(`${all}.x`);
  assert.equal(automaton.match(bytes, 0, bytes.length), 1);
  assert.equal(automaton.match(bytes, 0, bytes.length - 1), 0);
  assert.equal(matched(automatonOf([]), "a.b"), 0);
});
