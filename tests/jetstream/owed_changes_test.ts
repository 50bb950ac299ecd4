/** What a commit was to keep that has failed goes into the next one, in the order in which it was told. */
import assert from "node:assert/strict";
import { MemoryStore } from "../../src/jetstream/store/memory_store.ts";
import { StoreError } from "../../src/jetstream/store/stream_store.ts";
import { Commits } from "../../src/jetstream/stream/commits.ts";
import { test } from "../support/test.ts";

/** A store that notes what it is told, and commits when the test says so. */
class NotedStore extends MemoryStore {
  override readonly isLasting: boolean = true;
  beforeCommit: () => void = () => {};
  noted: string[] = [];
  #dones: ((error?: StoreError) => void)[] = [];

  override put(name: string, value: string | undefined): void {
    this.noted.push(`${name}=${value}`);
  }

  override remove(seq: number): void {
    this.noted.push(`-${seq}`);
  }

  override sync(done: (error?: StoreError) => void): void {
    this.#dones.push(done);
  }

  commit(error?: StoreError): void {
    this.beforeCommit();
    for (const done of this.#dones.splice(0)) done(error);
  }
}

test("a change that is owed is told behind those that were told before it", () => {
  const store = new NotedStore();
  const commits = new Commits(store, () => {});
  commits.put("progress", "1");
  commits.remove(7, false);
  commits.put("pending", "2");
  commits.put("progress", "2");
  commits.remove(8, false);
  const told = ["progress=1", "-7", "pending=2", "progress=2", "-8"];
  assert.deepEqual(store.noted, told);
  commits.commit();
  store.commit(new StoreError("the disk is full"));
  store.noted = [];
  commits.put("pending", "3");
  assert.deepEqual(store.noted, []);
  commits.commit();
  assert.deepEqual(store.noted, ["-7", "progress=2", "-8", "pending=3"]);
});
