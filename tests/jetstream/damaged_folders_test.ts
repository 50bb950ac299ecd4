/**
 * What stands in the place of a stream's files, or of its folder: the stream is
 * opened or told of, nothing of it is changed, and it is back when its files are.
 */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { StorageError } from "../../src/platform/storage.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { startMidge } from "../support/midge.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { checkWhole, MESSAGES, start, streamOf, written } from "./lives.ts";
import { type Answer, asker, errorIn } from "./request.ts";

/** Puts something into the place of `path`; gives what puts it back. */
function replace(path: string, put: (kept: string) => void): () => void {
  const kept = join(dirname(dirname(path)), "kept.away");
  renameSync(path, kept);
  put(kept);
  return () => {
    rmSync(path, { recursive: true, force: true });
    renameSync(kept, path);
  };
}

/** A database of another program, with two pages. */
function foreign(path: string): void {
  const database = loadStorage("in commits").open(path);
  database.execute(
    "PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = DELETE",
  );
  database.execute("CREATE TABLE bill (price); INSERT INTO bill VALUES (3)");
  database.close();
}

const OUT_OF_PLACE: readonly {
  readonly what: string;
  readonly harm: (folder: string) => () => void;
  /** What is told of it. */
  readonly told: RegExp;
  /** A new stream of the name may be made. */
  readonly isFree?: true;
}[] = [
  {
    what: "a folder in the place of the database",
    harm: (folder) =>
      replace(
        join(folder, "stream.db"),
        () => mkdirSync(join(folder, "stream.db")),
      ),
    told: /A\/stream\.db: /,
  },
  {
    what: "a folder in the place of the write-ahead log",
    harm: (folder) => {
      const log = join(folder, "stream.db-wal");
      rmSync(log, { force: true });
      mkdirSync(log);
      return () => rmSync(log, { recursive: true });
    },
    told: /A\/stream\.db: /,
  },
  {
    what: "a folder in the place of the journal",
    harm: (folder) => {
      const journal = join(folder, "stream.db-journal");
      mkdirSync(journal);
      return () => rmSync(journal, { recursive: true });
    },
    told: /A\/stream\.db: .*stream\.db-journal/,
  },
  {
    what: "a database of another program",
    harm: (folder) =>
      replace(
        join(folder, "stream.db"),
        () => foreign(join(folder, "stream.db")),
      ),
    told: /A\/stream\.db: its tables are not those of a stream/,
  },
  {
    what: "a stream without its database",
    harm: (folder) => replace(join(folder, "stream.db"), () => {}),
    told: /there is no .*A\/stream\.db/,
  },
  {
    what: "an empty folder",
    harm: (folder) => replace(folder, () => mkdirSync(folder)),
    told: /there is no .*A\/stream\.db/,
    isFree: true,
  },
  {
    what: "a file in the place of the folder",
    harm: (folder) => replace(folder, () => writeFileSync(folder, "hello")),
    told: /there is no .*A\/stream\.db/,
  },
  {
    what: "a link that leads nowhere",
    harm: (folder) => replace(folder, () => symlinkSync("nowhere", folder)),
    told: /there is no .*A\/stream\.db/,
  },
];

for (const { what, harm, told, isFree } of OUT_OF_PLACE) {
  test(`${what} is told of, and changes nothing`, async (t) => {
    const storeDir = temporaryFolder(t);
    const folder = await written(t, storeDir);
    const undo = harm(folder);
    const before = filesIn(dirname(folder));
    const life = await start(t, storeDir);
    assert.match(
      life.log,
      new RegExp(`ERR Stream A is not opened: .*${told.source}`),
    );
    assert.match(life.health, told);
    const { streams } = await life.asking.api("STREAM.NAMES");
    assert.deepEqual(streams, ["B"]);
    const code = await life.asking.error("STREAM.CREATE.A", streamOf("A"));
    assert.equal(code, isFree ? undefined : 10077);
    await life.stop();
    if (!isFree) assert.deepEqual(filesIn(dirname(folder)), before);
    undo();
    await checkWhole(await start(t, storeDir));
  });
}

/** The files of stream `A` that have something in them, by their paths. */
function filesIn(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (
    const entry of readdirSync(folder, { recursive: true, withFileTypes: true })
  ) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !path.startsWith(join(folder, "A"))) continue;
    const text = readFileSync(path, "latin1");
    if (text !== "") found[path] = text;
  }
  return found;
}

