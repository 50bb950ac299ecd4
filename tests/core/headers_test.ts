/** Headers: what they hold, and how they look on the wire, malformed blocks included. */
import assert from "node:assert/strict";
import { randomBelow } from "../../src/platform/clock.ts";
import { MidgeError } from "../../src/core/errors.ts";
import {
  decodeHeaders,
  encodeHeaders,
  HeaderError,
  headers,
  Match,
  type MsgHdrs,
} from "../../src/core/headers.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

function block(source: MsgHdrs): string {
  return new TextDecoder().decode(encodeHeaders(source));
}

function parsed(text: string): MsgHdrs {
  return decodeHeaders(new TextEncoder().encode(text));
}

function failsWith(code: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof HeaderError && error instanceof MidgeError &&
    error.name === "HeaderError" && error.code === code;
}

test("headers keep names, values and their order", () => {
  const h = headers();
  h.append("b", "1");
  h.append("A", "2");
  h.append("b", "3");
  assert.deepEqual(h.keys(), ["b", "A"]);
  assert.deepEqual([...h], [["b", ["1", "3"]], ["A", ["2"]]]);
  assert.equal(h.get("b"), "1");
  assert.equal(h.last("b"), "3");
  assert.deepEqual(h.values("b"), ["1", "3"]);
  assert.equal(block(h), "NATS/1.0\r\nb: 1\r\nb: 3\r\nA: 2\r\n\r\n");
  h.set("b", "4");
  assert.deepEqual(h.values("b"), ["4"]);
  h.delete("b");
  assert.equal(h.has("b"), false);
  assert.equal(h.get("b"), "");
  assert.equal(h.last("b"), "");
  assert.deepEqual(h.values("b"), []);
});

test("names are case-sensitive unless a match says otherwise", () => {
  const h = headers();
  h.set("trace-id", "exact");
  h.set("trace-id", "mime", Match.CanonicalMIME);
  assert.deepEqual(h.keys(), ["trace-id", "Trace-Id"]);
  assert.equal(h.get("TRACE-ID"), "");
  assert.equal(h.get("TRACE-ID", Match.CanonicalMIME), "mime");
  assert.deepEqual(h.values("TRACE-ID", Match.IgnoreCase), ["exact", "mime"]);
  assert.equal(h.has("TRACE-id", Match.IgnoreCase), true);
  assert.equal(h.has("TRACE-id"), false);

  h.append("TRACE-ID", "more", Match.IgnoreCase);
  assert.deepEqual(h.values("trace-id"), ["exact", "more"]);
  h.delete("TRACE-ID", Match.IgnoreCase);
  assert.deepEqual(h.keys(), []);
});

test("what an iteration hands out is a copy", () => {
  const h = headers();
  h.set("a", "1");
  for (const [, values] of h) values.push("x\r\nforged: 1");
  h.values("a").push("y");
  assert.equal(block(h), "NATS/1.0\r\na: 1\r\n\r\n");
});

test("a name that the wire cannot carry is refused", () => {
  const h = headers();
  for (const name of ["", " ", "a b", "a:", ":", "a\r", "a\n", "\x7f", "ü"]) {
    for (const match of Object.values(Match)) {
      assert.throws(() => h.set(name, "v", match), failsWith("HEADER_NAME"));
      assert.throws(() => h.append(name, "v", match), failsWith("HEADER_NAME"));
    }
  }
  assert.deepEqual(h.keys(), []);
});

test("a value with a line break is refused and changes nothing", () => {
  const h = headers();
  h.set("a", "before");
  for (const value of ["\r", "\n", "x\r\ny: z", "end\n"]) {
    assert.throws(() => h.set("a", value), failsWith("HEADER_VALUE"));
    assert.throws(() => h.append("a", value), failsWith("HEADER_VALUE"));
  }
  assert.deepEqual(h.values("a"), ["before"]);
});

test("blanks around a value go and everything else stays", () => {
  const h = headers();
  h.set("a", " \t x: y \t");
  h.append("a", "\u00a0z\u00a0");
  h.append("a", "");
  assert.deepEqual(h.values("a"), ["x: y", "\u00a0z\u00a0", ""]);
  assert.deepEqual(parsed(block(h)).values("a"), h.values("a"));
});

test("a status is written and read", () => {
  const table: [number, string, string, boolean][] = [
    [0, "", "0", false],
    [100, "Idle Heartbeat", "100 Idle Heartbeat", false],
    [299, "", "299", false],
    [300, "", "300", true],
    [503, "", "503", true],
    [503, "No Responders", "503 No Responders", true],
  ];
  for (const [code, description, status, hasError] of table) {
    const line = code === 0 ? "NATS/1.0" : `NATS/1.0 ${status}`;
    const made = headers(code, description);
    assert.equal(block(made), `${line}\r\n\r\n`);
    for (const h of [made, parsed(`${line}\r\n\r\n`)]) {
      assert.equal(h.code, code);
      assert.equal(h.description, description);
      assert.equal(h.status, status);
      assert.equal(h.hasError, hasError);
    }
  }
});

