/** Folders that are made once, however many processes ask. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { makeOnce } from "./make_once.ts";
import { spawnCommand } from "./process.ts";
import { currentRuntime } from "./runtimes.ts";
import { temporaryFolder } from "./temp.ts";
import { test } from "./test.ts";

test("however many ask for a folder at once, it is made once and appears whole", async (t) => {
  const parent = temporaryFolder(t);
  const folder = join(parent, "made");
  let times = 0;
  const fill = async (unfinished: string): Promise<void> => {
    times++;
    assert.ok(!existsSync(folder));
    writeFileSync(join(unfinished, "file"), "text");
    await turn();
    assert.ok(!existsSync(folder));
  };
  const asked = [1, 2, 3].map(() => makeOnce(folder, fill));
  assert.deepEqual(await Promise.all(asked), [folder, folder, folder]);
  assert.equal(times, 1);
  assert.equal(readFileSync(join(folder, "file"), "utf8"), "text");
  assert.deepEqual(readdirSync(parent), ["made"]);
});

test("a folder whose making failed is made by the next one who asks", async (t) => {
  const parent = temporaryFolder(t);
  const folder = join(parent, "made");
  const failing = (): void => {
    throw new Error("no luck");
  };
  await assert.rejects(makeOnce(folder, failing), /no luck/);
  assert.deepEqual(readdirSync(parent), []);
  await makeOnce(folder, () => {});
  assert.ok(existsSync(folder));
});

test("the lock of a process that is gone holds nobody up", async (t) => {
  const folder = join(temporaryFolder(t), "made");
  const gone = spawnCommand([currentRuntime().command[0]!, "--version"]);
  await gone.exited;
  writeFileSync(`${folder}.lock`, String(gone.pid));
  await makeOnce(folder, () => {});
  assert.ok(existsSync(folder));
});
