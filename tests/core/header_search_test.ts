/** The search for a header's name in the bytes of a block, against a plain search of its lines. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { HeaderSearch } from "../../src/core/header_search.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const EXACT = new HeaderSearch("Nats-Trace-Dest");
const ANY_CASE = new HeaderSearch("traceparent", { ignoresCase: true });

function isIn(search: HeaderSearch, block: string): boolean {
  // What stands around a block is not looked at.
  const bytes = asciiBytes(`Nats-Trace-Dest: ${block}\r\nNats-Trace-Dest: x`);
  const start = "Nats-Trace-Dest: ".length;
  return search.isIn(bytes, start, start + block.length);
}

test("a name is found at the beginning of a line, and nowhere else", () => {
  const table: [string, boolean][] = [
    ["NATS/1.0\r\nNats-Trace-Dest: a\r\n\r\n", true],
    ["NATS/1.0\r\nNats-Trace-Dest:\r\n\r\n", true],
    ["NATS/1.0\nNats-Trace-Dest:", true],
    ["NATS/1.0\r\nA: b\r\nB: c\r\nNats-Trace-Dest: a\r\n\r\n", true],
    ["NATS/1.0\r\nA: Nats-Trace-Dest: a\r\n\r\n", false],
    ["NATS/1.0\r\nXNats-Trace-Dest: a\r\n\r\n", false],
    ["NATS/1.0\r\nNats-Trace-Dests: a\r\n\r\n", false],
    ["NATS/1.0\r\nNats-Trace-Dest : a\r\n\r\n", false],
    ["NATS/1.0\r\nnats-trace-dest: a\r\n\r\n", false],
    ["NATS/1.0\r\nNats-Trace-Dest", false],
    ["Nats-Trace-Dest: a", false],
    ["NATS/1.0\r\n\r\n", false],
    ["", false],
  ];
  for (const [block, expected] of table) {
    assert.equal(isIn(EXACT, block), expected, JSON.stringify(block));
  }
});

test("letters are found in either case where that does not count", () => {
  for (const name of ["traceparent", "TRACEPARENT", "TraceParent"]) {
    assert.equal(isIn(ANY_CASE, `NATS/1.0\r\n${name}: 1\r\n\r\n`), true);
  }
  assert.equal(isIn(ANY_CASE, "NATS/1.0\r\ntrace-parent: 1\r\n\r\n"), false);
});

test("in blocks of any shape the search finds what a look at all lines finds", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const pieces = ["Nats-Trace-Dest:", "Nats-", "Trace", "\r\n", "\n", ":", "N"];
  for (let i = 0; i < 5000; i++) {
    let block = "NATS/1.0";
    while (random.next() > 0.15) {
      block += pieces[Math.floor(random.next() * pieces.length)];
    }
    const expected = block.split("\n").slice(1)
      .some((line) => line.startsWith("Nats-Trace-Dest:"));
    assert.equal(isIn(EXACT, block), expected, JSON.stringify(block));
  }
});
