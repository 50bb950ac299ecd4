/** The platform module: the same answers on each runtime. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runInNewContext } from "node:vm";
import * as system from "../../src/runtime/process/system.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

test("a text file is written with its mode, read back and removed", (t) => {
  const path = join(temporaryFolder(t), "x.pid");
  system.writeTextFile(path, "12 ü", 0o640);
  assert.equal(system.readTextFile(path), "12 ü");
  assert.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
  system.removeFile(path);
  assert.throws(() => statSync(path));
  system.removeFile(path);
});

test("a missing file and a folder are named in the operator's words", (t) => {
  const folder = temporaryFolder(t);
  assert.throws(() => system.readTextFile("/no/such.conf"), {
    message: "open /no/such.conf: no such file or directory",
  });
  assert.throws(() => system.readTextFile(folder), {
    message: `read ${folder}: is a directory`,
  });
  assert.throws(() => system.writeTextFile(folder, "x"), {
    message: `open ${folder}: is a directory`,
  });
});

test("the code of an error is found when the error is of another realm", () => {
  const foreign: unknown = runInNewContext(
    'Object.assign(new Error("x"), { code: "ENOENT" })',
  );
  assert.ok(!(foreign instanceof Error));
  assert.equal(system.errorCode(foreign), "ENOENT");
  assert.equal(
    system.systemError("open x", foreign).message,
    "open x: no such file or directory",
  );
  assert.equal(system.errorCode({ code: "ENOENT" }), undefined);
  assert.equal(system.errorCode(undefined), undefined);
});

test("a path becomes absolute", () => {
  assert.equal(system.absolutePath("/a/../b"), "/b");
  assert.equal(system.absolutePath("b"), join(process.cwd(), "b"));
});

test("this module is not the program when another file is", () => {
  const meta = { url: "file:///nowhere.ts", main: false } as ImportMeta;
  assert.equal(system.isMain(meta), false);
});

test("without import.meta.main the started file decides", () => {
  const started = process.argv[1];
  assert.ok(started !== undefined);
  const meta = { url: new URL(`file://${started}`).href } as ImportMeta;
  assert.equal(system.isMain(meta), true);
  const other = { url: new URL("../../deno.json", import.meta.url).href };
  assert.equal(system.isMain(other as ImportMeta), false);
});

test("a signal reaches its handler until the handler is removed", async () => {
  const arrived = Promise.withResolvers<void>();
  const remove = system.onSignal("SIGHUP", arrived.resolve);
  // A pending promise keeps no process alive, and neither does a handler.
  const alive = setInterval(() => {}, 1000);
  system.sendSignal(system.processId(), "SIGHUP");
  await arrived.promise;
  clearInterval(alive);
  remove();
});

test("a signal to nobody says so", () => {
  assert.throws(() => system.sendSignal(2 ** 22 + 1, "SIGHUP"), {
    message: /no such process$/,
  });
});

test("the process knows its numbers", () => {
  assert.ok(system.memoryUsage() > 1_000_000);
  assert.ok(system.cpuSeconds() > 0);
  assert.ok(system.coreCount() >= 1);
  assert.match(system.runtimeName(), /^(deno|bun|node) \d+\.\d+\.\d+/);
  for (const address of system.interfaceAddresses()) {
    assert.doesNotMatch(address, /^(127\.|169\.254\.|::1$|fe80:)/);
  }
});

test("the clock calls back in order, and not what was cancelled", async () => {
  const { systemClock } = system;
  const calls: string[] = [];
  const done = Promise.withResolvers<void>();
  const alive = setInterval(() => {}, 1000);
  const before = systemClock.monotonic();
  systemClock.after(30, done.resolve);
  systemClock.after(20, () => calls.push("second"));
  systemClock.after(1, () => calls.push("first"));
  systemClock.after(5, () => calls.push("never")).cancel();
  systemClock.after(1e12, () => calls.push("far too early"));
  await done.promise;
  clearInterval(alive);
  assert.deepEqual(calls, ["first", "second"]);
  assert.ok(systemClock.monotonic() > before);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 60_000);
});

test("random bytes fill the whole of a large target", () => {
  const target = new Uint8Array(200_000);
  system.systemRandom.fill(target);
  const end = target.subarray(-64);
  assert.ok(end.some((byte) => byte !== 0));
  assert.notDeepEqual(target.subarray(0, 64), end);
  const float = system.systemRandom.next();
  assert.ok(float >= 0 && float < 1);
});
