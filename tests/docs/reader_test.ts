/**
 * The reader of documents itself, by small pages: what holds passes, and what
 * does not hold is found. Ports are free ones, so no page waits for another.
 */
import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "../support/test.ts";
import { temporaryFolder } from "../support/temp.ts";
import { areLike, haveLike, keepsPromises } from "./expected.ts";
import { blocksOf, commandsOf, fileOf, indentedCode } from "./markdown.ts";
import { follow, type Omissions } from "./reader.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** A page of blocks: language, text, and perhaps a paragraph before it. */
type Part = readonly [language: string, text: string, lead?: string];

function pageOf(...parts: readonly Part[]): string {
  return parts.map(([language, text, lead = ""]) =>
    `${lead}\n\n\`\`\`${language}\n${text}\n\`\`\`\n`
  ).join("\n");
}

function holds(t: TestContext, ...parts: readonly Part[]): Promise<void> {
  return follow(t, pageOf(...parts));
}

async function fails(
  t: TestContext,
  message: RegExp,
  ...parts: readonly Part[]
): Promise<void> {
  await assert.rejects(follow(t, pageOf(...parts)), { message });
}

const skip = terminalMissing;
// Far beyond what a shell needs to print a line and end.
const END_MS_MAX = 20_000;

test(
  "one terminal is used from the top of a page to its end",
  { skip },
  async (t) => {
    await holds(
      t,
      ["sh", "A=one\nmkdir inner && cd inner"],
      ["sh", "# a comment\necho $A \\\n  $(basename $PWD)"],
      ["text", "one inner"],
      ["sh", "sleep 60 &\nkill $!"],
      ["sh", "false || echo code $?"],
      ["text", "code 1"],
    );
  },
);

test(
  "a command that fails, and output that is another, are found",
  { skip },
  async (t) => {
    await fails(t, /^Line 4: "false" ends with 1/, ["sh", "false"]);
    await fails(t, /without saying/, ["sh", "exit 0"]);
    await fails(t, /sees something else/, ["sh", "echo a"], ["text", "b"]);
    await fails(t, /sees something else/, ["sh", "echo a"], ["text", "a\nb"]);
  },
);

test(
  "the last words of a program belong to the command that started it",
  { skip },
  async (t) => {
    const folder = temporaryFolder(t);
    const { PATH = "" } = process.env;
    const terminal = new Terminal(folder, { PATH });
    t.after(() => terminal.close());
    await terminal.run("mkfifo door; { read line < door; echo $line; } &");
    const door = openSync(join(folder, "door"), "r+");
    t.after(() => closeSync(door));
    // No turn of the event loop from here on in which it could be read.
    writeSync(door, "goodbye\n");
    const deadline = Date.now() + END_MS_MAX;
    while (terminal.isBusy) assert.ok(Date.now() < deadline, "It has ended");
    await terminal.catchUp();
    const before = terminal.position;
    assert.match(terminal.since(0), /^goodbye$/m);
    await terminal.run("echo next");
    assert.equal(terminal.since(before), "next\n");
  },
);

test("programs print what their comments promise", { skip }, async (t) => {
  const program =
    'console.log("a"); // a\nconsole.log(\n  Math.PI,\n); // 3...1...';
  await holds(
    t,
    ["ts", program],
    ["ts", 'for (const word of ["a", "b"]) console.log(word);'],
    ["text", "a\n..."],
    ["ts", 'import { MidgeError } from "midge";\nMidgeError.name;'],
  );
  await fails(t, /prints another/, ["ts", 'console.log("a"); // b']);
  await fails(t, /prints another/, ["ts", 'console.log("a");']);
  await fails(t, /prints another/, ["ts", 'if (0) console.log("a"); // a']);
  await fails(t, /^Line 4: /, ["ts", 'throw new Error("no");']);
});

