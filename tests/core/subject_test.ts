/** Subjects and patterns: which are valid, and which match which, by tables and against all short ones. */
import assert from "node:assert/strict";
import {
  hasEmptyToken,
  hasWildcard,
  isLiteralSubject,
  isSubsetMatch,
  isValidConfigSubject,
  isValidSubject,
  subjectMatches,
  subjectsCollide,
  tokenCount,
} from "../../src/core/subject.ts";
import { test } from "../support/test.ts";

interface Kind {
  readonly subject: string;
  readonly valid: boolean;
  readonly literal: boolean;
  readonly wildcard: boolean;
  readonly tokens: number;
}

function kind(
  subject: string,
  valid: boolean,
  literal: boolean,
  wildcard: boolean,
  tokens: number,
): Kind {
  return { subject, valid, literal, wildcard, tokens };
}

const kinds: readonly Kind[] = [
  kind("foo", true, true, false, 1),
  kind("foo.bar.baz", true, true, false, 3),
  kind("*", true, false, true, 1),
  kind(">", true, false, true, 1),
  kind("foo.*", true, false, true, 2),
  kind("*.bar", true, false, true, 2),
  kind("foo.*.baz", true, false, true, 3),
  kind("foo.>", true, false, true, 2),
  kind("*.>", true, false, true, 2),
  kind("foo*", true, true, false, 1),
  kind("foo.*bar", true, true, false, 2),
  kind("foo.>bar", true, true, false, 2),
  kind("*.>x", true, false, true, 2),
  kind("a>b", true, true, false, 1),
  kind("**", true, true, false, 1),
  kind(">>", true, true, false, 1),
  kind("foo.**.>>", true, true, false, 3),
  kind("\x00\x01.\xff\xfe", true, true, false, 2),
  kind("", false, false, false, 0),
  kind(".", false, false, false, 2),
  kind("..", false, false, false, 3),
  kind("foo.", false, false, false, 2),
  kind(".foo", false, false, false, 2),
  kind("a..b", false, false, false, 3),
  kind("foo.>.bar", false, false, true, 3),
  kind(">.bar", false, false, true, 2),
  kind(">.>", false, false, true, 2),
  kind("*.", false, false, true, 2),
];

test("subjects are valid, literal and wild as NATS says", () => {
  for (const { subject, valid, literal, wildcard, tokens } of kinds) {
    assert.equal(isValidSubject(subject), valid, `valid: "${subject}"`);
    assert.equal(isLiteralSubject(subject), literal, `literal: "${subject}"`);
    assert.equal(hasWildcard(subject), wildcard, `wildcard: "${subject}"`);
    assert.equal(tokenCount(subject), tokens, `tokens: "${subject}"`);
  }
});

test("an empty token is found wherever it stands", () => {
  for (const subject of ["", ".", ".a", "a.", "a..b", "a.b..", "..a"]) {
    assert.equal(hasEmptyToken(subject), true, `"${subject}"`);
  }
  for (const subject of ["a", "a.b", "*.>", " "]) {
    assert.equal(hasEmptyToken(subject), false, `"${subject}"`);
  }
});

test("a configured subject has no blanks", () => {
  for (const blank of [" ", "\t", "\n", "\f", "\r"]) {
    assert.equal(isValidSubject(`a.b${blank}c`), true);
    assert.equal(isValidConfigSubject(`a.b${blank}c`), false);
  }
  assert.equal(isValidConfigSubject("a.\v.b"), true);
  assert.equal(isValidConfigSubject("a.*.>"), true);
  assert.equal(isValidConfigSubject("a..b"), false);
});

test("a message reaches the patterns that match its subject", () => {
  const table: [string, string, boolean][] = [
    ["foo", "foo", true],
    ["foo", "foO", false],
    ["foo", "foo.bar", false],
    ["foo.bar", "foo", false],
    ["foo.*", "foo.bar", true],
    ["foo.*", "foo", false],
    ["foo.*", "foo.bar.baz", false],
    ["*.bar", "foo.bar", true],
    ["*.bar", "foo.baz", false],
    ["foo.*.baz", "foo.bar.baz", true],
    [">", "foo", true],
    [">", "foo.bar.baz", true],
    ["foo.>", "foo.bar.baz", true],
    ["foo.>", "foo", false],
    ["foo.>", "food.bar", false],
    ["*.>", "foo", false],
    ["*.>", "foo.bar", true],
    ["foo.*bar", "foo.xbar", false],
    ["foo.*bar", "foo.*bar", true],
    ["a.*", "a.*", true],
    ["a.*", "a.>", true],
    ["a.>", "a.>", true],
    ["a.b", "a.*", false],
    ["a.b", "a.>", false],
    ["a.b", ">", false],
    [">", "foo..bar", false],
    [">", ".foo", false],
    [">", "foo.", false],
    [">", "", false],
    ["*", "", false],
    ["foo.*", "foo.", false],
    ["*.*", ".foo", false],
  ];
  for (const [pattern, subject, expected] of table) {
    const label = `"${pattern}" and "${subject}"`;
    assert.equal(subjectMatches(pattern, subject), expected, label);
  }
});

