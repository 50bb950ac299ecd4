/**
 * The files of `differential/talks`: conversations of several peers, with
 * accounts, permissions, keys and reloads, held with Midge and with the
 * nats-server whose behaviour counts. Both have to say the same bytes, but for
 * what `differential/differences.ts` and the files themselves list.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { modelMissing as skip } from "../support/nats_server.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { Comparison } from "./differential/runner.ts";
import { readTalks } from "./differential/talk_file.ts";

const FOLDER = join(PROJECT_FOLDER, "tests/compat/differential/talks");
const GROUPS = readdirSync(FOLDER).sort()
  .map((file) => readTalks(file, readFileSync(join(FOLDER, file), "utf8")));

const comparison = new Comparison();

for (const group of GROUPS) {
  test(`both servers say the same: ${group.title}`, { skip }, async (t) => {
    const disagreements = await comparison.hold(t, group);
    t.diagnostic(`${group.conversations.length} conversations`);
    if (disagreements.length > 0) {
      assert.fail(
        `Midge says "-", nats-server "+":\n${disagreements.join("\n")}`,
      );
    }
  });
}

test("what differs in a talk is in the documents", () => {
  const page = readFileSync(join(PROJECT_FOLDER, "docs/missing.md"), "utf8");
  const rows = page.split("\n").map((row) => row.replace(/\s+/g, " "));
  for (const { conversations } of GROUPS) {
    for (const { differs } of conversations) {
      if (differs === undefined) continue;
      const { what, why } = differs;
      assert.ok(rows.includes(`| ${what} | ${why} |`), what);
    }
  }
});
