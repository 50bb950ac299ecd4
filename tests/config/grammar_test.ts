/** The grammar of the dialect: what each construct means, and what is no construct. */
import assert from "node:assert/strict";
import { NESTING_MAX } from "../../src/config/dialect/item_cursor.ts";
import { test } from "../support/test.ts";
import { errorsOf, parse, valuesOf } from "./reading.ts";

const GOOD: readonly (readonly [text: string, values: unknown])[] = [
  // Nothing at all, and comments.
  ["", {}],
  [" \n\t\r\n", {}],
  ["# only a comment", {}],
  ["// only a comment\n", {}],
  ["\uFEFFa = 1", { a: 1 }],
  ["a = 1 # after a value", { a: 1 }],
  ["a = 1 // after a value\nb = 2", { a: 1, b: 2 }],
  ["a { # in a map\n x 1 // after\n # alone\n}", { a: { x: 1 } }],
  ["a [ # in an array\n 1 // after\n 2 # again\n]", { a: [1, 2] }],
  ["host: a#b", { host: "a#b" }],
  ["url: a//b", { url: "a//b" }],

  // Keys and separators.
  ["a = 1", { a: 1 }],
  ["a: 1", { a: 1 }],
  ["a 1", { a: 1 }],
  ["a=1", { a: 1 }],
  ["a\n= 1", { a: 1 }],
  ["port\n4222", { port: 4222 }],
  ["cluster\n{\n}", { cluster: {} }],
  ['"a b" = 1', { "a b": 1 }],
  ["'a \"b\"' = 1", { 'a "b"': 1 }],
  ['"no \\ escape" 1', { "no \\ escape": 1 }],
  ["foo.*.>: 1", { "foo.*.>": 1 }],
  ["$G { a 1 }", { $G: { a: 1 } }],
  ["/slash 1", { "/slash": 1 }],
  ["Ключ: значение", { "Ключ": "значение" }],
  ["\u00a0 a\u2003= 1", { a: 1 }],

  // Ends of values.
  ["a 1; b 2, c 3\nd 4\re 5", { a: 1, b: 2, c: 3, d: 4, e: 5 }],
  ["a 1,\nb 2;", { a: 1, b: 2 }],
  ["a = 1\r\nb = 2\r\n", { a: 1, b: 2 }],

  // Maps.
  ["a {}", { a: {} }],
  ["a = { x 1, y 2; z 3\nw 4 }", { a: { x: 1, y: 2, z: 3, w: 4 } }],
  ["a { x 1, }", { a: { x: 1 } }],
  ["a { x:\n 1 }", { a: { x: 1 } }],
  ["a { b { c { d 1 } } }", { a: { b: { c: { d: 1 } } } }],
  ["{}", {}],
  ["{ a 1\n b: 2, c = 3 }", { a: 1, b: 2, c: 3 }],
  ['{"a": {"b": [1, true, "x"]}, "c": -2}\n', {
    a: { b: [1, true, "x"] },
    c: -2,
  }],

  // Arrays.
  ["a []", { a: [] }],
  ["a [1, 2]", { a: [1, 2] }],
  ["a = [ 1\n 2\n\n 3 ]", { a: [1, 2, 3] }],
  ["a [1, 2,]", { a: [1, 2] }],
  ["a [1, x, 'y', true, [2, [3]], {b 1}]", {
    a: [1, "x", "y", true, [2, [3]], { b: 1 }],
  }],
  ["a [\n nats://h:1\n nats://h:2 // other\n]", {
    a: ["nats://h:1", "nats://h:2"],
  }],

  // Strings.
  ['a "x y"', { a: "x y" }],
  ["a ''", { a: "" }],
  ['a ""', { a: "" }],
  ["a 'raw \\n'", { a: "raw \\n" }],
  ['a "\\t\\n\\r\\"\\\\"', { a: '\t\n\r"\\' }],
  ['a "\\x41\\x42"', { a: "AB" }],
  ['a "\\xe2\\x82\\xac"', { a: "€" }],
  ['a "over\ntwo lines"', { a: "over\ntwo lines" }],
  ["a 'over\ntwo lines'", { a: "over\ntwo lines" }],
  ['a "true"', { a: "true" }],
  ['a "5"', { a: "5" }],
  ['a "$b"', { a: "$b" }],
  ["a x\\x41\\ty", { a: "xA\ty" }],
  ["a tru\\x65", { a: "true" }],
  ["a word'", { a: "word" }],
  ["a true'", { a: "true" }],
  ["a nats://u:p@h:1/x?y=z", { a: "nats://u:p@h:1/x?y=z" }],
  ["a = =x", { a: "=x" }],
  ["a ./log/x.log", { a: "./log/x.log" }],
  ["a (\n  b { # no comment\n  }\n)\nc 1", {
    a: "\n  b { # no comment\n  }\n",
    c: 1,
  }],
  ["a (\nx )\n )\n)", { a: "\nx )\n )\n" }],
  ["a (\r\nx\r\n)\r\n", { a: "\r\nx\r\n" }],

  // Booleans.
  ["a [true, TRUE, yes, Yes, on, oN]", { a: Array(6).fill(true) }],
  ["a [false, FALSE, no, No, off, oFF]", { a: Array(6).fill(false) }],
  ["a onward", { a: "onward" }],

  // Integers and sizes.
  ["a [0, 007, -0, -12]", { a: [0, 7, 0, -12] }],
  ["a [1k, 1K, 1kb, 1Ki, 1KiB]", { a: [1000, 1000, 1024, 1024, 1024] }],
  ["a [2m, 2mb, 2mi, 2mib]", { a: [2e6, 2097152, 2097152, 2097152] }],
  ["a [1g, 1gb]", { a: [1e9, 2 ** 30] }],
  ["a [1t, 1tib]", { a: [1e12, 2 ** 40] }],
  ["a [1p, 1pb]", { a: [1e15, 2 ** 50] }],
  ["a [1e, 1eb]", { a: [1e18, 2 ** 60] }],
  ["a -3kb", { a: -3072 }],
  ["a 9007199254740991", { a: 9007199254740991 }],

  // Floats and dates.
  ["a [0.5, -1.25, 10.0]", { a: [0.5, -1.25, 10] }],
  ["a 2016-05-04T18:53:41Z", { a: new Date("2016-05-04T18:53:41Z") }],

  // What begins like a number and is none.
  ["a [22ab, 5mx, 1e5, 0x10, 2s, 1m30s]", {
    a: ["22ab", "5mx", "1e5", "0x10", "2s", "1m30s"],
  }],
  ["a [127.0.0.1, 127.0.0.1:4222, 1.2.3-beta, 1.5s]", {
    a: ["127.0.0.1", "127.0.0.1:4222", "1.2.3-beta", "1.5s"],
  }],
  ["a 100%", { a: "100%" }],

  // Hashes of bcrypt need no quotes.
  ["a $2a$11$abc./XYZ", { a: "$2a$11$abc./XYZ" }],
  ["a [$2b$04$x, $2x$04$x, $2y$04$x]", {
    a: ["$2b$04$x", "$2x$04$x", "$2y$04$x"],
  }],

  // Keys that JavaScript would stumble over.
  [
    "__proto__ { x 1 }\nconstructor 2",
    Object.fromEntries([
      ["__proto__", { x: 1 }],
      ["constructor", 2],
    ]),
  ],

  // A key may be set again.
  ["a 1\na 2", { a: 2 }],
];

