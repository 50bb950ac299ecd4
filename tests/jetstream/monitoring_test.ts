/** What monitoring tells of streams that are damaged, or that cannot be opened. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import type { ReloadableServer } from "../app/reloading.ts";
import { startReloadable } from "../app/reloading.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { type Answer, asker } from "./request.ts";

function config(folder: string): string {
  return `http: "127.0.0.1:-1"\njetstream { store_dir: "${folder}" }`;
}

/** A page of monitoring, with its status. */
async function page(
  { server }: ReloadableServer,
  path: string,
): Promise<{ status: number; body: Answer }> {
  const { port } = server.monitorAddress!;
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.json() };
}

/** The only account of `/jsz?streams=1`. */
async function accountOf(midge: ReloadableServer): Promise<Answer> {
  const { body } = await page(midge, "/jsz?streams=1");
  return (body["account_details"] as Answer[])[0]!;
}

test("a damaged message is named by the pages until it is removed, and all else is readable", async (t) => {
  const folder = temporaryFolder(t);
  const first = await startReloadable(t, config(folder));
  const writer = await asker(t, first.server.address!.port);
  await writer.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  for (const text of ["one", "two", "three"]) await writer.publish("s", text);
  assert.deepEqual(await page(first, "/healthz"), {
    status: 200,
    body: { status: "ok" },
  });
  await first.server.stop();
  const path = join(folder, "$G", "streams", "S", "stream.db");
  const database = loadStorage().open(path);
  database.execute("UPDATE message SET payload = x'00' WHERE seq = 2");
  database.close();
  const midge = await startReloadable(t, config(folder));
  const error = `JetStream stream "S" on account "$G": ` +
    `message 2 of ${folder}/$G/streams/S/stream.db is damaged`;
  assert.deepEqual(await page(midge, "/healthz"), {
    status: 503,
    body: { status: "unavailable", error },
  });
  assert.deepEqual(await page(midge, "/healthz?details=1&account=$G"), {
    status: 503,
    body: {
      status: "error",
      errors: [{ type: "STREAM", account: "$G", stream: "S", error }],
    },
  });
  // Whether the process has to be restarted is another question.
  const { status } = await page(midge, "/healthz?js-server-only=true");
  assert.equal(status, 200);
  const [stream] = (await accountOf(midge))["stream_detail"] as Answer[];
  const state = stream!["state"] as Answer;
  assert.deepEqual(state["lost"], { msgs: [2], bytes: 0 });
  assert.equal(state["messages"], 2);
  const reader = await asker(t, midge.server.address!.port);
  const third = await reader.api("STREAM.MSG.GET.S", { seq: 3 });
  assert.equal((third["message"] as Answer)["data"], "dGhyZWU=");
  assert.equal(await reader.error("STREAM.MSG.GET.S", { seq: 2 }), 10037);
  const removed = await reader.api("STREAM.MSG.DELETE.S", { seq: 2 });
  assert.equal(removed["success"], true);
  assert.equal((await page(midge, "/healthz")).status, 200);
});

test("a stream that cannot be opened is named by the pages", async (t) => {
  const folder = temporaryFolder(t);
  const first = await startReloadable(t, config(folder));
  const writer = await asker(t, first.server.address!.port);
  await writer.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  await writer.api("STREAM.CREATE.T", { name: "T", subjects: ["t"] });
  await first.server.stop();
  const file = join(folder, "$G", "streams", "S", "stream.db");
  rmSync(`${file}-wal`, { force: true });
  writeFileSync(file, "no database".repeat(1000));
  const midge = await startReloadable(t, config(folder));
  const { status, body } = await page(midge, "/healthz");
  assert.equal(status, 503);
  assert.match(
    String(body["error"]),
    /^JetStream stream "S" on account "\$G": it is not opened: .*stream\.db/,
  );
  const other = await page(midge, "/healthz?account=$G&stream=T");
  assert.deepEqual(other, { status: 200, body: { status: "ok" } });
  const account = await accountOf(midge);
  assert.deepEqual(Object.keys(account["unopened"] as object), ["S"]);
  const streams = account["stream_detail"] as Answer[];
  assert.deepEqual(streams.map(({ name }) => name), ["T"]);
});

test("a program reads what the pages tell of its streams", async (t) => {
  const midge = await startReloadable(t, config(temporaryFolder(t)));
  const { server } = midge;
  const writer = await asker(t, server.address!.port);
  await writer.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  await writer.api("CONSUMER.CREATE.S.C", {
    stream_name: "S",
    config: { name: "C", durable_name: "C", ack_policy: "explicit" },
  });
  await writer.publish("s", "one");
  const of = { streams: true, consumers: true, config: true } as const;
  const { body } = await page(midge, "/jsz?streams=1&consumers=1&config=1");
  const told = server.jsz(of);
  // The moment of asking stands in the page, and in each consumer.
  const lasting = (shown: object): string =>
    JSON.stringify(shown).replace(/"(?:now|ts)":"[^"]*"/g, "");
  assert.equal(lasting(told), lasting(body));
  const [stream] = told.account_details![0]!.stream_detail!;
  assert.equal(stream!.name, "S");
  assert.equal(stream!.consumer_detail!.length, 1);
  assert.equal(server.healthz({ account: "$G", stream: "S" }).status, "ok");
  const { status } = server.healthz({ account: "$G", stream: "none" });
  assert.equal(status, "unavailable");
});
