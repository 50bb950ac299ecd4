/**
 * What the build puts in front of the program for a Node older than 22: it
 * does what newer runtimes do on their own, and it is all that is needed.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bundle } from "../../scripts/build/bundle.ts";
import { oldNode, oldNodeMissing } from "../support/old_node.ts";
import { currentRuntime, PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";

const PROVIDED = "scripts/build/node20.ts";
const USER = "tests/ship/node20_program.ts";

function outputOf(
  t: Cleanup,
  command: readonly string[],
  inject: readonly string[],
): string {
  const { code } = bundle(USER, { format: "esm", node: "20", inject });
  const file = join(temporaryFolder(t), "program.mjs");
  writeFileSync(file, code);
  const [program, ...args] = command;
  const { stdout, stderr } = spawnSync(program!, [...args, file], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout;
}

test("an old Node does with it what this runtime does without", {
  skip: oldNodeMissing,
}, (t) => {
  const { command } = currentRuntime();
  const here = outputOf(t, command, []);
  assert.match(here, /^\["closed",\[1,2,3\],.*"rejected"\]\n$/);
  assert.equal(outputOf(t, [oldNode!], [PROVIDED]), here);
});

test("a runtime that has it all keeps its own", (t) => {
  const { command } = currentRuntime();
  assert.equal(
    outputOf(t, command, [PROVIDED]),
    outputOf(t, command, []),
  );
});

/** A name that the library of Node 20 does not have, as the compiler puts it. */
const TOO_NEW =
  /: error TS(?:2550|2339|2551): Property '(\w+)' does not exist on type '(?!number|\{\}|ImportMeta)/;
