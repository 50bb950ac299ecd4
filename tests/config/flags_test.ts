/** Flags as Go's programs take them. */
import assert from "node:assert/strict";
import {
  describeFlags,
  FlagError,
  parseFlags,
  scanFlags,
} from "../../src/config/flags/flags.ts";
import { test } from "../support/test.ts";

const TABLE = {
  subject: {
    names: ["subj"],
    type: "string",
    value: "subject",
    doc: "Subject",
  },
  count: { names: ["n", "count"], type: "integer", doc: "Messages" },
  quiet: { names: ["q"], type: "boolean", doc: "Say nothing" },
} as const;

const READ: readonly (readonly [string[], object, string[]])[] = [
  [[], {}, []],
  [["-subj", "abc"], { subject: "abc" }, []],
  [["--subj", "abc"], { subject: "abc" }, []],
  [["-subj=abc"], { subject: "abc" }, []],
  [["--subj=abc"], { subject: "abc" }, []],
  [["-subj="], { subject: "" }, []],
  [["-subj", ""], { subject: "" }, []],
  [["-subj=a=b"], { subject: "a=b" }, []],
  [["-subj", "-q"], { subject: "-q" }, []],
  [["-subj=a\nb"], { subject: "a\nb" }, []],
  [["-n", "3"], { count: 3 }, []],
  [["-count", "-3"], { count: -3 }, []],
  [["-n=+0x10"], { count: 16 }, []],
  [["-n", "1", "-count", "2"], { count: 2 }, []],
  [["-q"], { quiet: true }, []],
  [["-q=false"], { quiet: false }, []],
  [["--q=T", "-n=1"], { quiet: true, count: 1 }, []],
  [["-q", "false"], { quiet: true }, ["false"]],
  [["a", "-q"], {}, ["a", "-q"]],
  [["-q", "--", "-n"], { quiet: true }, ["-n"]],
  [["-q", "-", "-n"], { quiet: true }, ["-", "-n"]],
  [["-q", "", "-n"], { quiet: true }, ["", "-n"]],
];

for (const [args, values, rest] of READ) {
  test(`the words ${JSON.stringify(args)} are understood`, () => {
    assert.deepEqual(parseFlags(TABLE, args), { values, rest });
  });
}

const REFUSED: readonly (readonly [string[], string])[] = [
  [["-zork"], "flag provided but not defined: -zork"],
  [["--zork=1"], "flag provided but not defined: -zork"],
  [["-__proto__"], "flag provided but not defined: -__proto__"],
  [["-n"], "flag needs an argument: -n"],
  [["-q", "--subj"], "flag needs an argument: -subj"],
  [["-n", "x"], 'invalid value "x" for flag -n: parse error'],
  [["-count="], 'invalid value "" for flag -count: parse error'],
  [["-n", "1.5"], 'invalid value "1.5" for flag -n: parse error'],
  [
    ["-n", "99999999999999999999"],
    'invalid value "99999999999999999999" for flag -n: value out of range',
  ],
  [["-q=maybe"], 'invalid boolean value "maybe" for -q: parse error'],
  [["-q="], 'invalid boolean value "" for -q: parse error'],
  [["---n"], "bad flag syntax: ---n"],
  [["-=1"], "bad flag syntax: -=1"],
];

for (const [args, message] of REFUSED) {
  test(`the words ${JSON.stringify(args)} are refused`, () => {
    assert.throws(() => parseFlags(TABLE, args), {
      name: "FlagError",
      code: "FLAG",
      message,
    });
  });
}

test("values have the type of their flag", () => {
  const { values } = parseFlags(TABLE, ["-subj", "a", "-n", "1", "-q"]);
  const subject: string | undefined = values.subject;
  const count: number | undefined = values.count;
  const quiet: boolean | undefined = values.quiet;
  assert.deepEqual([subject, count, quiet], ["a", 1, true]);
});

test("a scan keeps the definition with each value", () => {
  const { given } = scanFlags(Object.values(TABLE), ["-n", "1", "-q"]);
  assert.deepEqual([...given.values()], [1, true]);
  assert.equal(given.get(TABLE.count), 1);
  assert.throws(() => scanFlags([], ["-n"]), FlagError);
});

test("help puts names and explanations into two columns", () => {
  const long = {
    names: ["a-very-long-name", "another-long-name"],
    type: "string",
    value: "x",
    doc: "On a line of its own",
  } as const;
  const column = " ".repeat(34);
  assert.equal(
    describeFlags([TABLE.subject, TABLE.count, long]),
    "  -subj <subject>                 Subject\n" +
      "  -n, -count                      Messages\n" +
      "  -a-very-long-name, -another-long-name <x>\n" +
      `${column}On a line of its own\n`,
  );
});

const RICH = {
  ...TABLE,
  wait: { names: ["wait"], type: "duration", value: "duration", doc: "Time" },
  header: { names: ["H", "header"], type: "list", value: "x", doc: "Header" },
} as const;

const ANYWHERE: readonly (readonly [string[], object, string[]])[] = [
  [["a", "-q"], { quiet: true }, ["a"]],
  [["a", "b", "-n", "3", "c"], { count: 3 }, ["a", "b", "c"]],
  [
    ["-q", "a", "-subj=b", "c", "-n=1"],
    { quiet: true, subject: "b", count: 1 },
    [
      "a",
      "c",
    ],
  ],
  [["a", "-", "-q"], { quiet: true }, ["a", "-"]],
  [["a", "--", "-q", "--", "b"], {}, ["a", "-q", "--", "b"]],
  [["--", "-5"], {}, ["-5"]],
  [["a", "", "-q"], { quiet: true }, ["a", ""]],
  [["-n", "-3", "a"], { count: -3 }, ["a"]],
];

for (const [args, values, rest] of ANYWHERE) {
  test(`flags stand anywhere in ${JSON.stringify(args)}`, () => {
    assert.deepEqual(parseFlags(RICH, args, "anywhere"), { values, rest });
  });
}

test("a list keeps all its values, in their order", () => {
  const args = ["-H", "a: 1", "--header=b", "-q", "-H", "-x"];
  const { values, rest } = parseFlags(RICH, args);
  const header: readonly string[] | undefined = values.header;
  assert.deepEqual(header, ["a: 1", "b", "-x"]);
  assert.deepEqual(rest, []);
});

test("durations are milliseconds", () => {
  for (const [text, ms] of [["1.5s", 1500], ["2m", 120_000], ["-1ms", -1]]) {
    const wait: number | undefined =
      parseFlags(RICH, ["-wait", String(text)]).values.wait;
    assert.equal(wait, ms);
  }
  for (
    const [text, why] of [
      ["5", 'time: missing unit in duration "5"'],
      ["soon", 'time: invalid duration "soon"'],
      ["1y", 'time: unknown unit "y" in duration "1y"'],
    ]
  ) {
    assert.throws(() => parseFlags(RICH, ["-wait", text!]), {
      message: `invalid value "${text}" for flag -wait: ${why}`,
    });
  }
});
