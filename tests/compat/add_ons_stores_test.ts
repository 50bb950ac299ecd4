/** `@nats-io/kv` and `@nats-io/obj`: key-value and object stores. */
import assert from "node:assert/strict";
import { JetStreamApiError } from "@nats-io/jetstream";
import { type KvEntry, Kvm, KvWatchInclude } from "@nats-io/kv";
import { type ObjectInfo, Objm } from "@nats-io/obj";
import { freshSeed, seededRandom } from "../support/random.ts";
import { rejection } from "../support/rejection.ts";
import { openGate } from "../support/tcp_gate.ts";
import { all, check, first, found } from "./add_ons_stage.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

const shown = ({ key, operation, value }: KvEntry): string =>
  `${operation} ${key} ${new TextDecoder().decode(value)}`.trimEnd();

check("values are put, read, changed and removed", async ({ client }) => {
  const store = await new Kvm(await client()).create("b", { history: 5 });
  assert.equal(await store.get("a.b"), null);
  const one = await store.create("a.b", "1");
  assert.ok(
    await rejection(store.create("a.b", "2")) instanceof JetStreamApiError,
  );
  const two = await store.update("a.b", "2", one);
  const stale = await rejection(store.update("a.b", "3", one));
  assert.ok(stale instanceof JetStreamApiError, String(stale));
  assert.deepEqual([one, two], [1, 2]);
  assert.equal((await store.get("a.b"))!.string(), "2");
  assert.equal((await store.get("a.b", { revision: one }))!.string(), "1");
  await store.put("a.c", new Uint8Array([104, 105]));
  await store.delete("a.b");
  assert.equal((await store.get("a.b"))!.operation, "DEL");
  assert.deepEqual(
    (await all(await store.history({ key: "a.b" }))).map(shown),
    [
      "PUT a.b 1",
      "PUT a.b 2",
      "DEL a.b",
    ],
  );
  await store.purge("a.b");
  assert.deepEqual(
    (await all(await store.history({ key: "a.b" }))).map(shown),
    [
      "PURGE a.b",
    ],
  );
  await store.create("a.b", "again");
  assert.equal((await store.get("a.b"))!.string(), "again");
});

check("keys are listed, of all and of some", async ({ client }) => {
  const store = await new Kvm(await client()).create("b");
  assert.deepEqual(await all(await store.keys()), []);
  for (const key of ["a.x", "a.y", "b.x", "c"]) await store.put(key, "1");
  await store.delete("c");
  assert.deepEqual((await all(await store.keys())).sort(), [
    "a.x",
    "a.y",
    "b.x",
  ]);
  assert.deepEqual((await all(await store.keys("a.*"))).sort(), ["a.x", "a.y"]);
  const some = await store.keys(["a.x", "b.>"]);
  assert.deepEqual((await all(some)).sort(), ["a.x", "b.x"]);
});

check(
  "changes are watched, from before and from now on",
  async ({ client }) => {
    const connection = await client();
    const store = await new Kvm(connection).create("b", { history: 3 });
    await store.put("a", "1");
    await store.put("a", "2");
    await store.put("b", "1");
    const everything = await store.watch();
    const withHistory = await store.watch({
      key: "a",
      include: KvWatchInclude.AllHistory,
    });
    const news = await store.watch({
      include: KvWatchInclude.UpdatesOnly,
      ignoreDeletes: true,
    });
    await store.delete("b");
    await store.put("c.d", "3");
    assert.deepEqual((await first(4, everything)).map(shown), [
      "PUT a 2",
      "PUT b 1",
      "DEL b",
      "PUT c.d 3",
    ]);
    assert.deepEqual((await first(2, withHistory)).map(shown), [
      "PUT a 1",
      "PUT a 2",
    ]);
    assert.deepEqual((await first(1, news)).map(shown), ["PUT c.d 3"]);
  },
);

