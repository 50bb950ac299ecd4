/**
 * A file that was built anew takes the place of the damaged one, whenever the
 * process ends meanwhile; what only has its name takes nobody's place.
 */
import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { asciiBytes } from "../../src/core/ascii.ts";
import { FileStore } from "../../src/jetstream/store/file_store.ts";
import { PAGE_SIZE } from "../../src/jetstream/store/pages.ts";
import { StoreError } from "../../src/jetstream/store/stream_store.ts";
import { type Storage, StorageError } from "../../src/platform/storage.ts";
import { platform } from "../../src/runtime/mod.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { test } from "../support/test.ts";

const real = loadStorage("lazy");
const MESSAGES = 300;
const JUNK = "stream.db.rebuilt";

/** The folder of a store whose messages are in its file and, from half of them on, in its log. */
async function filled(t: Cleanup): Promise<string> {
  const folder = join(temporaryFolder(t), "store");
  const append = async (first: number, last: number): Promise<void> => {
    const store = open(folder);
    for (let seq = first; seq <= last; seq++) {
      const payload = asciiBytes(`message ${seq}`.repeat(10));
      store.append({
        seq,
        timeUs: seq,
        subject: "s",
        headers: payload.subarray(0, 0),
        payload,
      });
    }
    store.put("stream", "its configuration", true);
    await new Promise<void>((resolve) => store.sync(() => resolve()));
    if (last === MESSAGES) {
      cpSync(folder, `${folder}.copy`, { recursive: true });
    }
    await store.close();
  };
  await append(1, MESSAGES / 2);
  await append(MESSAGES / 2 + 1, MESSAGES);
  return `${folder}.copy`;
}

function open(folder: string, storage: Storage = real): FileStore {
  return new FileStore(folder, storage, platform.runSoon);
}

/** Opens a store, reads all, and closes it; gives what is told of damage. */
async function read(folder: string): Promise<string> {
  const store = open(folder);
  const texts: string[] = [];
  let count = 0;
  finishSteps(store.replay(() => count++, ({ text }) => texts.push(text)));
  assert.equal(count, MESSAGES);
  assert.deepEqual([...store.values("stream")], [[
    "stream",
    "its configuration",
  ]]);
  await store.close();
  return texts.join("\n");
}

/** Damages the head of the file, so that a new one is built. */
function harm(folder: string): void {
  const file = join(folder, "stream.db");
  const bytes = readFileSync(file);
  bytes.fill(0xff, 18, 20);
  writeFileSync(file, bytes);
}

/** A disk on which the process ends at a renaming. */
function endingAt(renaming: number): Storage {
  let renamed = 0;
  const rename = (from: string, to: string): void => {
    if (renamed++ === renaming) throw new StorageError("the end", "failed");
    real.raw!.rename(from, to);
  };
  return { ...real, raw: { ...real.raw!, rename } };
}

test("an exchange of files that ends half-way is finished at the next start", async (t) => {
  const whole = await filled(t);
  for (let renaming = 0;; renaming++) {
    const folder = join(temporaryFolder(t), "store");
    cpSync(whole, folder, { recursive: true });
    harm(folder);
    try {
      await open(folder, endingAt(renaming)).close();
      // The new file's name, the log, the damaged file, and its place.
      assert.equal(renaming, 4);
      return;
    } catch (error) {
      assert.ok(error instanceof StoreError, String(error));
    }
    assert.match(await read(folder), /stream\.db was damaged .*damaged-1$/);
    const kept = readdirSync(folder).filter((name) => /damaged/.test(name));
    assert.deepEqual(kept.sort(), [
      "stream.db.damaged-1",
      "stream.db.damaged-1-wal",
    ], `${renaming}`);
  }
});

const JUNK_FILES: readonly (readonly [string, (folder: string) => void])[] = [
  ["text", (folder) => writeFileSync(join(folder, JUNK), "junk".repeat(5000))],
  ["an empty file", (folder) => writeFileSync(join(folder, JUNK), "")],
  ["a folder", (folder) => mkdirSync(join(folder, JUNK))],
  ["an empty database of a stream", (folder) => {
    const elsewhere = `${folder}.new`;
    void open(elsewhere).close();
    cpSync(join(elsewhere, "stream.db"), join(folder, JUNK));
  }],
  ["a copy of the database", (folder) => {
    cpSync(join(folder, "stream.db"), join(folder, JUNK));
  }],
  ["a damaged copy of the database", (folder) => {
    const bytes = readFileSync(join(folder, "stream.db"));
    bytes.fill(0, PAGE_SIZE, 2 * PAGE_SIZE);
    writeFileSync(join(folder, JUNK), bytes);
  }],
  ["a database that took the place of an older one", (folder) => {
    harm(folder);
    void open(folder).close();
    cpSync(join(folder, "stream.db"), join(folder, JUNK));
  }],
];

for (const [what, put] of JUNK_FILES) {
  test(`${what} with the name of a new file is put aside, and told of`, async (t) => {
    const folder = await filled(t);
    put(folder);
    const told =
      /stream\.db\.rebuilt is not what was built of .*stream\.db \(.*\); it is .*stream\.db\.rebuilt\.damaged-1 now/;
    assert.match(await read(folder), told);
    assert.match(await read(folder), told);
    const names = readdirSync(folder).filter((name) => /rebuilt/.test(name));
    assert.deepEqual(names, [`${JUNK}.damaged-1`]);
  });
}

test("what only has the name of a new file is no stream", async (t) => {
  const folder = await filled(t);
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  writeFileSync(join(folder, JUNK), "junk");
  assert.throws(
    () => open(folder),
    /stream\.db\.rebuilt is not what was built/,
  );
  assert.equal(readFileSync(join(folder, JUNK), "utf8"), "junk");
});
