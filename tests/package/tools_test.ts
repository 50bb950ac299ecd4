/**
 * `docs/tools.md` says with which bundlers, test runners and compilers the
 * package works. Here each of them is tried, and the page is compared with it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { type Row, ROWS, versionOf } from "./tools/rows.ts";
import { toolsMissing, tryTools } from "./tools/trial.ts";

/** About a minute on two processors, on a machine that does nothing else. */
const LIMIT_MS = 10 * 60_000;

test("docs/tools.md lists the tools that are tried, in their versions", () => {
  const page = readFileSync(join(PROJECT_FOLDER, "docs/tools.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| (?!-|tool )/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(rows, ROWS.map(cellsOf));
});

function cellsOf({ tool, use, needs = "" }: Row): string[] {
  return [tool, versionOf(tool), use, needs];
}

test(
  "the package works with each of them, the client alone and all of it",
  { skip: await toolsMissing(), limitMs: LIMIT_MS },
  async () => {
    const outcomes = await tryTools();
    assert.deepEqual(
      ROWS.map(({ tool, use }, at) => `${tool}, ${use}: ${outcomes[at]}`),
      ROWS.map(({ tool, use }) => `${tool}, ${use}: works`),
    );
  },
);
