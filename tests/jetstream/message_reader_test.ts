/** Messages of a file that are read one behind the other come many at a time, and are the same ones. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { FileStore } from "../../src/jetstream/store/file_store.ts";
import {
  type StoredMessage,
  StoreError,
} from "../../src/jetstream/store/stream_store.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import {
  type Database,
  type Statement,
  type Storage,
  StorageError,
} from "../../src/platform/storage.ts";
import { platform } from "../../src/runtime/mod.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";

const NO_BYTES = new Uint8Array(0);

/** A store of which it is counted how often messages are asked for, and whose commits fail when they are told to. */
class Scene {
  readonly folder: string;
  store: FileStore;
  queries = 0;
  rows = 0;
  isFull = false;

  constructor(t: TestContext) {
    this.folder = `${temporaryFolder(t)}/s`;
    this.store = this.open();
    t.after(() => this.store.close());
  }

  open(): FileStore {
    const real = loadStorage("lazy");
    const storage: Storage = {
      ...real,
      open: (path) => this.#counted(real.open(path)),
    };
    return new FileStore(this.folder, storage, platform.runSoon);
  }

  /** What was done to it from outside meanwhile. */
  async reopen(change: (database: Database) => void): Promise<void> {
    await this.store.close();
    const database = loadStorage("lazy").open(`${this.folder}/stream.db`);
    change(database);
    database.close();
    this.store = this.open();
  }

  #counted(database: Database): Database {
    return {
      execute: (sql) => {
        if (sql === "COMMIT" && this.isFull) {
          throw new StorageError("database or disk is full", "full");
        }
        database.execute(sql);
      },
      prepare: (sql) => this.#countedStatement(database.prepare(sql)),
      close: () => database.close(),
      sync: (done) => database.sync(done),
    };
  }

  #countedStatement(statement: Statement): Statement {
    return {
      run: (...values) => statement.run(...values),
      rows: (...values) => statement.rows(...values),
      first: (...values) => {
        this.queries++;
        return statement.first(...values);
      },
      all: (...values) => {
        this.queries++;
        const rows = statement.all(...values);
        this.rows += rows.length;
        return rows;
      },
    };
  }

  add(count: number, length = 20): StoredMessage[] {
    const messages: StoredMessage[] = [];
    for (let i = 0; i < count; i++) {
      const seq = this.store.lastSeq + 1;
      const text = `${seq} of ${messages.length} `.repeat(length);
      const message = {
        seq,
        timeUs: 1_795_966_290_709_496 + seq,
        subject: seq % 5 === 0 ? "s.\xc3\xa4" : seq % 7 === 0 ? "s.\xff" : "s",
        headers: seq % 3 === 0
          ? asciiBytes("NATS/1.0\r\nA: b\r\n\r\n")
          : NO_BYTES,
        payload: asciiBytes(text.slice(0, length)),
      };
      this.store.append(message);
      messages.push(message);
    }
    return messages;
  }

  synced(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.store.sync((error) => error ? reject(error) : resolve())
    );
  }

  async is(message: StoredMessage): Promise<void> {
    await Promise.resolve();
    assert.deepEqual(plain(this.store.load(message.seq)), plain(message));
  }
}

function plain(message: StoredMessage | undefined): unknown {
  return message &&
    {
      ...message,
      headers: [...message.headers],
      payload: [...message.payload],
    };
}

test("many that are read in a row take few queries", async (t) => {
  const scene = new Scene(t);
  const messages = scene.add(640);
  await scene.synced();
  scene.queries = 0;
  for (const message of messages) await scene.is(message);
  // 2, 6, 14, 30 and 62 are more than have been asked for before.
  assert.ok(scene.queries <= 640 / 64 + 5, `${scene.queries} queries`);
});

test("long ones are not read before they are asked for", async (t) => {
  const scene = new Scene(t);
  const messages = scene.add(20, 60_000);
  await scene.synced();
  scene.queries = 0;
  for (const message of messages) await scene.is(message);
  assert.equal(scene.queries, 20);
});

