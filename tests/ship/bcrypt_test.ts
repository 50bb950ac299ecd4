/**
 * bcrypt where no file of ours is left: in a build, which carries its thread
 * as text, and in a bundle that somebody else makes of our sources.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bcryptThreadText,
  bundle,
  type BundleOptions,
} from "../../scripts/build/bundle.ts";
import { oldNode, oldNodeMissing } from "../support/old_node.ts";
import { spawnCommand } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

const PROGRAM = "tests/runtime/bcrypt_program.ts";
const OPTIONS = { format: "esm", node: "20" } as const;
/** On the main thread there is one turn in a tenth of a second. */
const MANY_TURNS = 50;

/** Bundles the program, runs it alone in a folder, and gives the turns that it saw. */
async function turnsIn(
  t: Cleanup,
  options: BundleOptions,
  command: readonly string[] = currentRuntime().command,
): Promise<number> {
  const folder = temporaryFolder(t);
  const file = join(folder, options.format === "esm" ? "app.mjs" : "app.cjs");
  writeFileSync(file, bundle(PROGRAM, options).code);
  const program = spawnCommand([...command, file], { cwd: folder });
  t.after(() => program.stop());
  assert.deepEqual(await program.exited, { code: 0, signal: null });
  assert.equal(program.stderr, "");
  const [, turns] = await program.waitFor(/^same: true after (\d+) turns\n$/);
  return Number(turns);
}

function withThread(): BundleOptions {
  const text = JSON.stringify(bcryptThreadText());
  return { ...OPTIONS, define: { MIDGE_BCRYPT_THREAD: text } };
}

test("a bundle with the thread's text compares beside the event loop", async (t) => {
  const turns = await turnsIn(t, withThread());
  assert.ok(turns > MANY_TURNS, `${turns} turns`);
});

test(
  "so it does on a Node that runs no TypeScript",
  { skip: oldNodeMissing },
  async (t) => {
    const turns = await turnsIn(t, withThread(), [oldNode!]);
    assert.ok(turns > MANY_TURNS, `${turns} turns`);
  },
);

test("somebody else's bundle compares on the main thread", async (t) => {
  await turnsIn(t, OPTIONS);
});

test("a thread that ends before its first answer is made up for", async (t) => {
  const quitter = JSON.stringify("process.exit(0);");
  await turnsIn(t, { ...OPTIONS, define: { MIDGE_BCRYPT_THREAD: quitter } });
});
