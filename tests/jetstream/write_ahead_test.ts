/** The write-ahead log of a stream's database, read without SQLite. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readWriteAhead } from "../../src/jetstream/store/write_ahead.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

const HEAD = 32;
const COMMITS = 5;

/** A log with several commits, as it is while the database is open. */
function logOf(t: Cleanup): Uint8Array {
  const path = join(temporaryFolder(t), "a.db");
  const database = loadStorage("in commits").open(path);
  database.execute("CREATE TABLE numbers (number INTEGER)");
  for (let i = 0; i < COMMITS; i++) {
    database.execute(`INSERT INTO numbers VALUES (${i})`);
  }
  const log = new Uint8Array(readFileSync(`${path}-wal`));
  database.close();
  return log;
}

test("a log that is whole is not damaged", (t) => {
  const { pages, isDamaged } = readWriteAhead(logOf(t));
  assert(pages.size > 1);
  assert.equal(isDamaged, false);
});

test("a flipped bit in the head of a log takes none of its pages, and is seen", (t) => {
  const log = logOf(t);
  const whole = readWriteAhead(log);
  for (let bit = 0; bit < HEAD * 8; bit++) {
    const flipped = log.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const { pages, count, isDamaged } = readWriteAhead(flipped);
    assert.deepEqual([...pages], [...whole.pages], `bit ${bit}`);
    assert.equal(count, whole.count, `bit ${bit}`);
    assert(isDamaged, `bit ${bit}`);
  }
});
