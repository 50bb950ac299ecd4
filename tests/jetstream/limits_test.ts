/** Limits of accounts while a server runs and restarts: what is counted, and who has streams at all. */
import assert from "node:assert/strict";
import { startReloadable } from "../app/reloading.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { type Answer, type Asker, asker, errorIn } from "./request.ts";

function config(folder: string, ofA: string, ofB: string): string {
  return `jetstream { store_dir: "${folder}", max_file: 100000 }
    accounts {
      A { users: [{ user: a, password: a }], jetstream ${ofA} }
      B { users: [{ user: b, password: b }], jetstream ${ofB} }
    }`;
}

function login(t: TestContext, port: number, user: string): Promise<Asker> {
  return asker(t, port, { user, pass: user });
}

function figures({ memory, storage, streams }: Answer): unknown[] {
  return [memory, storage, streams];
}

test("an account that gets its streams back finds those in files, and what they hold counts", async (t) => {
  const folder = temporaryFolder(t);
  const midge = await startReloadable(t, config(folder, "{}", "{}"));
  const { port } = midge.server.address!;
  const a = await login(t, port, "a");
  await a.api("STREAM.CREATE.F", { name: "F", subjects: ["f"] });
  await a.api("STREAM.CREATE.M", {
    name: "M",
    subjects: ["m"],
    storage: "memory",
  });
  assert.deepEqual(await a.publish("f", "12345"), { stream: "F", seq: 1 });
  assert.deepEqual(await a.publish("m", "12345"), { stream: "M", seq: 1 });
  assert.deepEqual(figures(await a.api("INFO")), [22, 36, 2]);
  await midge.reload(config(folder, "disabled", "{}"));
  assert.equal(await a.error("INFO"), 10039);
  assert.equal(await a.error("STREAM.INFO.F"), 10039);
  const nobody = { status: "NATS/1.0 503" };
  assert.deepEqual(await a.publish("f", "x"), nobody);
  await midge.reload(config(folder, "{ max_file: 40 }", "{}"));
  assert.deepEqual(figures(await a.api("INFO")), [0, 36, 1]);
  assert.equal(errorIn(await a.publish("f", "x")), 10002);
  await midge.reload(config(folder, "{ max_file: 68 }", "{}"));
  assert.deepEqual(await a.publish("f", "x"), { stream: "F", seq: 2 });
  assert.equal(errorIn(await a.publish("f", "")), 10002);
});

test("what an account holds counts again after a restart, and what goes counts no more", async (t) => {
  const folder = temporaryFolder(t);
  const text = config(folder, "{ max_file: 80 }", "{}");
  const midge = await startReloadable(t, text);
  const a = await login(t, midge.server.address!.port, "a");
  const stream = { name: "F", subjects: ["f"], max_bytes: 70 };
  await a.api("STREAM.CREATE.F", stream);
  await a.publish("f", "12345");
  await a.publish("f", "12345");
  await midge.server.stop();
  const again = await startReloadable(t, text);
  const back = await login(t, again.server.address!.port, "a");
  assert.deepEqual(figures(await back.api("INFO")), [0, 36, 1]);
  const more = { name: "G", subjects: ["g"], max_bytes: 20 };
  assert.equal(await back.error("STREAM.CREATE.G", more), 10047);
  await back.api("STREAM.DELETE.F");
  assert.deepEqual(figures(await back.api("INFO")), [0, 0, 0]);
  assert.equal(await back.error("STREAM.CREATE.G", more), undefined);
});

test("accounts in which nobody has logged in yet have their streams", async (t) => {
  const folder = temporaryFolder(t);
  const text = config(folder, "{}", "{}");
  const midge = await startReloadable(t, text);
  const a = await login(t, midge.server.address!.port, "a");
  const full = { name: "F", subjects: ["f"], max_bytes: 60_000 };
  assert.equal(await a.error("STREAM.CREATE.F", full), undefined);
  await midge.server.stop();
  const again = await startReloadable(t, text);
  const b = await login(t, again.server.address!.port, "b");
  // Account A, which sleeps, has reserved most of the server's.
  assert.equal(await b.error("STREAM.CREATE.F", full), 10047);
});

test("JetStream can be turned off and on while the server runs", async (t) => {
  const folder = temporaryFolder(t);
  const on = `jetstream { store_dir: "${folder}" }`;
  const midge = await startReloadable(t, on);
  const peer = await asker(t, midge.server.address!.port);
  await peer.api("STREAM.CREATE.F", { name: "F", subjects: ["f"] });
  await peer.publish("f", "12345");
  await midge.reload("");
  const nobody = { status: "NATS/1.0 503" };
  assert.deepEqual(await peer.api("INFO"), nobody);
  assert.deepEqual(await peer.publish("f", "x"), nobody);
  await midge.reload(on);
  assert.deepEqual(figures(await peer.api("INFO")), [0, 36, 1]);
  assert.deepEqual(await peer.publish("f", "x"), { stream: "F", seq: 2 });
});
