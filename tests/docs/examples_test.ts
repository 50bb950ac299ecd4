/**
 * The programs of examples/: each is short, says at its top what it shows and
 * what it prints, and prints that on the runtime under test. The list in
 * examples/README.md is complete.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnCommand } from "../support/process.ts";
import {
  currentRuntime,
  PROJECT_FOLDER,
  type Runtime,
  type RuntimeName,
} from "../support/runtimes.ts";
import { test } from "../support/test.ts";

const FOLDER = join(PROJECT_FOLDER, "examples");
const LINES_MAX = 40;

const PROGRAMS = readdirSync(FOLDER).filter((name) => name.endsWith(".ts"));

function textOf(name: string): string {
  return readFileSync(join(FOLDER, name), "utf8");
}

/** The command that runs an example, as its top says. */
function commandFor({ name, command }: Runtime, program: string): string[] {
  const file = `examples/${program}`;
  if (!program.endsWith("_test.ts")) return [...command, file];
  const runners: Readonly<Record<RuntimeName, readonly string[]>> = {
    deno: ["test", "-A", "--no-check"],
    bun: ["test"],
    node: ["--test"],
  };
  // Node's runner runs nothing where it thinks that it is inside itself.
  const fresh = ["env", "-u", "NODE_TEST_CONTEXT"];
  return [...fresh, command[0]!, ...runners[name], file];
}

/** What the comment at the top promises; undefined when it is the test runner's to say. */
function promisedOutput(text: string): string | undefined {
  const [comment = ""] = /^\/\*\*\n(?: \*.*\n)+/.exec(text) ?? [];
  const [, promise] =
    /\n \* It prints:\n \*\n((?: \* {3}.*\n)+)/.exec(comment) ??
      [];
  return promise?.replaceAll(/^ \* {3}/gm, "");
}

for (const program of PROGRAMS) {
  test(`examples/${program} prints what it says`, async () => {
    const command = commandFor(currentRuntime(), program);
    await using run = spawnCommand(command, { env: { NO_COLOR: "1" } });
    const { code } = await run.exited;
    assert.equal(code, 0, run.stdout + run.stderr);
    const text = textOf(program);
    const [, title] = /^test\("([^"]+)"/m.exec(text) ?? [];
    if (title !== undefined) {
      assert.ok((run.stdout + run.stderr).includes(title), run.stdout);
      return;
    }
    assert.equal(run.stdout, promisedOutput(text));
    assert.equal(run.stderr, "");
  });
}

test("an example is short, and says what it shows and how to run it", () => {
  for (const program of PROGRAMS) {
    const text = textOf(program);
    const lines = text.split("\n").length;
    assert.ok(lines < LINES_MAX, `${program} has ${lines} lines`);
    assert.match(text, /^\/\*\*\n \* [A-Z]/, program);
    assert.ok(text.includes(` examples/${program}`), program);
    assert.match(text, / from "midge(?:\/\w+)?";\n/, program);
    assert.doesNotMatch(text, / from "\.\.?\//, program);
  }
});

test("examples/README.md lists all examples, and no others", () => {
  const listed = [...textOf("README.md").matchAll(/\[(\w+\.ts)\]\(\1\)/g)]
    .map(([, name]) => name);
  assert.deepEqual(listed.toSorted(), PROGRAMS.toSorted());
});
