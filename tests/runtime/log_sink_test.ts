/** Log files: nothing lost, reopened on request, set aside by size. */
import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { LogFile, timestamps } from "../../src/runtime/process/log_sink.ts";
import { readTextFile } from "../../src/runtime/process/system.ts";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime, PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

interface Opened {
  readonly file: LogFile;
  readonly folder: string;
  readonly path: string;
}

function openFile(
  t: Cleanup,
  sizeLimit: number = 0,
  maxFiles: number = 0,
): Opened {
  const folder = temporaryFolder(t);
  const path = join(folder, "midge.log");
  const file: LogFile = new LogFile({
    path,
    sizeLimit,
    maxFiles,
    announce: (text) => file.write(`announced: ${text}\n`),
  });
  t.after(() => file.close());
  return { file, folder, path };
}

/** The files that were set aside, oldest first. */
function backups(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== "midge.log").sort();
}

test("lines of a turn are written together and in order", async (t) => {
  const { file, path } = openFile(t);
  const lines = Array.from({ length: 1000 }, (_, at) => `line ${at}\n`);
  for (const line of lines) file.write(line);
  assert.equal(readTextFile(path), "");
  await turn();
  await turn();
  assert.equal(readTextFile(path), lines.join(""));
});

test("lines of a turn are written as soon as they are 64 KiB", (t) => {
  const { file, path } = openFile(t);
  const line = `${"\u00fc".repeat(511)} \n`;
  assert.equal(new TextEncoder().encode(line).length, 1024);
  for (let count = 1; count <= 200; count++) {
    file.write(line);
    assert.equal(statSync(path).size, Math.floor(count / 64) * 65_536);
  }
});

test("a file rotates at its limit, however many lines a turn brings", async (t) => {
  const { file, folder, path } = openFile(t, 100_000);
  const line = `${"x".repeat(99)}\n`;
  for (let count = 0; count < 10_500; count++) file.write(line);
  const sizes = backups(folder).map((name) =>
    statSync(join(folder, name)).size
  );
  // As on nats-server, the line that crosses the limit is the file's last.
  assert.equal(sizes.length, 10);
  for (const [at, size] of sizes.entries()) {
    assert(size > 100_000 && size <= 100_300, `file ${at}: ${size}`);
  }
  await turn();
  await turn();
  const all = [...backups(folder).map((name) => join(folder, name)), path];
  const lines = all.flatMap((name) => readTextFile(name).split("\n"));
  assert.equal(lines.filter((text) => text.startsWith("x")).length, 10_500);
});

test("a new file has mode 0640, an old one is continued", (t) => {
  const { file, path } = openFile(t);
  assert.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
  file.write("first\n");
  file.close();
  const again = new LogFile({
    path,
    sizeLimit: 0,
    maxFiles: 0,
    announce: () => {},
  });
  again.write("second\n");
  again.flush();
  assert.equal(readTextFile(path), "first\nsecond\n");
});

test("after reopening, lines go to a new file of that name", (t) => {
  const { file, folder, path } = openFile(t);
  file.write("old\n");
  renameSync(path, join(folder, "moved.log"));
  file.write("still old\n");
  file.reopen();
  file.write("new\n");
  file.flush();
  assert.equal(readTextFile(join(folder, "moved.log")), "old\nstill old\n");
  assert.equal(readTextFile(path), "new\n");
});

test("a file over the limit is set aside under the time", (t) => {
  const { file, folder, path } = openFile(t, 20);
  file.write("short\n");
  file.flush();
  assert.deepEqual(backups(folder), []);
  file.write("a line that is long\n");
  file.flush();
  file.write("next\n");
  file.flush();
  const [backup = ""] = backups(folder);
  assert.match(backup, /^midge\.log\.\d{4}(\.\d\d){5}\.\d{9}$/);
  const aside = join(folder, backup);
  assert.equal(readTextFile(aside), "short\na line that is long\n");
  const announced = `announced: Rotated log, backup saved as "${aside}"\n`;
  assert.equal(readTextFile(path), `${announced}next\n`);
});

test("of the files set aside only the newest are kept", (t) => {
  const { file, folder, path } = openFile(t, 10, 3);
  for (let count = 1; count <= 6; count++) {
    file.write(`a long line, number ${count}\n`);
    file.flush();
  }
  const kept = backups(folder);
  assert.equal(kept.length, 2);
  assert.match(readTextFile(join(folder, kept.at(-1) ?? "")), /number 6\n$/);
  assert.match(readTextFile(path), /Purged log file "midge\.log\.\d{4}/);
});

test("other files beside the log are never removed", (t) => {
  const { file, folder } = openFile(t, 10, 1);
  writeFileSync(join(folder, "midge.log.gz"), "");
  writeFileSync(join(folder, "other.2026.01.01.00.00.00.000000000"), "");
  file.write("a long line, and one more\n");
  file.flush();
  assert.deepEqual(backups(folder), [
    "midge.log.gz",
    "other.2026.01.01.00.00.00.000000000",
  ]);
});

test("where the file cannot be set aside, it goes on", (t) => {
  const { file, folder, path } = openFile(t, 10);
  // The file under its name is gone, so that the move fails, for root as well.
  renameSync(path, join(folder, "gone"));
  file.write("a long line, and one more\n");
  file.flush();
  file.write("and on\n");
  file.flush();
  const text = readTextFile(join(folder, "gone"));
  assert.match(text, /^a long line, and one more\nannounced: Unable to rotate/);
  assert.match(text, /\nand on\n/);
});

test("a log that cannot be opened says why", (t) => {
  const folder = join(temporaryFolder(t), "folder");
  mkdirSync(folder);
  const open = (): LogFile =>
    new LogFile({
      path: folder,
      sizeLimit: 0,
      maxFiles: 0,
      announce: () => {},
    });
  assert.throws(open, { message: `open ${folder}: is a directory` });
});

const DIES = `
import { LogFile } from "${PROJECT_FOLDER}src/runtime/process/log_sink.ts";
import process from "node:process";
const path = process.argv[2];
const file = new LogFile({ path, sizeLimit: 0, maxFiles: 0, announce() {} });
file.write("the last words\\n");
if (process.argv[3] === "throw") throw new Error("on purpose");
process.exit(3);
`;

for (const end of ["exit", "throw"]) {
  test(`what was logged just before a process ends by ${end} is kept`, async (t) => {
    const folder = temporaryFolder(t);
    const script = join(folder, "dies.ts");
    const path = join(folder, "midge.log");
    writeFileSync(script, DIES);
    const program = spawnProgram(currentRuntime(), script, [path, end]);
    t.after(() => program.stop());
    assert.notEqual((await program.exited).code, 0);
    assert.equal(readTextFile(path), "the last words\n");
  });
}

test("the time is given to the microsecond, in UTC on request", () => {
  const form = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}$/;
  assert.match(timestamps(false)(), form);
  const before = Date.now();
  const utc = timestamps(true)();
  assert.match(utc, form);
  const at = Date.parse(`${utc.replaceAll("/", "-").replace(" ", "T")}Z`);
  assert.ok(at >= before && at <= Date.now());
});
