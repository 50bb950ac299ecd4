/** The tables of docs/configuration.md are those of the program. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE, withTables } from "../../scripts/make_reference.ts";
import { SERVER_FLAGS } from "../../src/config/server_flags.ts";
import { BLOCKS } from "../../src/config/keys/blocks.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

const page = readFileSync(join(PROJECT_FOLDER, PAGE), "utf8");

test("the reference is what scripts/make_reference.ts makes", () => {
  assert.equal(page, withTables(page), "Run scripts/make_reference.ts");
});

test("the reference has every key and every flag, and each is explained", () => {
  const keys = Object.values(BLOCKS).flat()
    .flatMap((block) => block.keys)
    .map(({ names, text }) => ({ names, doc: text }));
  const flags = SERVER_FLAGS.map(({ names, doc }) => ({
    names: names.map((name) => `-${name}`),
    doc,
  }));
  for (const { names, doc } of [...keys, ...flags]) {
    for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
    assert.notEqual(doc, "", names[0]);
  }
});

test("a page without a place for a table is refused", () => {
  assert.throws(() => withTables("# Configuration\n"), /has no "<!-- table:/);
});
