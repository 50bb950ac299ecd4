/**
 * `scripts/test.ts` from outside, on the runtime of this test: one file, one
 * test by its name, what it counts, and which test it says has hung.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { spawnCommand } from "../support/process.ts";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
} from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

interface Run {
  readonly code: number | null;
  readonly output: string;
  /** What is printed below the runner's own output. */
  readonly summary: string;
}

async function runScript(
  t: Cleanup,
  tests: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "given_test.ts"),
    `import { test } from "${PROJECT_FOLDER}tests/support/test.ts";\n${tests}`,
  );
  const script = [executableOf("deno")!, "run", "-A", "scripts/test.ts"];
  const only = relative(PROJECT_FOLDER, folder);
  const wanted = ["-runtime", currentRuntime().name, "-only", only, ...args];
  // Node's runner does not run within itself.
  const without = ["env", "-u", "NODE_TEST_CONTEXT"];
  const child = spawnCommand([...without, ...script, ...wanted], { env });
  t.after(() => child.stop());
  const { code } = await child.exited;
  const summary = child.stdout.slice(child.stdout.lastIndexOf("seconds\n") + 8);
  return { code, output: child.stdout + child.stderr, summary };
}

const FILE = `
test("one (of many)?", () => {});
test("two", () => {});
test("three", { skip: "why not" });
`;

test("the tests of a folder are run and counted", async (t) => {
  const { code, summary, output } = await runScript(t, FILE);
  assert.equal(code, 0, output);
  assert.match(
    summary,
    /^(deno|bun|node) +2 +0 +1 [^]*\n2 passed, 0 failed, 1 skipped\n$/,
  );
});

test("one test is run by a part of its title", async (t) => {
  const { code, summary, output } = await runScript(t, FILE, [
    "-name",
    "(of many)?",
  ]);
  assert.equal(code, 0, output);
  assert.match(summary, /\n1 passed, 0 failed\n$/);
});

test("a file of which every test is left out is no failure", async (t) => {
  const tests = 'test("three", { skip: "why not" });\n';
  const { code, summary, output } = await runScript(t, tests);
  assert.equal(code, 0, output);
  assert.match(summary, /\n0 passed, 0 failed, 1 skipped\n$/);
});

test("a name that no test has is a failure", async (t) => {
  const { code, output, summary } = await runScript(t, FILE, ["-name", "four"]);
  assert.equal(code, 1, output);
  assert.match(output, /No test ran on/);
  assert.match(summary, /\n0 passed, 1 failed/);
});

test("a test that takes longer than its limit is named at the end", async (t) => {
  const tests = `
test("a wait", { limitMs: 10 }, () => new Promise(() => {}));
test("no wait", () => {});
`;
  const { code, summary, output } = await runScript(t, tests);
  assert.equal(code, 1, output);
  assert.match(
    summary,
    /\nhung on (deno|bun|node): "a wait" took longer than 0.01 s\n\n1 passed, 1 failed\n$/,
  );
});

test("so is a loop that nothing can stop, when all time is over", async (t) => {
  const { code, summary, output } = await runScript(
    t,
    'test("a loop", () => { while (true); });\n',
    [],
    { MIDGE_TEST_OVERALL_MS: "3000" },
  );
  assert.equal(code, 1, output);
  assert.match(output, /Stopped: the tests took more than 0.05 min/);
  assert.match(summary, /\nhung on (deno|bun|node): "a loop" did not end\n/);
});

const FIRST_FAILS = (marker: string): string => `
import { existsSync, writeFileSync } from "node:fs";
test("passes later", () => {
  if (existsSync(${JSON.stringify(marker)})) return;
  writeFileSync(${JSON.stringify(marker)}, "");
  throw new Error("not yet");
});
test("passes", () => {});
`;

test("a failed test that passes alone is named, and is no failure", async (t) => {
  const marker = join(temporaryFolder(t), "marker");
  const args = ["-again", "1"];
  const { code, summary, output } = await runScript(
    t,
    FIRST_FAILS(marker),
    args,
  );
  assert.equal(code, 0, output);
  assert.match(
    output,
    /\npassed when it was run alone, failed on \w+: passes later\n[^]*not yet/,
  );
  assert.match(summary, /\nunsteady: 1, [^]*\n2 passed, 0 failed\n$/);
});

test("one that fails again is a failure, and so is one that nobody runs again", async (t) => {
  const failing = 'test("always", () => { throw new Error("never"); });\n' +
    'test("passes", () => {});\n';
  const twice = await runScript(t, failing, ["-again", "1"]);
  assert.equal(twice.code, 1, twice.output);
  assert.match(twice.summary, /\n1 passed, 1 failed\n$/);
  const marker = join(temporaryFolder(t), "marker");
  const once = await runScript(t, FIRST_FAILS(marker));
  assert.equal(once.code, 1, once.output);
  assert.match(once.summary, /\n1 passed, 1 failed\n$/);
});
