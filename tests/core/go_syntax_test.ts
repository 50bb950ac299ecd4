/** What is wrong with a text that is no JSON, in Go's words. */
import assert from "node:assert/strict";
import {
  depthFault,
  nextValue,
  syntaxFault,
} from "../../src/core/go_syntax.ts";
import { test } from "../support/test.ts";

const END = "unexpected end of JSON input";

const FAULTS: readonly (readonly [text: string, error: string, at: number])[] =
  [
    ["", END, 0],
    [" ", END, 1],
    ["{", END, 1],
    ['{"a', END, 3],
    ['{"a":1.', END, 7],
    ['{"a":1e', END, 7],
    ["[tru", END, 4],
    ["}", "invalid character '}' looking for beginning of value", 0],
    ["[1,]", "invalid character ']' looking for beginning of value", 3],
    ["[1 2]", "invalid character '2' after array element", 3],
    ["{} x", "invalid character 'x' after top-level value", 3],
    ["{}}", "invalid character '}' after top-level value", 2],
    [
      "{'a'",
      "invalid character '\\'' looking for beginning of object key string",
      1,
    ],
    [
      '{"a":1,}',
      "invalid character '}' looking for beginning of object key string",
      7,
    ],
    ['{"a"}', "invalid character '}' after object key", 4],
    ['{"a":1 "b"', "invalid character '\"' after object key:value pair", 7],
    ["nul!", "invalid character '!' in literal null (expecting 'l')", 3],
    ["01", "invalid character '1' after top-level value", 1],
    ["-x", "invalid character 'x' in numeric literal", 1],
    ["1.x", "invalid character 'x' after decimal point in numeric literal", 2],
    ["1ex", "invalid character 'x' in exponent of numeric literal", 2],
    ["1e-x", "invalid character 'x' in exponent of numeric literal", 3],
    ['"\n"', "invalid character '\\n' in string literal", 1],
    ['"\\x"', "invalid character 'x' in string escape code", 2],
    [
      '"\\u00g0"',
      "invalid character 'g' in \\u hexadecimal character escape",
      5,
    ],
  ];

test("what is no JSON is told in Go's words, and where", () => {
  for (const [text, error, at] of FAULTS) {
    assert.deepEqual(syntaxFault(text), { error, at }, text);
  }
});

test("what JSON.parse takes has no fault, and what it does not take has one", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    "1",
    "-0.5e+3",
    "null",
    " ",
  ];
  for (const one of pieces) {
    for (const two of pieces) {
      for (const three of pieces) {
        const text = one + two + three;
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        assert.equal(syntaxFault(text) === undefined, isJson, text);
      }
    }
  }
});

test("values one behind the other are found, however many there are", () => {
  assert.equal(nextValue('{"a":[1]} {}', 0), 10);
  assert.equal(nextValue("{} \n", 0), 4);
  assert.equal(nextValue("{} {", 3), 4);
  const many = "{}".repeat(500_000);
  let values = 0;
  for (let at = 0; at < many.length; at = nextValue(many, at)) values++;
  assert.equal(values, 500_000);
});

test("values lie at most 10,000 deep in one another", () => {
  const deep = (levels: number): string =>
    "[".repeat(levels) + "]".repeat(levels);
  assert.equal(depthFault(deep(10_000) + " ".repeat(9)), undefined);
  assert.deepEqual(depthFault(deep(10_001)), {
    error: "invalid character '[' exceeded max depth",
    at: 10_000,
  });
});