test("a status that makes no sense is refused when made", () => {
  for (const code of [-1, 1.5, 1000, NaN]) {
    assert.throws(() => headers(code, "x"), failsWith("HEADER_STATUS"));
  }
  assert.throws(() => headers(0, "x"), failsWith("HEADER_STATUS"));
  assert.throws(() => headers(503, "a\r\nb"), failsWith("HEADER_VALUE"));
});

test("the block of no responders is read as nats-server writes it", () => {
  const old = parsed("NATS/1.0 503\r\n\r\n");
  assert.equal(old.code, 503);
  assert.deepEqual(old.keys(), []);
  const recent = parsed("NATS/1.0 503\r\nNats-Subject: foo.bar\r\n\r\n");
  assert.equal(recent.code, 503);
  assert.equal(recent.get("Nats-Subject"), "foo.bar");
});

test("other clients' blocks are read leniently", () => {
  const table: [string, string][] = [
    ["NATS/1.0\r\na:b\r\n\r\n", '[["a",["b"]]]'],
    ["NATS/1.0\r\na:  b c  \r\n\r\n", '[["a",["b c"]]]'],
    [
      "NATS/1.0\r\na: 1\r\nA: 2\r\na: 3\r\n\r\n",
      '[["a",["1","3"]],["A",["2"]]]',
    ],
    ["NATS/1.0\r\na:\r\n\r\n", '[["a",[""]]]'],
    ["NATS/1.0\na: b\n\n", '[["a",["b"]]]'],
    ["NATS/1.0\r\na: b", '[["a",["b"]]]'],
    ["NATS/1.0", "[]"],
    ["NATS/1.0  \r\n\r\n", "[]"],
    [
      "NATS/1.0\r\nno colon\r\n: no name\r\na b: blank\r\nc: d\r\n\r\n",
      '[["c",["d"]]]',
    ],
    ["NATS/1.0\r\na: x\ry\r\nc: d\r\n\r\n", '[["c",["d"]]]'],
    ["NATS/1.0 abc\r\nc: d\r\n\r\n", '[["c",["d"]]]'],
    ["NATS/1.0 5034 x\r\nc: d\r\n\r\n", '[["c",["d"]]]'],
    ["NATS/1.0 503 a\rb\r\nc: d\r\n\r\n", '[["c",["d"]]]'],
  ];
  for (const [text, expected] of table) {
    const h = parsed(text);
    assert.equal(JSON.stringify([...h]), expected, JSON.stringify(text));
    assert.equal(h.code, 0, JSON.stringify(text));
  }
});

test("a block without the version line is an error", () => {
  for (
    const text of ["", "abcde", "NATS/1.1\r\n\r\n", " NATS/1.0", "NATS/1.0x"]
  ) {
    assert.throws(() => parsed(text), failsWith("HEADER_BLOCK"));
  }
});

test("random headers survive the way over the wire", () => {
  const seed = freshSeed();
  console.log(`headers seed ${seed}`);
  const random = seededRandom(seed);
  const chars = [
    "a",
    "Z",
    "0",
    ":",
    " ",
    "\t",
    "-",
    "é",
    "€",
    "🚀",
    "\0",
    "\ufeff",
  ];
  for (let round = 0; round < 500; round++) {
    const h = headers(round % 3 === 0 ? 100 + randomBelow(random, 900) : 0);
    for (let i = randomBelow(random, 6); i > 0; i--) {
      let value = "";
      for (let n = randomBelow(random, 12); n > 0; n--) {
        value += chars[randomBelow(random, chars.length)]!;
      }
      h.append(`Name-${randomBelow(random, 4)}`, value);
    }
    const back = decodeHeaders(encodeHeaders(h));
    assert.deepEqual([...back], [...h]);
    assert.equal(back.status, h.status);
  }
});

test("random bytes are read or refused, and what is read can be written", () => {
  const seed = freshSeed();
  console.log(`header bytes seed ${seed}`);
  const random = seededRandom(seed);
  const start = new TextEncoder().encode("NATS/1.0 ");
  const frequent = new TextEncoder().encode("\r\n:a 0");
  let names = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = new Uint8Array(start.length + randomBelow(random, 60));
    random.fill(bytes);
    bytes.set(start);
    for (let i = start.length; i < bytes.length; i++) {
      if (random.next() < 0.7) {
        bytes[i] = frequent[randomBelow(random, frequent.length)]!;
      }
    }
    const once = decodeHeaders(bytes);
    names += once.keys().length;
    const again = decodeHeaders(encodeHeaders(once));
    assert.deepEqual([...again], [...once]);
    assert.equal(again.status, once.status);
  }
  assert.ok(names > 200, `${names} names were read`);
});

test("a value may have millions of blanks inside", () => {
  // What takes the square of the length ends here after hours.
  const value = `a${" ".repeat(8_000_000)}b`;
  const bytes = new TextEncoder().encode(`NATS/1.0\r\nX: ${value}\r\n\r\n`);
  assert.equal(decodeHeaders(bytes).get("X"), value);
});
