/** Bytes as text and text as bytes, numbers as digits, and the hash of bytes. */
import assert from "node:assert/strict";
import {
  asciiBytes,
  byteString,
  decimalLength,
  equalBytes,
  hashBytes,
  readDecimal,
  trimBlanks,
  utf8ByteString,
  utf8Text,
  writeBytes,
  writeDecimal,
} from "../../src/core/ascii.ts";
import { test } from "../support/test.ts";

function everyByte(length: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => (i * 7 + 3) & 0xff);
}

test("bytes survive the way through a byte string at every length", () => {
  for (const length of [0, 1, 7, 8, 9, 31, 32, 33, 255, 4096, 4097, 20_000]) {
    const bytes = everyByte(length);
    const text = byteString(bytes);
    assert.equal(text.length, length);
    assert.deepEqual(asciiBytes(text), bytes, `length ${length}`);
  }
});

test("a byte string is cut from the middle of a buffer", () => {
  const bytes = asciiBytes("PUB foo.bar 5");
  assert.equal(byteString(bytes, 4, 11), "foo.bar");
  assert.equal(byteString(bytes, 4, 4), "");
});

test("writeBytes returns the offset after the text", () => {
  const target = new Uint8Array(6);
  assert.equal(writeBytes(target, 1, "a\xffb"), 4);
  assert.deepEqual([...target], [0, 97, 255, 98, 0, 0]);
});

test("a byte string becomes readable text and invalid UTF-8 is replaced", () => {
  assert.equal(utf8ByteString("ü€"), "\xc3\xbc\xe2\x82\xac");
  assert.equal(utf8Text("\xc3\xbc\xe2\x82\xac"), "ü€");
  assert.equal(utf8Text("a\xffb"), "a\ufffdb");
});

test("readDecimal takes one to nine digits and nothing else", () => {
  const table: [string, number][] = [
    ["0", 0],
    ["7", 7],
    ["02", 2],
    ["1048576", 1_048_576],
    ["999999999", 999_999_999],
    ["000000001", 1],
    ["", -1],
    ["1000000000", -1],
    ["0000000001", -1],
    ["-1", -1],
    ["+1", -1],
    ["1 ", -1],
    ["1.5", -1],
    ["0x1", -1],
    ["1/", -1],
    ["1:", -1],
  ];
  for (const [text, value] of table) {
    const bytes = asciiBytes(`9${text}9`);
    assert.equal(readDecimal(bytes, 1, bytes.length - 1), value, `"${text}"`);
  }
});

test("readDecimal past the end of the bytes is no number", () => {
  assert.equal(readDecimal(asciiBytes("12"), 0, 3), -1);
});

test("writeDecimal writes what String would", () => {
  const values = [0, 1, 9, 10, 11, 99, 100, 999_999_999, 2 ** 32, 2 ** 53 - 1];
  for (let power = 1; power < 1e15; power *= 10) values.push(power - 1, power);
  for (const value of values) {
    const target = new Uint8Array(20);
    const end = writeDecimal(target, 2, value);
    assert.equal(byteString(target, 2, end), String(value));
    assert.equal(decimalLength(value), String(value).length);
  }
});

test("equalBytes compares only the stretch that it is given", () => {
  const a = asciiBytes("xxfooyy");
  const b = asciiBytes("foo");
  assert.equal(equalBytes(a, 2, b, 0, 3), true);
  assert.equal(equalBytes(a, 1, b, 0, 3), false);
  assert.equal(equalBytes(a, 0, b, 0, 0), true);
  assert.equal(equalBytes(a, 2, b, 0, 4), false);
});

test("hashBytes is a folded FNV-1a and spreads over a small table", () => {
  assert.equal(hashBytes(new Uint8Array(0), 0, 0), (0x811c9dc5 ^ 0x811c) | 0);
  const foobar = asciiBytes("-foobar-");
  assert.equal(hashBytes(foobar, 1, 7), (0xbf9cf968 ^ 0xbf9c) | 0);
  const slots = new Set<number>();
  for (let i = 0; i < 1024; i++) {
    const subject = asciiBytes(`sensor.${i}.temperature`);
    slots.add(hashBytes(subject, 0, subject.length) & 1023);
  }
  assert.ok(slots.size > 550, `${slots.size} of 1024 slots in use`);
});

test("blanks go from around a text, whatever is inside of it", () => {
  for (const text of ["", "a", "a b", "\u00a0", "\ra\n"]) {
    for (const around of ["", " ", "\t", " \t \t"]) {
      assert.equal(trimBlanks(`${around}${text}${around}`), text);
    }
  }
  // What takes the square of the length ends here after hours.
  const inside = `a${" \t".repeat(4_000_000)}b`;
  assert.equal(trimBlanks(` ${inside}\t`), inside);
});
