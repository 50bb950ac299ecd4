/**
 * The time limit of the tests themselves: a file with tests that hang is run by
 * the runtime's own runner, and each of them must be named.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnCommand } from "./process.ts";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
  type RuntimeName,
} from "./runtimes.ts";
import { type Cleanup, temporaryFolder } from "./temp.ts";
import { test } from "./test.ts";

const COMMANDS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["test", "-A", "--no-check", "--config", `${PROJECT_FOLDER}deno.json`],
  bun: ["test"],
  node: ["--test", "--test-reporter=spec"],
};

const FILE = `
import { describe, it, test } from "${PROJECT_FOLDER}tests/support/test.ts";

const never = () => new Promise(() => {});

test("quick", (t) => {
  console.log("The title is " + t.name);
  t.after(() => console.log("The clean-up ran"));
});
test("left out", { skip: "no need" });
test("hangs", { limitMs: 200 }, async (t) => {
  t.after(() => console.log("What hung was cleaned up"));
  await never();
});
test("cleans up for ever", { limitMs: 200 }, (t) => t.after(never));
describe("a group", () => {
  it("hangs too", { limitMs: 200 }, never);
  it("is slow", { limitMs: 60_000 }, () => new Promise((done) => setTimeout(done, 1)));
});
`;

interface Run {
  readonly folder: string;
  readonly code: number | null;
  readonly output: string;
}

async function runFile(t: Cleanup, text: string): Promise<Run> {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "hanging_test.ts"), text);
  const { name } = currentRuntime();
  const words = [executableOf(name)!, ...COMMANDS[name], "./hanging_test.ts"];
  // Node's runner does not run within itself.
  const child = spawnCommand(["env", "-u", "NODE_TEST_CONTEXT", ...words], {
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  t.after(() => child.stop());
  const { code } = await child.exited;
  return { folder, code, output: child.stdout + child.stderr };
}

test("a test that hangs fails under its name, and the others go on", async (t) => {
  const { code, output } = await runFile(t, FILE);
  assert.notEqual(code, 0);
  const late = [
    ...output.matchAll(
      /error: (?:Error: )?(.*"[^"]+" took longer than 0.2 s)/gi,
    ),
  ];
  assert.deepEqual([...new Set(late.map(([, text]) => text))], [
    '"hangs" took longer than 0.2 s',
    'the clean-up of "cleans up for ever" took longer than 0.2 s',
    '"a group: hangs too" took longer than 0.2 s',
  ], output);
  for (
    const said of [
      "The title is quick",
      "The clean-up ran",
      "What hung was cleaned up",
    ]
  ) {
    assert.ok(output.includes(said), `${said}\n${output}`);
  }
});

test("the output shows where a test that hangs stands", async (t) => {
  const { output } = await runFile(
    t,
    `import { test } from "${PROJECT_FOLDER}tests/support/test.ts";

test("hangs", { limitMs: 1 }, () => new Promise(() => {}));
`,
  );
  assert.match(output, /"hangs" took longer than 0.001 s/);
  // Bun names the file alone.
  const place = currentRuntime().name === "bun" ? "" : "3";
  assert.ok(output.includes(`hanging_test.ts:${place}`), output);
});

test("what a file does after all its tests is waited for", async (t) => {
  const { code, folder } = await runFile(
    t,
    `import { writeFileSync } from "node:fs";
import { after, test } from "${PROJECT_FOLDER}tests/support/test.ts";
test("passes", () => {});
after(async () => {
  await new Promise((done) => setTimeout(done, 1));
  writeFileSync("done", "The file is done");
});
`,
  );
  assert.equal(code, 0);
  const left = readFileSync(join(folder, "done"), "utf8");
  assert.equal(left, "The file is done");
});

test("the usual limit can be set for all tests of a run", async (t) => {
  const { output } = await runFile(
    t,
    `process.env.MIDGE_TEST_LIMIT_MS = "1500";
const { test } = await import("${PROJECT_FOLDER}tests/support/test.ts");
test("hangs", () => new Promise(() => {}));
`,
  );
  assert.match(output, /"hangs" took longer than 1.5 s/);
});
