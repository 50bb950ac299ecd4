/**
 * The checks of the tidy test find what they look for: each is given a small
 * repository that breaks its rule, beside one that keeps it.
 */
import assert from "node:assert/strict";
import { functionsOf, typesOf } from "./source_facts.ts";
import { partsOf, type SourceFile } from "./sources.ts";
import { test } from "./test.ts";
import {
  banners,
  type Check,
  circles,
  deadExports,
  evasions,
  largeClasses,
  largeInterfaces,
  longFiles,
  longFunctions,
  namesakes,
  noHead,
  oddWords,
  unlimitedTests,
} from "./tidy_checks.ts";

/** What a check finds in files of these texts. */
function findings(
  check: Check,
  texts: Readonly<Record<string, string>>,
): string[] {
  const all = Object.entries(texts).map(([path, text]): SourceFile => {
    return { path, folder: path.split("/")[1]!, text };
  });
  const src = all.filter(({ path }) => path.startsWith("src/"));
  return check({ src, all });
}

function linesOf(count: number, line: string = "  call();"): string {
  return Array.from({ length: count }, () => `${line}\n`).join("");
}

function fieldsOf(count: number): string {
  return Array.from({ length: count }, (_, at) => `  field${at} = 0;\n`)
    .join("");
}

test("code, comments and strings are told apart", () => {
  const text = [
    'const a = "// no comment"; // one',
    "/* two */ const b = /[/\"'`]/;",
    "const c = `${ /* three */ { d: `}` } } // no comment`;",
    "const e = 4 / 2; const f = '\\'';",
  ].join("\n");
  const { code, comments } = partsOf(text);
  assert.deepEqual(
    comments.split("\n").map((line) => line.trim()),
    ["// one", "/* two */", "/* three */", ""],
  );
  assert.equal(code.length, text.length);
  assert.deepEqual(code.split("\n").map((line) => line.replace(/ +/g, " ")), [
    "const a = ; ",
    " const b = ;",
    "const c = { d: } ;",
    "const e = 4 / 2; const f = ;",
  ]);
});

test("functions are found with their lengths, however they are written", () => {
  const text = `
export async function one(
  first: number,
  second: { readonly x: number },
): Promise<void> {
  if (first > 0) {
    call();
  }
}

class Two extends One {
  readonly #three = (): void => {
    call();
  };

  override async four<T>(): Promise<T> {
    call();
  }

  get five(): number {
    return 5;
  }

  static *six(
    a: string,
  ) {
    for (const b of a) {
      yield b;
    }
  }
}

const data = {
  seven: [1, 2].map((number) => {
    return number + 1;
  }),
};
`;
  const found = functionsOf(text).map(({ head, lines }) => `${lines} ${head}`);
  assert.deepEqual(found, [
    "8 export async function one(",
    "3 readonly #three = (): void => {",
    "3 override async four<T>(): Promise<T> {",
    "3 get five(): number {",
    "7 static *six(",
    "3 seven: [1, 2].map((number) => {",
  ]);
});

test("a function of 60 lines is the longest", () => {
  const of = (lines: number) => ({
    "src/a/b.ts": `function long() {\n${linesOf(lines - 2)}}\n`,
  });
  assert.deepEqual(findings(longFunctions, of(60)), []);
  assert.deepEqual(findings(longFunctions, of(61)), [
    "src/a/b.ts: 61 lines: function long() {",
  ]);
});

test("a file of 400 lines is the longest", () => {
  assert.deepEqual(findings(longFiles, { "src/a/b.ts": linesOf(400) }), []);
  assert.deepEqual(findings(longFiles, { "src/a/b.ts": linesOf(401) }), [
    "src/a/b.ts: 401 lines",
  ]);
});

test("a circle of imports is found, types included", () => {
  assert.deepEqual(
    findings(circles, {
      "src/a/one.ts": 'import { two } from "./two.ts";\n',
      "src/a/two.ts": 'import type { One } from "../b/three.ts";\n',
      "src/b/three.ts": 'export * from "../a/one.ts";\n',
      "src/b/four.ts": 'import "../a/one.ts";\n',
    }).map((finding) => finding.split(":")[0]),
    ["src/a/one.ts", "src/a/two.ts", "src/b/three.ts"],
  );
});

test("a banner is found in comments only", () => {
  assert.deepEqual(
    findings(banners, {
      "src/a/one.ts": "// --- names\n",
      "src/a/two.ts": "const text = `\n// --- names\n`;\n// - a point\n",
    }),
    ["src/a/one.ts:"],
  );
});

