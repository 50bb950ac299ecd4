/** Files as discovery uses them, on a real file system. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { files } from "../../src/runtime/process/files.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const TOO_LONG = 1_048_577;

test("a file is read as UTF-8", async (t) => {
  const path = join(temporaryFolder(t), "a");
  writeFileSync(path, "\ufeffhöre 🎺\n");
  assert.equal(await files.readText(path), "höre 🎺\n");
  writeFileSync(path, "");
  assert.equal(await files.readText(path), "");
});

test("what cannot be read is told in the operator's words", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "none");
  await assert.rejects(files.readText(path), {
    message: `open ${path}: no such file or directory`,
  });
  await assert.rejects(files.readText(folder), /: is a directory$/);
  await assert.rejects(files.list(path), {
    message: `open ${path}: no such file or directory`,
  });
  await assert.rejects(files.touch(path), /: no such file or directory$/);
  await assert.rejects(files.modifiedAt(path), /: no such file or directory$/);
});

test("a file that is too long is refused, also one that has no end", async (t) => {
  const path = join(temporaryFolder(t), "a");
  writeFileSync(path, "x".repeat(TOO_LONG - 1));
  assert.equal((await files.readText(path)).length, TOO_LONG - 1);
  writeFileSync(path, "x".repeat(TOO_LONG));
  await assert.rejects(files.readText(path), {
    message: `open ${path}: is longer than 1048576 bytes`,
  });
  await assert.rejects(files.readText("/dev/zero"), /is longer than/);
});

test("a file is replaced as a whole, with its mode", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "a");
  writeFileSync(path, "old", { mode: 0o644 });
  await files.replaceText(path, "new", 0o600);
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["a"]);
});

test("a replacement that fails leaves the file and no draft", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "a");
  mkdirSync(path);
  await assert.rejects(files.replaceText(path, "new", 0o600));
  assert.deepEqual(readdirSync(folder), ["a"]);
  const lost = join(folder, "none", "a");
  await assert.rejects(files.replaceText(lost, "new", 0o600), {
    message: `write ${lost}: no such file or directory`,
  });
});

test("a link is replaced, and what it leads to is not touched", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "other"), "old");
  symlinkSync("other", join(folder, "a"));
  await files.replaceText(join(folder, "a"), "new", 0o600);
  assert.equal(readFileSync(join(folder, "other"), "utf8"), "old");
  assert.equal(readFileSync(join(folder, "a"), "utf8"), "new");
});

test("a file is removed, and one that is not there is fine", async (t) => {
  const path = join(temporaryFolder(t), "a");
  writeFileSync(path, "");
  await files.remove(path);
  await files.remove(path);
  assert.ok(!existsSync(path));
});

test("a list has files and links, and no folders", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "a"), "");
  symlinkSync("a", join(folder, "b"));
  mkdirSync(join(folder, "c"));
  assert.deepEqual((await files.list(folder)).sort(), ["a", "b"]);
});

test("a touched file was changed just now", async (t) => {
  const path = join(temporaryFolder(t), "a");
  writeFileSync(path, "text");
  utimesSync(path, 1_000_000, 1_000_000);
  assert.equal(await files.modifiedAt(path), 1_000_000_000);
  const before = Date.now();
  await files.touch(path);
  const modifiedAt = await files.modifiedAt(path);
  assert.ok(modifiedAt >= before - 1000 && modifiedAt <= Date.now() + 1000);
  assert.equal(readFileSync(path, "utf8"), "text");
});

test("a fingerprint changes with the file, and there is none without it", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "a");
  assert.equal(await files.fingerprint(path), undefined);
  assert.equal(await files.fingerprint(join(path, "b")), undefined);
  writeFileSync(path, "one");
  const prints = [await files.fingerprint(path)];
  assert.equal(await files.fingerprint(path), prints[0]);
  writeFileSync(path, "longer");
  prints.push(await files.fingerprint(path));
  utimesSync(path, 1_000_000, 1_000_000);
  prints.push(await files.fingerprint(path));
  // Another file of the same size and time takes its place.
  writeFileSync(join(folder, "b"), "longer");
  utimesSync(join(folder, "b"), 1_000_000, 1_000_000);
  renameSync(join(folder, "b"), path);
  prints.push(await files.fingerprint(path));
  rmSync(path);
  prints.push(await files.fingerprint(path));
  assert.equal(new Set(prints).size, 5);
  assert.equal(prints.at(-1), undefined);
});

test("a watch tells of a file that comes, changes and is replaced", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "a");
  let changes = 0;
  const end = files.watch(path, () => changes++);
  t.after(end);
  const steps = [
    (): void => writeFileSync(path, "one"),
    (): void => writeFileSync(path, "two"),
    (): void => {
      writeFileSync(join(folder, "b"), "three");
      renameSync(join(folder, "b"), path);
    },
    (): void => rmSync(path),
  ];
  for (const step of steps) {
    const before = changes;
    step();
    await until("a change", () => changes > before);
  }
});

test("a watch of a path with a slash is one of that folder", async (t) => {
  const folder = temporaryFolder(t);
  let changes = 0;
  t.after(files.watch(`${folder}/`, () => changes++));
  writeFileSync(join(folder, "a"), "");
  await until("a change", () => changes > 0);
});

test("a watch that was ended tells nothing more, and may be ended again", async (t) => {
  const folder = temporaryFolder(t);
  const seen: string[] = [];
  const end = files.watch(join(folder, "a"), () => seen.push("ended"));
  t.after(files.watch(join(folder, "a"), () => seen.push("open")));
  end();
  end();
  writeFileSync(join(folder, "a"), "");
  await until("a change", () => seen.length > 0);
  assert.deepEqual(new Set(seen), new Set(["open"]));
});

test("a watch of a folder that is not there, or goes, harms nobody", async (t) => {
  const folder = temporaryFolder(t);
  const none = files.watch(join(folder, "none", "a"), () => {});
  mkdirSync(join(folder, "some"));
  let changes = 0;
  const some = files.watch(join(folder, "some", "a"), () => changes++);
  rmSync(join(folder, "some"), { recursive: true });
  await until("the end", () => changes > 0);
  none();
  some();
});
