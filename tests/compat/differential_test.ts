/**
 * The same configuration and the same lines to Midge and to the nats-server
 * whose behaviour counts: both have to say the same bytes, but for what
 * `differential/differences.ts` lists.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { modelMissing as skip } from "../support/nats_server.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { generated } from "./differential/corpus/generated.ts";
import { LIMITS } from "./differential/corpus/limits.ts";
import { DOORS, OPEN_DOOR } from "./differential/corpus/logins.ts";
import { MESSAGES } from "./differential/corpus/messages.ts";
import { PAGES_OF } from "./differential/corpus/pages.ts";
import { OPERATIONS } from "./differential/corpus/operations.ts";
import { ROUTES } from "./differential/corpus/routes.ts";
import { DIFFERENCES } from "./differential/differences.ts";
import { Comparison } from "./differential/runner.ts";

const SEED = freshSeed();

const GROUPS = [
  OPERATIONS,
  MESSAGES,
  OPEN_DOOR,
  ...DOORS,
  ...LIMITS,
  ...PAGES_OF,
  ...ROUTES,
  generated(seededRandom(SEED)),
];
const comparison = new Comparison();

for (const group of GROUPS) {
  test(`both servers say the same: ${group.title}`, { skip }, async (t) => {
    const disagreements = await comparison.hold(t, group);
    t.diagnostic(`seed ${SEED}, ${group.conversations.length} conversations`);
    if (disagreements.length > 0) {
      assert.fail(
        `Midge says "-", nats-server "+":\n${disagreements.join("\n")}`,
      );
    }
  });
}

test("each known difference is still there", { skip }, (t) => {
  if (comparison.groups < GROUPS.length) {
    return t.skip("some of the conversations were not held");
  }
  t.diagnostic(`${comparison.conversations} conversations`);
  for (const { what, why } of DIFFERENCES) t.diagnostic(`${what}: ${why}`);
  const stale = DIFFERENCES.filter((known) => !comparison.met.has(known));
  assert.deepEqual(stale, []);
});

test("each known difference is in the documents", () => {
  const page = readFileSync(join(PROJECT_FOLDER, "docs", "missing.md"), "utf8");
  const rows = page.split("\n").map((row) => row.replace(/\s+/g, " "));
  for (const { what, why } of DIFFERENCES) {
    assert.ok(rows.includes(`| ${what} | ${why} |`), what);
  }
});