check(
  "a watch goes on after the connection broke",
  async ({ t, port, client }) => {
    const gate = await openGate(t, port);
    const watching = await client({
      servers: `127.0.0.1:${gate.port}`,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
    });
    const changing = await new Kvm(await client()).create("b");
    const watch = await (await new Kvm(watching).open("b")).watch();
    const seen = watch[Symbol.asyncIterator]();
    await changing.put("a", "1");
    assert.equal(shown((await seen.next()).value!), "PUT a 1");
    const statuses = watching.status();
    await gate.cut();
    await gate.open();
    await found(statuses, ({ type }) => type === "reconnect");
    await changing.put("a", "2");
    assert.equal(shown((await seen.next()).value!), "PUT a 2");
  },
);

check("buckets are told of, listed and destroyed", async ({ client }) => {
  const stores = new Kvm(await client());
  const store = await stores.create("one", {
    description: "first",
    ttl: 60_000,
  });
  await stores.create("two");
  await store.put("a", "1");
  const status = await store.status();
  assert.deepEqual([status.bucket, status.values, status.ttl], [
    "one",
    1,
    60_000,
  ]);
  const names = (await all(stores.list())).map(({ bucket }) => bucket);
  assert.deepEqual(names.sort(), ["one", "two"]);
  assert.equal(await store.destroy(), true);
  assert.equal((await all(stores.list())).length, 1);
});

/** Bytes that nobody can guess. */
function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  seededRandom(SEED).fill(bytes);
  return bytes;
}

check("objects of some megabytes are put and read", async (stage) => {
  const store = await new Objm(await stage.client()).create("o");
  const bytes = randomBytes(5 * 1024 * 1024 + 7);
  for (const [i, makeHeaders] of stage.headers.entries()) {
    const headers = makeHeaders();
    headers.append("Colour", "red");
    headers.append("Colour", "blue");
    const name = `big ${i}`;
    const put = await store.putBlob(
      { name, description: "much", headers, metadata: { a: "b" } },
      bytes,
    );
    assert.equal(put.size, bytes.length);
    assert.ok(put.chunks > 30);
    const got = await store.getBlob(name);
    assert.ok(Buffer.from(got!).equals(bytes), "the same bytes");
    const info = (await store.info(name))!;
    assert.deepEqual(info.headers!.values("Colour"), ["red", "blue"]);
    assert.deepEqual([info.description, info.metadata], ["much", { a: "b" }]);
  }
});

check("objects come and go as streams", async ({ client }) => {
  const store = await new Objm(await client()).create("o");
  const bytes = randomBytes(300_000);
  const source = new ReadableStream<Uint8Array>({
    start(controller): void {
      for (let at = 0; at < bytes.length; at += 70_000) {
        controller.enqueue(bytes.slice(at, at + 70_000));
      }
      controller.close();
    },
  });
  const options = { max_chunk_size: 32_768 };
  const info = await store.put({ name: "s", options }, source);
  assert.deepEqual([info.size, info.chunks], [300_000, 10]);
  const result = (await store.get("s"))!;
  const parts: Uint8Array[] = [];
  const reader = result.data.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
  }
  assert.ok(!await result.error);
  assert.ok(Buffer.concat(parts).equals(bytes), "the same bytes");
  assert.equal(await store.get("none"), null);
});

check(
  "objects are listed, changed, linked, watched and deleted",
  async ({ client }) => {
    const stores = new Objm(await client());
    const store = await stores.create("o");
    const watch = await store.watch({ includeHistory: false });
    const info: ObjectInfo = await store.putBlob(
      { name: "a" },
      randomBytes(10),
    );
    await store.putBlob({ name: "b" }, randomBytes(20));
    await store.update("a", { name: "a", description: "changed" });
    assert.equal((await store.info("a"))!.description, "changed");
    await store.link("c", info);
    assert.equal((await store.getBlob("c"))!.length, 10);
    await store.delete("b");
    const names = (await store.list()).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["a", "c"]);
    const changes = await first(5, watch);
    assert.deepEqual(
      changes.map(({ name, deleted }) => `${name} ${deleted === true}`),
      ["a false", "b false", "a false", "c false", "b true"],
    );
    assert.equal((await store.status()).bucket, "o");
    assert.equal((await all(stores.list())).length, 1);
    assert.equal(await store.destroy(), true);
  },
);