test("a link leads to the folder of a stream, which goes with the stream", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = await written(t, storeDir);
  const elsewhere = join(storeDir, "elsewhere");
  replace(folder, (kept) => {
    renameSync(kept, elsewhere);
    symlinkSync(elsewhere, folder);
  });
  const life = await start(t, storeDir);
  await checkWhole(life);
  assert.equal(life.health, "");
  await life.asking.api("STREAM.DELETE.A");
  assert(!existsSync(elsewhere));
  assert.deepEqual(readdirSync(dirname(folder)), ["B"]);
});

test("a copy of a stream's folder is not taken for the stream", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = await written(t, storeDir);
  for (const name of ["0", "Z"]) {
    cpSync(folder, join(dirname(folder), name), { recursive: true });
  }
  const life = await start(t, storeDir);
  assert.match(life.log, /Stream Z is not opened: its folder has stream A/);
  assert.match(life.health, /stream "0" .*its folder has stream A/);
  await checkWhole(life);
  assert.equal(errorIn(await life.asking.publish("A", "more")), undefined);
  await life.stop();
  for (const name of ["0", "Z"]) {
    rmSync(join(dirname(folder), name), { recursive: true });
  }
  const { state } = await (await start(t, storeDir)).asking.api(
    "STREAM.INFO.A",
  );
  assert.equal((state as Answer)["messages"], MESSAGES + 1);
});

test("a folder in the place of the last sequence is told of, and the stream works", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = await written(t, storeDir);
  const path = join(folder, "acknowledged");
  replace(path, () => mkdirSync(path));
  const life = await start(t, storeDir);
  assert.match(life.health, /A\/acknowledged is damaged/);
  await checkWhole(life);
  const { seq } = await life.asking.publish("A", "more");
  assert.equal(seq, MESSAGES + 1);
});

test("an account whose streams cannot be listed is told of", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = dirname(await written(t, storeDir));
  const undo = replace(folder, () => writeFileSync(folder, ""));
  const life = await start(t, storeDir);
  assert.match(life.log, /ERR JetStream: no stream of .*streams is opened: /);
  assert.match(life.health, /no stream of .*streams is opened: /);
  assert.equal(
    await life.asking.error("STREAM.CREATE.A", streamOf("A")),
    10077,
  );
  await life.stop();
  undo();
  await checkWhole(await start(t, storeDir));
});

test("a stream whose configuration is gone is not written over, nor restored over", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = await written(t, storeDir);
  const database = loadStorage().open(join(folder, "stream.db"));
  for (const table of ["value", "spare"]) {
    database.execute(`UPDATE ${table} SET name = 'gone' WHERE name = 'stream'`);
  }
  database.close();
  const life = await start(t, storeDir);
  assert.match(life.log, /Stream A is not opened: it has no configuration/);
  const ask = life.asking;
  assert.equal(await ask.error("STREAM.CREATE.A", streamOf("A")), 10077);
  const config = { ...streamOf("A"), retention: "limits", storage: "file" };
  assert.equal(
    await ask.error("STREAM.RESTORE.A", { config, state: {} }),
    10077,
  );
  assert.match(life.health, /it has no configuration/);
  await life.stop();
  const again = loadStorage().open(join(folder, "stream.db"));
  const { count } = again.prepare("SELECT COUNT(*) AS count FROM message")
    .first()!;
  again.close();
  assert.equal(count, MESSAGES);
});

test("a deletion that a crash has cut short is finished", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = await written(t, storeDir);
  renameSync(folder, join(dirname(folder), ".removed"));
  rmSync(join(dirname(folder), ".removed", "stream.db"));
  const { asking, health } = await start(t, storeDir);
  assert.equal(health, "");
  assert.deepEqual((await asking.api("STREAM.NAMES"))["streams"], ["B"]);
  assert.deepEqual(readdirSync(dirname(folder)), ["B"]);
});

test("a stream whose files cannot be removed is told of", async (t) => {
  const real = loadStorage();
  const { port, log } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir: temporaryFolder(t) },
  }, {
    loadStorage: () => ({
      ...real,
      remove() {
        throw new StorageError("read-only file system", "failed");
      },
    }),
  });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.A", streamOf("A"));
  assert.equal(await asking.error("STREAM.DELETE.A"), 10077);
  assert.match(
    log.lines.join("\n"),
    /Stream A is deleted, and its files are not: .*read-only/,
  );
});