for (const [text, values] of GOOD) {
  test(`the text ${JSON.stringify(text)} is read`, () => {
    assert.deepEqual(valuesOf(text), values);
  });
}

const TOP_END =
  "Expected a top-level value to end with a new line, comment or EOF, but got";
const MAP_END =
  'Expected a map value terminator "," or a map terminator "}", but got';
const ARRAY_END =
  'Expected an array value terminator "," or an array terminator "]", but got';
const ESCAPES = "Only the following escape characters are allowed: " +
  '\\xXX, \\t, \\n, \\r, \\", \\\\.';

const BAD: readonly (readonly [text: string, error: string])[] = [
  // What nats-server drops without a word.
  ["a", '1:1: Key "a" has no value, found the end of the file'],
  ["a 1\n  b", '2:3: Key "b" has no value, found the end of the file'],
  ["a =", '1:1: Key "a" has no value, found the end of the file'],
  ["a = \t", '1:1: Key "a" has no value, found the end of the file'],
  ["a { b }", "1:5: A key has no value, found '}'"],
  ["a { b: }", "1:5: A key has no value, found '}'"],
  ["a = ,", `1:1: Key "a" has no value, found ','`],
  ["a = ; b 1", `1:1: Key "a" has no value, found ';'`],
  ["}", "1:1: Unexpected '}', no '{' is open"],
  ["a 1 }", "1:5: Unexpected '}', no '{' is open"],
  ["a {\n}\n}", "3:1: Unexpected '}', no '{' is open"],
  ["{ a 1 }}", "1:8: Unexpected '}', no '{' is open"],
  ["{ a 1", "1:1: Unexpected EOF processing map."],
  ["a 1kbi", "1:3: Unknown size suffix 'kbi'"],
  ["a [1, 2mbb]", "1:7: Unknown size suffix"],
  [",a 1", "1:1: Expected a key, but got ','"],
  ["a 1,,b 2", "1:5: Expected a key, but got ','"],
  ["[a] 1", "1:1: Expected a key, but got '['"],
  ["a { ] }", "1:5: Expected a key, but got ']'"],
  ["a 1\n(b) 2", "2:1: Expected a key, but got '('"],
  ["a { { b 1 } }", "1:5: Expected a key, but got '{'"],

  // Keys and separators.
  ["= 1", "1:1: Unexpected key separator '='"],
  ["a { : 1 }", "1:5: Unexpected key separator ':'"],
  ["a =\n1", "1:4: Expected value but found new line"],
  ["{ a:\r\n1 }", "1:5: Expected value but found new line"],
  ['x 1\n"a', "2:1: Unexpected EOF processing quoted key."],
  ["a { 'b }", "1:5: Unexpected EOF processing quoted key."],

  // Ends of values.
  ["a 1 b 2", `1:5: ${TOP_END} 'b' instead.`],
  ['a "1" "2"', `1:7: ${TOP_END} '"' instead.`],
  ["a [1] 😀", `1:7: ${TOP_END} '😀' instead.`],
  ["a { b 1 c 2 }", `1:9: ${MAP_END} 'c' instead.`],
  ["a { b {} c 2 }", `1:10: ${MAP_END} 'c' instead.`],
  ["a [1 2]", `1:6: ${ARRAY_END} '2' instead.`],
  ["a [1; 2]", `1:5: ${ARRAY_END} ';' instead.`],
  ["a [,1]", "1:4: Unexpected array value terminator ','."],
  ["a [1,,2]", "1:6: Unexpected array value terminator ','."],
  ["a [1\n,2]", "2:1: Unexpected array value terminator ','."],
  ["a [1, }]", "1:7: Expected value but found '}'"],
  ["a\n[1, 2", "2:1: Unexpected EOF processing array."],
  ["a [1, {b 1]", `1:11: ${MAP_END} ']' instead.`],
  ["a {\n b 1\n", "1:3: Unexpected EOF processing map."],
  ["a {\n b {\n }", "1:3: Unexpected EOF processing map."],

  // Strings.
  ['a "b', "1:3: Unexpected EOF processing quoted string."],
  ["a\n 'b\nc", "2:2: Unexpected EOF processing quoted string."],
  ['a "\\q"', `1:5: Invalid escape character 'q'. ${ESCAPES}`],
  ["a x\\ y", `1:5: Invalid escape character ' '. ${ESCAPES}`],
  ['a "\\x4g"', "1:4: Expected two hexadecimal digits after '\\x'"],
  ["a (\n b", "1:3: Unexpected EOF processing block."],
  ["a (\n b\n ) \n", "1:3: Unexpected EOF processing block."],
  ["a it's", `1:6: ${TOP_END} 's' instead.`],

  // Numbers and dates.
  ["a .5", "1:3: Floats must start with a digit"],
  ["a -.5", "1:3: Floats must start with a digit"],
  ["a 5.", "1:3: Floats must have a digit after the '.'"],
  ["a -x", "1:3: Expected a number after the '-', but got '-x'"],
  [
    "a 9223372036854775808",
    "1:3: integer '9223372036854775808' is out of the range",
  ],
  ["a 9007199254740993", "1:3: integer '9007199254740993' is out of the range"],
  ["a 10eb", "1:3: integer '10eb' is out of the range"],
  ["a 2016-05-04", "1:3: All ISO8601 dates must be in full Zulu form."],
  [
    "a 2016-05-04T18:53:41",
    "1:3: All ISO8601 dates must be in full Zulu form.",
  ],
  ["a 2016-02-30T00:00:00Z", "1:3: There is no date '2016-02-30T00:00:00Z'"],

  // Includes that name no file.
  ["include \nx", "1:9: Expected include value but found new line"],
  ["include [x]", "1:9: Expected include value but found '['"],
  ["include {x}", "1:9: Expected include value but found '{'"],
  ["include 'x", "1:10: Unexpected EOF in quoted include"],
];

