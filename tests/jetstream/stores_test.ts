/** The stores of a stream's messages, in memory and in a file. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { asciiBytes } from "../../src/core/ascii.ts";
import { FileStore } from "../../src/jetstream/store/file_store.ts";
import { MemoryStore } from "../../src/jetstream/store/memory_store.ts";
import { Stores } from "../../src/jetstream/store/stores.ts";
import type { StoredMessage } from "../../src/jetstream/store/stream_store.ts";
import { TestDisk } from "../../src/testkit/disk/test_disk.ts";
import { platform } from "../../src/runtime/mod.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { type Storage, StorageError } from "../../src/platform/storage.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { test } from "../support/test.ts";
import { testStore } from "./store_suite.ts";

testStore({
  name: "memory",
  isKept: false,
  opener: () => Promise.resolve(() => new MemoryStore()),
});

testStore({
  name: "file",
  isKept: true,
  opener(t) {
    const folder = join(temporaryFolder(t), "stream");
    const storage = loadStorage();
    let last: FileStore | undefined;
    t.after(() => last?.close());
    return Promise.resolve(() =>
      last = new FileStore(folder, storage, platform.runSoon)
    );
  },
});

testStore({
  name: "a disk of the test kit",
  isKept: true,
  opener() {
    const disk = new TestDisk("node");
    const { runSoon, clock } = platform;
    const stores = new Stores(undefined, runSoon);
    const life = { clock, runSoon };
    return Promise.resolve(() =>
      disk.over(stores, life).open("A", "S", "file")
    );
  },
});

function fileStore(t: Cleanup): [FileStore, string] {
  const folder = join(temporaryFolder(t), "stream");
  const store = new FileStore(folder, loadStorage(), platform.runSoon);
  t.after(() => store.close());
  return [store, folder];
}

test("a store in a file is for one process at a time", (t) => {
  const [, folder] = fileStore(t);
  const storage = loadStorage();
  assert.throws(() => new FileStore(folder, storage, platform.runSoon), {
    name: "StoreError",
    message: `${folder}/stream.db: is in use by another process`,
  });
});

test("a message that was changed in the file is named, and all others are read", async (t) => {
  const [store, folder] = fileStore(t);
  for (const seq of [1, 2, 3]) {
    store.append({
      seq,
      timeUs: seq,
      subject: "a",
      headers: new Uint8Array(0),
      payload: asciiBytes("payload"),
    });
  }
  await store.close();
  const storage = loadStorage();
  const database = storage.open(`${folder}/stream.db`);
  database.execute("UPDATE message SET payload = x'00' WHERE seq = 2");
  database.close();
  const again = new FileStore(folder, storage, platform.runSoon);
  t.after(() => again.close());
  const read: number[] = [];
  const damaged: string[] = [];
  finishSteps(
    again.replay(({ seq }) => read.push(seq), ({ text }) => damaged.push(text)),
  );
  assert.deepEqual(read, [1, 3]);
  const text = `message 2 of ${folder}/stream.db is damaged`;
  assert.deepEqual(damaged, [text]);
  assert.throws(() => again.load(2), { name: "StoreError", message: text });
});

test("many messages are read again, long ones and damaged ones among them", async (t) => {
  const folder = temporaryFolder(t);
  const storage = loadStorage();
  const store = new FileStore(folder, storage, platform.runSoon);
  const isThere = (seq: number): boolean => seq % 3 !== 0;
  const of = (seq: number): StoredMessage => ({
    seq,
    timeUs: 1_795_966_290_709_496 + seq,
    subject: seq % 2 === 0 ? "a.\xc3\xa4" : "a.\xff",
    headers: asciiBytes(seq % 5 === 0 ? "NATS/1.0\r\nA: \0\r\n\r\n" : ""),
    payload: new Uint8Array(seq === 1600 ? 9000 : seq % 40).fill(seq),
  });
  const seqs = Array.from({ length: 2200 }, (_, i) => i + 1);
  for (const seq of seqs) if (isThere(seq)) store.append(of(seq));
  await store.close();
  const database = storage.open(`${folder}/stream.db`);
  database.execute("UPDATE message SET payload = x'00' WHERE seq = 800");
  database.close();
  const again = new FileStore(folder, storage, platform.runSoon);
  const read: StoredMessage[] = [];
  const damaged: number[] = [];
  finishSteps(
    again.replay(
      (message) => read.push(message),
      ({ seq }) => damaged.push(seq),
    ),
  );
  await again.close();
  assert.deepEqual(damaged, [800]);
  const plain = ({ headers, payload, ...facts }: StoredMessage): object => ({
    ...facts,
    headers: [...headers],
    payload: [...payload],
  });
  assert.deepEqual(
    read.map(plain),
    seqs.filter((seq) => isThere(seq) && seq !== 800).map((seq) =>
      plain(of(seq))
    ),
  );
});

// SQLite: 2 is FULL, a sync of the log in each commit, and 1 is NORMAL.
for (
  const [syncing, level] of [
    ["always", 1],
    ["in commits", 2],
    ["lazy", 1],
  ] as const
) {
  test(`a database that syncs ${syncing}`, (t) => {
    const path = join(temporaryFolder(t), "one.db");
    const database = loadStorage(syncing).open(path);
    t.after(() => database.close());
    const valueOf = (sql: string): unknown =>
      Object.values(database.prepare(sql).first() ?? {})[0];
    assert.equal(valueOf("PRAGMA synchronous"), level);
    assert.equal(valueOf("PRAGMA journal_mode"), "wal");
  });
}

test("a store that cannot be opened leaves no file open", (t) => {
  const storage = loadStorage();
  const raw = storage.raw!;
  let open = 0;
  const counted: Storage = {
    ...storage,
    open() {
      throw new StorageError("it is in use", "in use");
    },
    raw: {
      ...raw,
      open(path) {
        open++;
        const file = raw.open(path);
        return {
          size: file.size,
          read: (offset, length) => file.read(offset, length),
          write: (offset, bytes) => file.write(offset, bytes),
          close() {
            open--;
            file.close();
          },
        };
      },
    },
  };
  const { runSoon } = platform;
  const folder = join(temporaryFolder(t), "S");
  assert.throws(() => new FileStore(folder, counted, runSoon), {
    name: "StoreError",
  });
  assert.equal(open, 0);
});