test("what nothing imports is a dead export; a type may serve its own file", () => {
  assert.deepEqual(
    findings(deadExports, {
      "src/a/one.ts": `
export const USED = 1;
export function unused(at: Place): void {}
export interface Place {}
export type Nothing = string;
export class Whole {}
`,
      "src/a/two.ts": "export const whole = 1;\n",
      "tests/a_test.ts": `
import { USED as used } from "../src/a/one.ts";
const { whole } = await import("../src/a/two.ts");
`,
    }),
    ["unused", "Nothing", "Whole"].map((name) => `src/a/one.ts: ${name}`),
  );
});

test("two files that export one name are namesakes, but not on a face", () => {
  const declares = "export interface Same {}\n";
  assert.deepEqual(
    findings(namesakes, {
      "src/a/one.ts": declares,
      "src/b/two.ts": declares,
      "src/faces/mod.ts": 'export { type Same } from "../a/one.ts";\n',
    }),
    ["Same: src/a/one.ts and src/b/two.ts"],
  );
});

test("of a class, the members count that others can reach", () => {
  const [type] = typesOf(
    `
class Some<T> extends Other implements A, B {
  readonly one: string;
  two?: number;
  static three = 3;
  #four = 4;
  protected five = 5;
  constructor(private: string) {
    call({
      six: 6,
    });
  }
  get seven(): number {
    return 7;
  }
  set seven(value: number) {}
  async *eight<T>(): void {}
  get(): void {}
  [Symbol.iterator](): void {}
  private nine(): void {}
}
`,
    "class",
  );
  assert.deepEqual(type?.members, [
    "one",
    "two",
    "three",
    "seven",
    "eight",
    "get",
    "[Symbol.iterator]",
  ]);
});

test("a large class gives its reason, at its head or at its file's", () => {
  const reason =
    "/** More than a dozen\n * members: because it is a test. */\n";
  const some = (fields: number) => `class Some {\n${fieldsOf(fields)}}\n`;
  assert.deepEqual(
    findings(largeClasses, {
      "src/a/small.ts": some(12),
      "src/a/large.ts": some(13),
      "src/a/reason.ts": `const a = 1;\n${reason}export ${some(13)}`,
      "src/a/head.ts": `${reason}const a = 1;\n${some(13)}`,
    }),
    ["src/a/large.ts: Some: 13"],
  );
});

test("an interface counts what it inherits, if it is there to be called", () => {
  const fields = (count: number): string =>
    fieldsOf(count).replaceAll(" = 0", ": number");
  assert.deepEqual(
    findings(largeInterfaces, {
      "src/a/base.ts": `interface Base {\n${fields(11)}  call(): void;\n}\n`,
      "src/a/host.ts": "interface Host extends Base {\n  more: string;\n}\n",
      "src/a/data.ts": `interface Data {\n${fields(40)}}\n`,
      "src/a/typed.ts": `interface Typed {\n${fields(12)}  f: () => void;\n}\n`,
    }),
    ["src/a/host.ts: Host: 13", "src/a/typed.ts: Typed: 13"],
  );
});

test("a file begins with a sentence about itself", () => {
  assert.deepEqual(
    findings(noHead, {
      "src/a/good.ts": "/** It keeps what others send. */\n",
      "src/a/script.ts":
        "#!/usr/bin/env -S node\n/**\n * It runs the rest.\n */",
      "src/a/none.ts": "const a = 1;\n/** It keeps what others send. */\n",
      "src/a/short.ts": "/** Names. */\n",
    }),
    ["src/a/none.ts:", "src/a/short.ts:"],
  );
});

test("odd words are found in comments and in titles, across lines", () => {
  assert.deepEqual(
    findings(oddWords, {
      "src/a/one.ts": '/** Tries so\n * many times. */\nconst a = "whoever";\n',
      "tests/a_test.ts": 'test("it goes so' + ' often", () => {});\n',
    }),
    ["src/a/one.ts: so many", "tests/a_test.ts: so often"],
  );
});

test("checks that a comment switches off are found, and texts about them are not", () => {
  assert.deepEqual(
    findings(evasions, {
      "src/a/lint.ts": "/* deno-lint-" + "ignore no-control-regex */\n",
      "src/a/text.ts": 'const a = "// @ts-' + 'expect-error: later";\n',
      "src/a/types.ts": "// @ts-" + "expect-error: later\n",
    }).map((finding) => finding.slice(0, -1)),
    ["src/a/lint.ts", "src/a/types.ts"],
  );
});

test("a test on the runner's own `test` is found", () => {
  assert.deepEqual(
    findings(unlimitedTests, {
      "tests/a_test.ts": 'import { test } from "node:test";\n',
      "tests/b_test.ts": 'import { test } from "./support/test.ts";\n',
    }),
    ["tests/a_test.ts:"],
  );
});