for (const [text, error] of BAD) {
  test(`the text ${JSON.stringify(text)} is refused`, () => {
    assert.deepEqual(errorsOf(() => parse(text)), [error]);
  });
}

test("brackets nest as deep as the limit, and no deeper", () => {
  const nested = (depth: number): string =>
    `a ${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.deepEqual(errorsOf(() => parse(nested(NESTING_MAX))), []);
  assert.deepEqual(errorsOf(() => parse(nested(NESTING_MAX + 1))), [
    `1:${NESTING_MAX + 3}: Brackets are nested more than ${NESTING_MAX} deep`,
  ]);
  const unclosed = "[".repeat(1_000_000);
  assert.equal(errorsOf(() => parse(`a ${unclosed}`)).length, 1);
});

test("each value knows where it stands", () => {
  const root = parse("a = 1\n\tlist: [ x,\n  'y' ]\nmap {\n  'k' true\n}");
  const place = (of: { at: { line: number; column: number } } | undefined) =>
    `${of?.at.line}:${of?.at.column}`;
  const list = root.entries.get("list");
  const map = root.entries.get("map")?.value;
  assert.equal(place(root.entries.get("a")), "1:1");
  assert.equal(place(root.entries.get("a")?.value), "1:5");
  assert.equal(place(list), "2:2");
  assert(list?.value.kind === "array" && map?.kind === "map");
  assert.equal(place(list.value), "2:8");
  assert.deepEqual(list.value.items.map(place), ["2:10", "3:4"]);
  assert.equal(place(map), "4:5");
  // A quoted word begins inside its quotes.
  assert.equal(place(map.entries.get("k")), "5:4");
  assert.equal(place(map.entries.get("k")?.value), "5:7");
});
