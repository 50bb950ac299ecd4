/**
 * bcrypt where no file of ours is left: in a build, which carries its thread
 * as text, and in a bundle that a user makes of our sources.
 */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
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
/** On the main thread there is one turn in a tenth of a second, beside it thousands. */
const MANY_TURNS = 50;

/** Bundles the program, runs it alone in a folder, and gives the turns that it saw. */
async function turnsIn(
  t: Cleanup,
  options: BundleOptions,
  command: readonly string[] = currentRuntime().command,
  folder: string = temporaryFolder(t),
): Promise<number> {
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

test("a bundle without the thread's text compares on the main thread", async (t) => {
  const turns = await turnsIn(t, OPTIONS);
  assert.ok(turns < MANY_TURNS, `${turns} turns`);
});

test("what a thread leaves that ends before its first answer, the main thread does", async (t) => {
  const folder = temporaryFolder(t);
  const quitter = `import("node:fs").then(({ writeFileSync }) => {
    writeFileSync("started", "");
    process.exit(0);
  });`;
  const define = { MIDGE_BCRYPT_THREAD: JSON.stringify(quitter) };
  const { command } = currentRuntime();
  // The program has its right answer all the same.
  await turnsIn(t, { ...OPTIONS, define }, command, folder);
  assert.ok(existsSync(join(folder, "started")), "no thread was started");
});
