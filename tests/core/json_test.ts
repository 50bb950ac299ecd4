/** JSON as Go writes it. */
import assert from "node:assert/strict";
import { goJson } from "../../src/core/json.ts";
import { test } from "../support/test.ts";

const LARGE = 2 ** 60;
const DIGITS = "1152921504606846976";
const hasRaw = "rawJSON" in JSON;

test("a large number has all of its digits, wherever it stands", () => {
  for (let length = 0; length < 60; length++) {
    const name = "x".repeat(length);
    const digits = hasRaw ? DIGITS : String(JSON.stringify(LARGE));
    assert.equal(goJson({ [name]: LARGE }), `{"${name}":${digits}}`);
    const list = Array.from({ length }, () => 7);
    assert.equal(goJson([...list, LARGE]), `[${[...list, digits].join()}]`);
  }
});

test("numbers that are not large are as they are, and what Go escapes is escaped", () => {
  const list = [0, 9_007_199_254_740_991, -9_007_199_254_740_991, 0.5, 1e21];
  assert.equal(goJson(list), JSON.stringify(list));
  assert.equal(
    goJson({ a: "<&>\u2028" }),
    '{"a":"\\u003c\\u0026\\u003e\\u2028"}',
  );
  assert.equal(
    goJson({ a: "12345678901234567890" }),
    '{"a":"12345678901234567890"}',
  );
});
