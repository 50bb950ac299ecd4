/** Parameters: what Go accepts, and nats-server's words for what it does not. */
import assert from "node:assert/strict";
import { boolParam, intParam, uintParam } from "../../src/http/go_params.ts";
import { test } from "../support/test.ts";

const SAFE_MAX = Number.MAX_SAFE_INTEGER;

function withP(text: string): URLSearchParams {
  return new URLSearchParams({ p: text });
}

test("a truth value is one of Go's twelve, or absent", () => {
  for (const text of ["1", "t", "T", "TRUE", "true", "True"]) {
    assert.equal(boolParam(withP(text), "p"), true, text);
  }
  for (const text of ["", "0", "f", "F", "FALSE", "false", "False"]) {
    assert.equal(boolParam(withP(text), "p"), false, text);
  }
  assert.equal(boolParam(new URLSearchParams(), "p"), false);
  for (const text of ["yes", "tRUE", "2", " 1", "on", "null"]) {
    assert.throws(() => boolParam(withP(text), "p"), {
      name: "Refusal",
      message: `Error decoding boolean for 'p': strconv.ParseBool: parsing ${
        JSON.stringify(text)
      }: invalid syntax`,
    });
  }
});

test("a number is decimal, with a sign if it may be negative, and fits 64 bits", () => {
  const rows: [string, number][] = [
    ["", 0],
    ["0", 0],
    ["-0", 0],
    ["+5", 5],
    ["007", 7],
    ["-12", -12],
    ["9007199254740992", SAFE_MAX],
    ["9223372036854775807", SAFE_MAX],
    ["-9223372036854775808", -SAFE_MAX],
  ];
  for (const [text, value] of rows) {
    assert.equal(intParam(withP(text), "p"), value, text);
  }
});

test("what is no number is refused with Go's words", () => {
  const syntax = ["x", "NaN", "Infinity", "1e309", "1.5", "0x10", "1_0", " 1"];
  for (const text of [...syntax, "+", "-", "--1", "١", "1".repeat(400) + "n"]) {
    assert.throws(() => intParam(withP(text), "p"), {
      message: `Error decoding int for 'p': strconv.Atoi: parsing "${text}": ` +
        "invalid syntax",
    });
  }
  const range = [
    "9223372036854775808",
    "-9223372036854775809",
    "9".repeat(400),
  ];
  for (const text of range) {
    assert.throws(() => intParam(withP(text), "p"), {
      message: `Error decoding int for 'p': strconv.Atoi: parsing "${text}": ` +
        "value out of range",
    });
  }
});

test("an id has no sign", () => {
  assert.equal(uintParam(withP("12"), "p"), 12);
  assert.equal(uintParam(withP("18446744073709551615"), "p"), SAFE_MAX);
  for (const text of ["-1", "+5", "x", "NaN", "1e3"]) {
    assert.throws(() => uintParam(withP(text), "p"), {
      message: `Error decoding uint64 for 'p': strconv.ParseUint: parsing ` +
        `"${text}": invalid syntax`,
    });
  }
  assert.throws(() => uintParam(withP("18446744073709551616"), "p"), {
    message: `Error decoding uint64 for 'p': strconv.ParseUint: parsing ` +
      `"18446744073709551616": value out of range`,
  });
});

test("what is refused is quoted as Go quotes it", () => {
  assert.throws(() => intParam(withP('\n"é\\'), "p"), {
    message: `Error decoding int for 'p': strconv.Atoi: parsing ` +
      `"\\n\\"é\\\\": invalid syntax`,
  });
});