test(
  "configurations make sense, or are refused as the page shows",
  { skip },
  async (t) => {
    await holds(
      t,
      ["conf", "port: 4222"],
      ["toml", "port = 4222"],
      ["conf", "zork: 1"],
      ["text", 'config:1:1: unknown field "zork"\n  zork: 1\n  ^'],
      ["json", '{ "a": 1 }'],
    );
    await fails(t, /unknown field/, ["conf", "zork: 1"]);
    await fails(t, /unknown field/, ["toml", "zork = 1"]);
    await fails(t, /^Line 4: /, ["conf", "ping_interval: 2"]);
    await fails(t, /^Line 4: /, ["conf", "port: 1"], ["text", "an error"]);
    await fails(t, /^Line 4: /, ["json", "{ a: 1 }"]);
  },
);

test("a block with a file's name is that file", { skip }, async (t) => {
  await holds(
    t,
    ["conf", "port: 4222", "Here is `some.conf`:"],
    ["ts", 'console.log("run");', "This is `some.ts`:"],
    ["sh", "cat some.conf; deno run some.ts"],
    ["text", "port: 4222\nrun"],
  );
  await fails(
    t,
    /No command runs some\.ts/,
    ["sh", "cat some.ts || true"],
    ["ts", 'console.log("run");', "This is `some.ts`:"],
  );
});

test("what is left out is not done", { skip }, async (t) => {
  const omissions: Omissions = { commands: ["false"], chapters: ["No"] };
  const page =
    `${pageOf(["sh", "false"])}\n## No\n${pageOf(["sh", "exit 1"])}` +
    `\n## Yes\n${pageOf(["sh", "true"])}`;
  await follow(t, page, omissions);
});

test("blocks have a language that can be checked", { skip }, async (t) => {
  await fails(t, /A block is/, ["", "x"]);
  await fails(t, /A block is/, ["js", "x"]);
  await assert.rejects(follow(t, "Words:\n\n    code\n"), {
    message: /fenced/,
  });
});

test("three dots stand for what varies", () => {
  assert.ok(areLike("a 1 b\n", "a ... b\n"));
  assert.ok(areLike("a\nb\nc\n", "a\n...\nc\n"));
  assert.ok(areLike("a\nc\n", "a\n...\nc\n"));
  assert.ok(areLike("  a\n    b\n", "a\n  b\n"));
  assert.ok(!areLike("a\n  b\n", "a\n    b\n"));
  assert.ok(!areLike("a\nb\n", "a\n"));
  assert.ok(!areLike("a\n", "a\nb\n"));
  assert.ok(!areLike("a.c\n", "a.b\n"));
  assert.ok(haveLike("x\na\ny\nb\nz\n", "a\nb\n"));
  assert.ok(!haveLike("b\na\n", "a\nb\n"));
  assert.ok(areLike("", "\n"));
  assert.ok(keepsPromises("", []));
  assert.ok(keepsPromises("b\na\n", ["a", "b"]));
  assert.ok(!keepsPromises("a\na\n", ["a"]));
  assert.ok(!keepsPromises("a\n", ["a", "b"]));
});

test("a page is read as its blocks", () => {
  const page = "# T\n\n## One\n\nSome words,\nsave it as `a.ts`:\n\n" +
    "```ts\n1;\n```\n\n- item:\n\n  ```sh\n  a \\\n    b\n  # c\n  d\n  ```\n";
  const [first, second] = blocksOf(page);
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual({ ...first }, {
    language: "ts",
    text: "1;\n",
    line: 9,
    lead: "Some words, save it as `a.ts`:",
    chapter: "One",
  });
  assert.equal(fileOf(first), "a.ts");
  assert.equal(fileOf(second), undefined);
  assert.deepEqual(commandsOf(second), ["a b", "d"]);
  assert.throws(() => blocksOf("```ts\n"), /line 1 has no end/);
  assert.deepEqual(indentedCode("a\n\n    code\n"), [3]);
});
