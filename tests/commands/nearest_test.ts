/** Mistyped words, and what they are taken for. */
import assert from "node:assert/strict";
import { distance, nearest } from "../../src/commands/nearest.ts";
import { test } from "../support/test.ts";

const KNOWN = ["server", "pub", "sub", "request", "reply", "publisher"];

const MEANT: readonly (readonly [string, string | undefined])[] = [
  ["pubb", "pub"],
  ["pbu", "pub"],
  ["sbu", "sub"],
  ["reqeust", "request"],
  ["reuqets", "request"],
  ["sever", "server"],
  ["publish", "publisher"],
  ["req", "request"],
  ["zork", undefined],
  ["x", undefined],
  ["s", undefined],
  ["", undefined],
];

for (const [word, meant] of MEANT) {
  test(`"${word}" is taken for ${meant}`, () => {
    assert.equal(nearest(word, KNOWN), meant);
  });
}

test("the distance counts letters put in, left out, changed and swapped", () => {
  const rows: readonly (readonly [string, string, number])[] = [
    ["", "", 0],
    ["abc", "", 3],
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["abc", "axc", 1],
    ["abc", "acb", 1],
    ["abc", "ab", 1],
    ["abc", "abxc", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [from, to, changes] of rows) {
    assert.equal(distance(from, to), changes, `${from} ${to}`);
    assert.equal(distance(to, from), changes, `${to} ${from}`);
  }
});