test("a subset is matched wherever its subject is", () => {
  const table: [string, string, boolean][] = [
    ["foo.bar", "foo.bar", true],
    ["foo.bar", "foo.*", true],
    ["foo.bar", "foo.>", true],
    ["foo.bar", ">", true],
    ["foo.bar", "*.*", true],
    ["foo.bar", "foo.baz", false],
    ["foo.*", "foo.bar", false],
    ["foo.*", "foo.*", true],
    ["foo.*", "*.*", true],
    ["foo.*", "foo.>", true],
    ["foo.*", "*", false],
    ["foo.>", "foo.*", false],
    ["foo.>", "foo.>", true],
    ["foo.>", "*.>", true],
    ["foo.>", ">", true],
    ["foo.>", "foo.>x", false],
    ["foo.*.>", "foo.>", true],
    ["foo.>", "foo.*.>", false],
    [">", ">", true],
    [">", "*", false],
    [">", "*.>", false],
    ["*", ">", true],
    ["foo.*.bar", "foo.*.baz", false],
    ["foo", "foo.>", false],
    ["foo..bar", "foo.>", false],
  ];
  for (const [subject, pattern, expected] of table) {
    const label = `"${subject}" in "${pattern}"`;
    assert.equal(isSubsetMatch(subject, pattern), expected, label);
  }
});

test("two subjects collide when one message could reach both", () => {
  const table: [string, string, boolean][] = [
    ["foo", "foo", true],
    ["foo", "bar", false],
    ["foo", "foo.bar", false],
    ["foo.*", "foo.bar", true],
    ["foo.*", "*.bar", true],
    ["foo.*.bar", "foo.baz.*", true],
    ["foo.*.bar", "foo.baz.qux", false],
    ["foo.>", "foo.bar.baz", true],
    ["foo.>", "foo", false],
    ["foo.>", "*", false],
    ["foo.>", "*.*", true],
    ["foo.>", "bar.>", false],
    [">", "foo", true],
    ["*.*", "foo.bar.baz", false],
    ["*.b.>", "a.*.c.d", true],
  ];
  for (const [a, b, expected] of table) {
    assert.equal(subjectsCollide(a, b), expected, `"${a}" and "${b}"`);
    assert.equal(subjectsCollide(b, a), expected, `"${b}" and "${a}"`);
  }
});

/** All subjects of one to three tokens over a tiny alphabet. */
function subjectsOver(alphabet: readonly string[]): string[] {
  const subjects: string[] = [];
  let longest = [""];
  for (let depth = 0; depth < 3; depth++) {
    longest = longest.flatMap((head) =>
      alphabet.map((token) => head === "" ? token : `${head}.${token}`)
    );
    subjects.push(...longest);
  }
  return subjects;
}

test("subset and collision agree with the literals that patterns match", () => {
  // Four tokens deep, so that `a.a.>` is told from `a.a.*`.
  const literals = subjectsOver(["a", "b", "c"]);
  literals.push(
    ...literals.filter((s) => tokenCount(s) === 3).map((s) => `${s}.a`),
  );
  const patterns = subjectsOver(["a", "b", "*", ">"]).filter(isValidSubject);
  assert.ok(patterns.length > 40);
  for (const a of patterns) {
    const reached = literals.filter((literal) => subjectMatches(a, literal));
    for (const b of patterns) {
      const shared = reached.filter((literal) => subjectMatches(b, literal));
      const subset = shared.length === reached.length;
      assert.equal(isSubsetMatch(a, b), subset, `"${a}" in "${b}"`);
      assert.equal(subjectsCollide(a, b), shared.length > 0, `"${a}", "${b}"`);
    }
  }
});
