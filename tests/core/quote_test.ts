/** Text of others in errors and logs: as Go's %q, and never a control or format character as it came. */
import assert from "node:assert/strict";
import { byteString } from "../../src/core/ascii.ts";
import { TextLogger } from "../../src/core/log.ts";
import {
  alignedLine,
  oneLine,
  printableBytes,
  printableText,
  quoted,
  quotedBytes,
} from "../../src/core/quote.ts";
import { test } from "../support/test.ts";

/** What Go's strconv.Quote makes of it, without the quotes around it. */
const QUOTED: readonly (readonly [text: string, shown: string])[] = [
  ["", ""],
  ["plain text, 100 %", "plain text, 100 %"],
  ['a"b\\c', 'a\\"b\\\\c'],
  ["\x07\b\f\n\r\t\v", "\\a\\b\\f\\n\\r\\t\\v"],
  ["\0\x1b\x7f", "\\x00\\x1b\\x7f"],
  ["\x80\x9b", "\\u0080\\u009b"],
  ["M\xfcller \u{1f600} \u4e2d", "M\xfcller \u{1f600} \u4e2d"],
  ["a\u202eb\u2066c", "a\\u202eb\\u2066c"],
  ["\u2028\u2029", "\\u2028\\u2029"],
  ["\u200b\ufeff\xad", "\\u200b\\ufeff\\u00ad"],
  ["\xa0\u3000", "\\u00a0\\u3000"],
  ["\u{e0041}", "\\U000e0041"],
  ["\ue000", "\\ue000"],
  ["\ud800x", "\\ud800x"],
];

for (const [text, shown] of QUOTED) {
  test(`${JSON.stringify(text)} is quoted as "${shown}"`, () => {
    assert.equal(quoted(text), `"${shown}"`);
    assert.equal(printableText(text), shown.replaceAll('\\"', '"'));
  });
}

test("bytes are read as UTF-8 before they are quoted", () => {
  const bytes = byteString(new TextEncoder().encode('\u202e\xfc"'));
  assert.equal(quotedBytes(bytes), '"\\u202e\xfc\\""');
  assert.equal(printableBytes(bytes), '\\u202e\xfc"');
});

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test("no unsafe code point gets into a text that is made fit for a line", () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    const text = String.fromCodePoint(code);
    if (!UNSAFE.test(text)) continue;
    assert.ok(!UNSAFE.test(quoted(text)), text);
    assert.ok(!UNSAFE.test(printableText(text)), text);
    assert.ok(!UNSAFE.test(oneLine(text)), text);
    assert.equal(alignedLine(text).length, text.length);
    if (text !== "\t") assert.ok(!UNSAFE.test(alignedLine(text)), text);
  }
});

test("what is escaped already is not escaped again", () => {
  const once = oneLine('a "b" \\c \u202e\n');
  assert.equal(once, 'a "b" \\c \\u202e\\n');
  assert.equal(oneLine(once), once);
});

test("the log holds one line for one text, whatever is in it", () => {
  const lines: string[] = [];
  const log = new TextLogger({
    sink: { write: (line) => lines.push(line) },
    pid: 1,
    timestamp: () => "",
    debug: true,
    trace: true,
    colors: false,
  });
  log.error("a\r\n[1] [INF] forged\u202e\u2028\x1b[31m");
  assert.deepEqual(lines, [
    "[1] [ERR] a\\r\\n[1] [INF] forged\\u202e\\u2028\\x1b[31m\n",
  ]);
});

test("bytes that are no UTF-8 are escaped one by one", () => {
  assert.equal(quotedBytes("a\xff\xc3\xa9\xc3"), '"a\\xff\u00e9\\xc3"');
  assert.equal(
    printableBytes("\xed\xa0\x80\xf4\x90"),
    "\\xed\\xa0\\x80\\xf4\\x90",
  );
  assert.equal(quotedBytes("\xef\xbf\xbd"), '"\ufffd"');
});
