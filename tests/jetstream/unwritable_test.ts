/**
 * Files and folders that may not be written, and a disk that is full: what cannot
 * be done is told with the name of the file, and works once that is mended.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { checkWhole, MESSAGES, start, streamOf, written } from "./lives.ts";
import { type Answer, type Asker, errorIn } from "./request.ts";

/** Modes are nothing to root, who can forbid itself to write otherwise. */
const isRoot = process.getuid?.() === 0;
const MAY_NOT = "(EACCES|EPERM): [^,]+, ";

/** A temporary folder, and what has to be done before it can be removed. */
function placeOf(t: TestContext): { folder: string; first: (() => void)[] } {
  const first: (() => void)[] = [];
  t.after(() => first.forEach((run) => run()));
  return { folder: temporaryFolder(t), first };
}

/** Forbids to write a file, or what is in a folder; gives what allows it again. */
function forbid(path: string, isFolder: boolean): () => void {
  if (!isRoot) {
    chmodSync(path, isFolder ? 0o555 : 0o444);
    return () => chmodSync(path, isFolder ? 0o755 : 0o644);
  }
  assert.equal(spawnSync("chattr", ["+i", path]).status, 0);
  return () => void spawnSync("chattr", ["-i", path]);
}

/** Why nothing can be forbidden; false where it can. */
const cannotForbid = ((): string | false => {
  if (process.platform === "win32") return "Windows has no such modes";
  if (!isRoot) return false;
  const file = join(process.env["TMPDIR"] ?? "/tmp", `midge-${process.pid}`);
  writeFileSync(file, "");
  const { status } = spawnSync("chattr", ["+i", file]);
  spawnSync("chattr", ["-i", file]);
  rmSync(file);
  return status === 0 ? false : "root may write everything, and has no chattr";
})();

/** Why there is no file system for a test; false where there is. */
const cannotMount = isRoot && process.platform === "linux" &&
    spawnSync("unshare", ["-m", "true"]).status === 0
  ? false
  : "to mount a file system takes root, and Linux";

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

/** A small file system of its own. */
function mounted(t: TestContext): string {
  const place = placeOf(t);
  const folder = join(place.folder, "disk");
  mkdirSync(folder);
  mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", folder);
  place.first.push(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}

async function refusal(asking: Asker, name: string): Promise<string> {
  const answer = await asking.api(`STREAM.CREATE.${name}`, streamOf(name));
  assert.equal(errorIn(answer), 10077);
  return (answer["error"] as Answer)["description"] as string;
}

const REFUSED: readonly (readonly [string, boolean, RegExp])[] = [
  [
    "A/stream.db",
    false,
    new RegExp(`A/stream\\.db: ${MAY_NOT}open '.*/A/stream\\.db'`),
  ],
  ["A", true, new RegExp(`A/stream\\.db: ${MAY_NOT}open '.*/A/.*'`)],
];

for (const [path, isFolder, told] of REFUSED) {
  test(
    `a stream whose ${
      isFolder ? "folder" : "database"
    } may not be written is told of, and is back afterwards`,
    {
      skip: cannotForbid,
    },
    async (t) => {
      const { folder: storeDir, first } = placeOf(t);
      const streams = join(await written(t, storeDir), "..");
      const before = readdirSync(join(streams, "A"));
      const allow = forbid(join(streams, path), isFolder);
      first.push(allow);
      for (let life = 0; life < 2; life++) {
        const { asking, log, health, stop } = await start(t, storeDir);
        assert.match(log, told);
        assert.match(health, told);
        assert.equal(errorIn(await asking.publish("B", "hello")), undefined);
        await stop();
      }
      allow();
      assert.deepEqual(readdirSync(join(streams, "A")), before);
      const { health, ...life } = await start(t, storeDir);
      assert.equal(health, "");
      await checkWhole({ health, ...life });
    },
  );
}

test("a stream that may not note its last sequence is told of, and works", {
  skip: cannotForbid,
}, async (t) => {
  const { folder: storeDir, first } = placeOf(t);
  const allow = forbid(join(await written(t, storeDir), "acknowledged"), false);
  first.push(allow);
  const life = await start(t, storeDir);
  assert.match(life.health, new RegExp(`A/acknowledged .*${MAY_NOT}open`));
  await checkWhole(life);
  const { seq } = await life.asking.publish("A", "more");
  assert.equal(seq, MESSAGES + 1);
});

test(
  "a stream for which no folder can be made is refused, and made afterwards",
  {
    skip: cannotForbid,
  },
  async (t) => {
    const { folder: storeDir, first } = placeOf(t);
    const allow = forbid(join(await written(t, storeDir), ".."), true);
    first.push(allow);
    const { asking, health } = await start(t, storeDir);
    assert.equal(health, "");
    const told = new RegExp(`N/stream\\.db: ${MAY_NOT}mkdir '.*/streams/N'`);
    assert.match(await refusal(asking, "N"), told);
    assert.equal(errorIn(await asking.publish("A", "more")), undefined);
    allow();
    assert.equal(
      await asking.error("STREAM.CREATE.N", streamOf("N")),
      undefined,
    );
  },
);

test(
  "streams on a file system that is read-only are told of, and are back afterwards",
  {
    skip: cannotMount,
  },
  async (t) => {
    const disk = mounted(t);
    const storeDir = join(disk, "store");
    await written(t, storeDir);
    mount("-o", "remount,ro", disk);
    const { asking, log, health, stop } = await start(t, storeDir);
    const told = (name: string) =>
      new RegExp(`${name}/stream\\.db: EROFS: [^,]+, .*/streams/${name}`);
    assert.match(health, told("A"));
    for (const name of ["A", "B"]) assert.match(log, told(name));
    assert.match(await refusal(asking, "N"), told("N"));
    await stop();
    mount("-o", "remount,rw", disk);
    const life = await start(t, storeDir);
    assert.equal(life.health, "");
    await checkWhole(life);
  },
);

test("a full disk refuses what it has no room for, and nothing of it is left", {
  skip: cannotMount,
}, async (t) => {
  const disk = mounted(t);
  const storeDir = join(disk, "store");
  await written(t, storeDir);
  const ballast = join(disk, "ballast");
  spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4k"]);
  const { asking, health, stop } = await start(t, storeDir);
  assert.equal(health, "");
  const isFull = (name: string) =>
    new RegExp(`${name}/stream\\.db: database or disk is full`);
  assert.match(await refusal(asking, "N"), isFull("N"));
  const { error } = await asking.publish("A", "x".repeat(10_000));
  assert.match((error as Answer)["description"] as string, isFull("A"));
  await stop();
  // No stream is told of that was never made.
  const life = await start(t, storeDir);
  assert.equal(life.health, "");
  await checkWhole(life);
  assert.match(await refusal(life.asking, "N"), isFull("N"));
  rmSync(ballast);
  const ask = life.asking;
  assert.equal(await ask.error("STREAM.CREATE.N", streamOf("N")), undefined);
  const { seq } = await ask.publish("A", "x".repeat(10_000));
  assert.equal(typeof seq, "number");
});
