/** What storage by SQLite does when a disk does not do what it is told. */
import assert from "node:assert/strict";
import { cpSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Database, StorageError } from "../../src/platform/storage.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

const skip = process.platform === "linux"
  ? false
  : "nothing else has a file that cannot be synced";

function synced(database: Database): Promise<StorageError | undefined> {
  return new Promise((resolve) => database.sync(resolve));
}

test(
  "what could not be synced is moved out of the log before anything else is",
  { skip },
  async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "stream.db");
    const log = `${path}-wal`;
    const database = loadStorage().open(path);
    t.after(() => database.close());
    database.execute("CREATE TABLE one (number INTEGER)");
    database.execute("INSERT INTO one VALUES (1)");
    // SQLite has the log open, and what stands in its place cannot be synced.
    renameSync(log, `${log}.moved`);
    symlinkSync("/dev/null", log);
    assert.match((await synced(database))!.message, /EINVAL|invalid argument/i);
    rmSync(log);
    renameSync(`${log}.moved`, log);
    assert.notEqual(statSync(log).size, 0);
    database.execute("INSERT INTO one VALUES (2)");
    assert.equal(await synced(database), undefined);
    assert.equal(statSync(log).size, 0);
    // The file alone has all of it.
    const alone = join(folder, "alone.db");
    cpSync(path, alone);
    const copy = loadStorage().open(alone);
    t.after(() => copy.close());
    const rows = [...copy.prepare("SELECT number FROM one").rows()];
    assert.deepEqual(rows.map(({ number }) => number), [1, 2]);
    database.execute("INSERT INTO one VALUES (3)");
    assert.equal(await synced(database), undefined);
    assert.notEqual(statSync(log).size, 0);
  },
);