test("long ones behind short ones are not read along with those", async (t) => {
  const scene = new Scene(t);
  const short = scene.add(30);
  const long = scene.add(40, 60_000);
  await scene.synced();
  for (const message of short) await scene.is(message);
  assert.ok(scene.rows <= short.length, `${scene.rows} rows`);
  for (const message of long) await scene.is(message);
});

test("long ones among short ones cost a query each", async (t) => {
  const scene = new Scene(t);
  const messages: StoredMessage[] = [];
  for (let i = 0; i < 10; i++) {
    messages.push(...scene.add(63), ...scene.add(1, 60_000));
  }
  await scene.synced();
  scene.queries = 0;
  for (const message of messages) await scene.is(message);
  assert.ok(
    scene.queries <= 10 + 640 / 64 + 5 + 10,
    `${scene.queries} queries`,
  );
});

test("two that are neighbours by chance have no others read", async (t) => {
  const scene = new Scene(t);
  const messages = scene.add(600);
  await scene.synced();
  scene.queries = 0;
  let read = 0;
  for (let i = 0; i < 600; i += 20) {
    await scene.is(messages[i]!);
    await scene.is(messages[i]!);
    await scene.is(messages[i + 1]!);
    read += 3;
  }
  assert.equal(scene.queries, read);
  assert.ok(scene.rows <= 60 + 2 * 30, `${scene.rows} rows`);
});

test("messages that are read, written and removed by turns are those of a list", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const scene = new Scene(t);
  const list = new Map<number, StoredMessage>();
  let at = 1;
  for (let step = 0; step < 3000; step++) {
    const dice = random.next();
    if (dice < 0.1) {
      const length = randomBelow(random, dice < 0.01 ? 9000 : 300);
      for (const one of scene.add(1 + randomBelow(random, 40), length)) {
        list.set(one.seq, one);
      }
    } else if (dice < 0.13) await scene.synced();
    else if (scene.store.lastSeq === 0) continue;
    else if (dice < 0.2) {
      const seq = 1 + randomBelow(random, scene.store.lastSeq);
      scene.store.remove(seq, dice < 0.14);
      list.delete(seq);
    } else if (dice < 0.25) at = 1 + randomBelow(random, scene.store.lastSeq);
    else {
      const message = scene.store.load(at);
      assert.deepEqual(plain(message), plain(list.get(at)), `${at}`);
      if (dice < 0.9 && at <= scene.store.lastSeq) at++;
    }
  }
  await scene.synced();
});

test("a damaged one among those that are read in a row is named, and the others are read", async (t) => {
  const scene = new Scene(t);
  const messages = scene.add(300);
  await scene.synced();
  await scene.reopen((database) => {
    const set = (what: string, seq: number): number =>
      database.prepare(`UPDATE message SET ${what} WHERE seq = ?`).run(seq);
    set("payload = x'00'", 50);
    set("subject = CAST(x'ff00fe' AS TEXT)", 60);
    set("time_us = 9223372036854775807", 70);
    set("payload = 7.5", 200);
  });
  const damaged = new Set([50, 60, 70, 200]);
  for (const message of messages) {
    const { seq } = message;
    if (!damaged.has(seq)) await scene.is(message);
    else {
      assert.throws(
        () => scene.store.load(seq),
        (error) =>
          error instanceof StoreError &&
          error.message.startsWith(`message ${seq} of `),
      );
    }
  }
});

test("what was read ahead of a commit that has failed is forgotten", async (t) => {
  const scene = new Scene(t);
  const [first] = scene.add(1);
  await scene.synced();
  await scene.is(first!);
  const lost = scene.add(40);
  await scene.is(lost[0]!);
  scene.isFull = true;
  await assert.rejects(scene.synced(), StoreError);
  scene.isFull = false;
  const anew = lost.map((one) => ({ ...one, payload: asciiBytes("other") }));
  for (const one of anew) scene.store.append(one);
  await scene.synced();
  await scene.is(first!);
  for (const one of anew) await scene.is(one);
});
