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
import { NoToolsError, tryTools } from "./tools/trial.ts";

/** The trial may have to install the tools, on a machine that does other things as well. */
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
  { limitMs: LIMIT_MS },
  async (t) => {
    let outcomes: readonly string[];
    try {
      outcomes = await tryTools();
    } catch (error) {
      if (!(error instanceof NoToolsError)) throw error;
      return t.skip(error.message);
    }
    assert.deepEqual(
      ROWS.map(({ tool, use }, at) => `${tool}, ${use}: ${outcomes[at]}`),
      ROWS.map(({ tool, use }) => `${tool}, ${use}: works`),
    );
  },
);
