/** Buckets of the official `@nats-io/kv` that copy others. */
import assert from "node:assert/strict";
import { Kvm } from "@nats-io/kv";
import { startServer } from "../../src/app/start_server.ts";
import type { NatsConnection } from "../../src/client/connection.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

async function clientOf(
  t: TestContext,
  server: Awaited<ReturnType<typeof startServer>>,
  login: object = {},
): Promise<NatsConnection> {
  const connection = await server.connect(login);
  t.after(() => connection.close());
  return connection;
}

test("a bucket that mirrors one of another account has its values, and what is put there goes to the other", async (t) => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: true,
    accounts: {
      HUB: {
        jetstream: true,
        users: [{ user: "hub", password: "hub" }],
        exports: [
          { service: "$JS.API.>", response: "stream" },
          { service: "$JS.FC.>" },
          { service: "$KV.>" },
          { stream: "deliver.>" },
        ],
      },
      EDGE: {
        jetstream: true,
        users: [{ user: "edge", password: "edge" }],
        imports: [
          { service: { account: "HUB", subject: "$JS.API.>" }, to: "hub.>" },
          { service: { account: "HUB", subject: "$JS.FC.>" } },
          { service: { account: "HUB", subject: "$KV.>" }, to: "hub.$KV.>" },
          { stream: { account: "HUB", subject: "deliver.>" } },
        ],
      },
    },
  });
  t.after(() => server.stop());
  const hub = await clientOf(t, server, { user: "hub", pass: "hub" });
  const edge = await clientOf(t, server, { user: "edge", pass: "edge" });
  const origin = await new Kvm(hub).create("origin", { history: 3 });
  await origin.put("a", "1");
  await origin.put("b", "2");
  const external = { api: "hub", deliver: "deliver.edge" };
  const mirror = await new Kvm(edge).create("copy", {
    mirror: { name: "origin", external },
  });
  const valueOf = async (key: string): Promise<string | undefined> =>
    (await mirror.get(key))?.string();
  await until("b in the copy", async () => await valueOf("b") === "2");
  await mirror.put("c", "3");
  assert.equal((await origin.get("c"))?.string(), "3");
  await until("c in the copy", async () => await valueOf("c") === "3");
  await mirror.delete("a");
  assert.equal((await origin.get("a"))?.operation, "DEL");
  await until(
    "a has gone from the copy",
    async () => (await mirror.get("a"))?.operation === "DEL",
  );
  const keys: string[] = [];
  for await (const key of await mirror.keys()) keys.push(key);
  assert.deepEqual(keys.sort(), ["b", "c"]);
  const watch = await mirror.watch({ key: "d" });
  const seen = (async (): Promise<string | undefined> => {
    for await (const entry of watch) return entry.string();
    return undefined;
  })();
  await origin.put("d", "4");
  assert.equal(await seen, "4");
  watch.stop();
});

test("a bucket takes in several others", async (t) => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: true,
  });
  t.after(() => server.stop());
  const kvm = new Kvm(await clientOf(t, server));
  const east = await kvm.create("east");
  const west = await kvm.create("west");
  const all = await kvm.create("all", {
    sources: [{ name: "east" }, { name: "west" }],
  });
  await east.put("e", "1");
  await west.put("w", "2");
  await all.put("own", "3");
  await until("both in the third", async () => {
    const values = [await all.get("e"), await all.get("w")];
    return values.every((value) => value?.operation === "PUT");
  });
  const keys: string[] = [];
  for await (const key of await all.keys()) keys.push(key);
  assert.deepEqual(keys.sort(), ["e", "own", "w"]);
});
