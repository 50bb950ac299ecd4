/** The next commit goes to the disk before those who waited for the one before are told. */
import assert from "node:assert/strict";
import { finishSteps } from "../../src/core/steps.ts";
import { FileStore } from "../../src/jetstream/store/file_store.ts";
import {
  type Database,
  type Storage,
  StorageError,
} from "../../src/platform/storage.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** Messages of a commit, and milliseconds in which they come: ten times what the disk takes. */
const HALF = 16;
const COME_MS = 10;
const NO_BYTES = new Uint8Array(0);

/** A store whose syncs end when they are told to; what happens is noted. */
class Scene {
  readonly clock = new VirtualClock();
  readonly noted: string[] = [];
  readonly folder: string;
  readonly store: FileStore;
  isFull = false;
  #begun = 0;
  readonly #ends: ((error?: StorageError) => void)[] = [];

  constructor(t: TestContext) {
    this.folder = `${temporaryFolder(t)}/s`;
    const real = loadStorage();
    const storage: Storage = {
      ...real,
      open: (path) => this.#held(real.open(path)),
    };
    this.store = new FileStore(
      this.folder,
      storage,
      (act) => act(),
      this.clock,
    );
  }

  #held(database: Database): Database {
    return {
      execute: (sql) => {
        if (sql === "COMMIT" && this.isFull) {
          throw new StorageError("database or disk is full", "full");
        }
        database.execute(sql);
      },
      prepare: (sql) => database.prepare(sql),
      close: () => database.close(),
      sync: (done) => {
        this.noted.push(`sync ${++this.#begun}`);
        this.#ends.push(done);
      },
    };
  }

  /** Half of what is under way comes; it is noted what becomes of it. */
  async come(name: string): Promise<void> {
    const { store } = this;
    for (let i = 0; i < HALF; i++) {
      if (i === 1) await this.clock.advance(COME_MS);
      store.append({
        seq: store.lastSeq + 1,
        timeUs: 1,
        subject: "s",
        headers: NO_BYTES,
        payload: NO_BYTES,
      });
    }
    store.sync((error) =>
      this.noted.push(error === undefined ? name : `${name} failed`)
    );
  }

  /** The disk has what was on its way to it. */
  async end(error?: StorageError): Promise<void> {
    await this.clock.advance(1);
    this.#ends.shift()!(error);
  }
}

test("what came while the disk wrote goes to it before anybody is told", async (t) => {
  const scene = new Scene(t);
  await scene.come("first");
  await scene.come("second");
  await scene.end();
  assert.deepEqual(scene.noted, ["sync 1", "sync 2", "first"]);
  await scene.end();
  assert.deepEqual(scene.noted.slice(3), ["second"]);
  await scene.store.close();
});

test("of a commit that fails at once nobody hears before those of the one before", async (t) => {
  const scene = new Scene(t);
  await scene.come("first");
  await scene.come("second");
  scene.isFull = true;
  await scene.end();
  assert.deepEqual(scene.noted, ["sync 1", "first", "second failed"]);
  scene.isFull = false;
  const closed = scene.store.close();
  await scene.end();
  await closed;
});

test("behind a sync that failed nothing goes to the disk before those who waited know", async (t) => {
  const scene = new Scene(t);
  await scene.come("first");
  await scene.come("second");
  await scene.end(new StorageError("the disk is broken", "failed"));
  assert.deepEqual(scene.noted, ["sync 1", "first failed", "sync 2"]);
  await scene.end();
  assert.deepEqual(scene.noted.slice(3), ["second"]);
  await scene.store.close();
});

test("a store that is closed has on disk what came behind two commits", async (t) => {
  const scene = new Scene(t);
  await scene.come("first");
  await scene.come("second");
  const closed = scene.store.close();
  await scene.end();
  await scene.come("third");
  await scene.end();
  await scene.end();
  await closed;
  assert.deepEqual(
    scene.noted,
    ["sync 1", "sync 2", "first", "sync 3", "second", "third"],
  );
  const again = new FileStore(scene.folder, loadStorage(), (act) => act());
  let count = 0;
  finishSteps(again.replay(() => count++, ({ text }) => assert.fail(text)));
  assert.equal(count, 3 * HALF);
  await again.close();
});
