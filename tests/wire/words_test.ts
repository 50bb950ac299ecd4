/** Where the words of a control line are. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { Words } from "../../src/wire/words.ts";
import { test } from "../support/test.ts";

test("words are cut at blanks, tabs, CR and LF, and at nothing else", () => {
  const line = asciiBytes(" \ta\t b\0c\r\r\xff\n\td\n");
  const words = new Words();
  assert.equal(words.split(line, 0, line.length), 4);
  const texts = words.starts.map((start, i) =>
    byteString(line, start, words.ends[i])
  );
  assert.deepEqual(texts, ["a", "b\0c", "\xff", "d"]);
});

test("words of an earlier, longer line are not counted", () => {
  const words = new Words();
  words.split(asciiBytes("a b c"), 0, 5);
  assert.equal(words.split(asciiBytes("d e f"), 2, 3), 1);
  assert.deepEqual([words.count, words.starts[0], words.ends[0]], [1, 2, 3]);
  assert.equal(words.split(asciiBytes(" \t "), 0, 3), 0);
  assert.equal(words.count, 0);
});

test("a line is cut at blanks and tabs up to its end, and at nothing else", () => {
  const line = asciiBytes(" a\r b\t\tc\r\nd");
  const words = new Words();
  assert.equal(words.cut(line, 0, line.length), line.indexOf(0x0a));
  assert.deepEqual(textsOf(words, line), ["a\r", "b", "c"]);
});

test("a CR that stands alone before the end of a line is no word", () => {
  const line = asciiBytes("a \r\n");
  const words = new Words();
  words.cut(line, 0, line.length);
  assert.deepEqual(textsOf(words, line), ["a"]);
});

test("a line without an end is cut to the end of what is there", () => {
  const line = asciiBytes("a b");
  const words = new Words();
  assert.equal(words.cut(line, 0, line.length), line.length);
  assert.deepEqual(textsOf(words, line), ["a", "b"]);
});

function textsOf({ count, starts, ends }: Words, line: Uint8Array): string[] {
  return starts.slice(0, count)
    .map((start, i) => byteString(line, start, ends[i]));
}
