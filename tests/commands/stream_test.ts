/** `midge stream copy`: between Midge and nats-server, and what it says of bad input. */
import assert from "node:assert/strict";
import { startServer } from "../../src/app/start_server.ts";
import {
  connect,
  headers,
  type NatsConnection,
} from "../../src/faces/client.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { runCommand, startCommand } from "./run.ts";

type Answer = Record<string, unknown>;

interface Peer {
  readonly url: string;
  readonly connection: NatsConnection;
  ask(subject: string, body?: object): Promise<Answer>;
}

async function peerAt(t: Cleanup, port: number): Promise<Peer> {
  const url = `127.0.0.1:${port}`;
  const connection = await connect({ servers: url });
  t.after(() => connection.close());
  return {
    url,
    connection,
    async ask(subject, body) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const answer = await connection.request(`$JS.API.${subject}`, text);
      return answer.json<Answer>();
    },
  };
}

async function startMidge(t: Cleanup, folder?: string): Promise<Peer> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: folder === undefined ? true : { store_dir: folder },
  });
  t.after(() => server.stop());
  return await peerAt(t, server.broker.port.lastAddress.port);
}

async function startModel(t: Cleanup): Promise<Peer> {
  const server = await startNatsServer({
    command: newestNatsServer,
    flags: ["-js", "-sd", temporaryFolder(t)],
  });
  t.after(() => server.stop());
  return await peerAt(t, server.port);
}

/** A stream with gaps, a bucket, and a consumer that has acknowledged a message. */
async function fill({ ask, connection }: Peer): Promise<void> {
  await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
  const given = headers();
  given.set("Nats-Expected-Stream", "S");
  given.set("A", "b");
  for (let n = 1; n <= 40; n++) {
    const payload = new TextEncoder().encode(`${n} `.repeat(n * 200));
    await connection.request(`s.${n}`, payload, { headers: given });
  }
  for (const seq of [1, 9, 40]) await ask("STREAM.MSG.DELETE.S", { seq });
  await ask("CONSUMER.CREATE.S.C", {
    stream_name: "S",
    config: { durable_name: "C", ack_policy: "explicit" },
  });
  const pulled = connection.subscribe("pulled", { max: 1 });
  connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", { reply: "pulled" });
  for await (const { reply } of pulled) {
    await connection.request(reply!, "+ACK");
  }
  await ask("STREAM.CREATE.KV_B", {
    name: "KV_B",
    subjects: ["$KV.B.>"],
    max_msgs_per_subject: 2,
    allow_rollup_hdrs: true,
    deny_delete: true,
  });
  for (const value of ["1", "2", "3"]) {
    await connection.request("$KV.B.key", value);
  }
}

/** What both sides must have alike. */
async function told({ ask }: Peer): Promise<unknown> {
  const all = [];
  for (const name of ["S", "KV_B"]) {
    const info = await ask(`STREAM.INFO.${name}`, { deleted_details: true });
    const { messages, first_seq, last_seq, deleted } = info["state"] as Answer;
    const found = [];
    for (let seq = 1; seq <= 40; seq++) {
      const { message } = await ask(`STREAM.MSG.GET.${name}`, { seq });
      if (message === undefined) continue;
      const { time, ...facts } = message as { time: string };
      found.push({ ...facts, ms: Date.parse(time) });
    }
    all.push({ messages, first_seq, last_seq, deleted, found });
  }
  const { delivered, ack_floor, num_pending } = await ask(
    "CONSUMER.INFO.S.C",
  ) as Record<string, Answer>;
  const places = [delivered, ack_floor].map((place) => place!["stream_seq"]);
  return { all, places, num_pending };
}

const DIRECTIONS: readonly (readonly [
  string,
  (t: Cleanup) => Promise<Peer>,
  (t: Cleanup) => Promise<Peer>,
  string | false,
])[] = [
  ["Midge to Midge", startMidge, startMidge, false],
  ["nats-server to Midge", startModel, startMidge, modelMissing],
  ["Midge to nats-server", startMidge, startModel, modelMissing],
];

for (const [direction, from, to, skip] of DIRECTIONS) {
  test(`stream copy carries streams and buckets from ${direction}`, {
    skip,
  }, async (t) => {
    const source = await from(t);
    const target = await to(t);
    await fill(source);
    const copy = (...names: string[]) =>
      runCommand(t, ["stream", "copy", source.url, target.url, ...names]);
    const { code, stdout, stderr } = await copy();
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout,
      "KV_B: copied, 2 messages (2 to 3), 0 consumers\n" +
        "S: copied, 37 messages (2 to 40), 1 consumer\n",
    );
    assert.deepEqual(await told(target), await told(source));

    // Once more: what is there is left alone, what is not is copied.
    await target.ask("STREAM.DELETE.S");
    const again = await copy();
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /KV_B: is there already, 2 messages/);
    assert.match(again.stdout, /S: copied, 37 messages/);

    await source.connection.request("$KV.B.key", "4");
    const differing = await copy("KV_B");
    assert.equal(differing.code, 1);
    assert.match(
      differing.stderr,
      /^KV_B: not copied: .*: sequences: 3 to 4 at the source, 2 to 3 there; /m,
    );
  });
}

/** Copies `S` in a process that is killed once the target has `chunks` of it. */
async function killedCopy(
  t: Cleanup,
  source: Peer,
  target: Peer,
  chunks: number,
): Promise<void> {
  const seen = target.connection.subscribe("$JS.SNAPSHOT.RESTORE.S.*", {
    max: chunks,
  });
  const program = startCommand(t, [
    "stream",
    "copy",
    source.url,
    target.url,
    "S",
  ]);
  for await (const { data } of seen) assert.notEqual(data.length, 0);
  program.kill("SIGKILL");
  await program.exited;
}

for (const storage of ["memory", "file"]) {
  test(`a copy to ${storage} that is killed in the middle, twice, goes on where it was`, async (t) => {
    const source = await startMidge(t);
    const target = await startMidge(t, temporaryFolder(t));
    await source.ask("STREAM.CREATE.S", {
      name: "S",
      subjects: ["s"],
      storage,
    });
    const payload = new Uint8Array(30_000).fill(65);
    for (let n = 1; n <= 120; n++) {
      await source.connection.request("s", payload);
    }
    for (const seq of [7, 60, 120]) {
      await source.ask("STREAM.MSG.DELETE.S", { seq });
    }
    await source.ask("CONSUMER.CREATE.S.C", {
      stream_name: "S",
      config: { durable_name: "C", ack_policy: "explicit" },
    });
    await killedCopy(t, source, target, 12);
    await killedCopy(t, source, target, 12);
    let bytes = 0;
    const seen = target.connection.subscribe("$JS.SNAPSHOT.RESTORE.S.*", {
      callback: (_, message) => bytes += message.data.length,
    });
    const copy = () =>
      runCommand(t, ["stream", "copy", source.url, target.url, "S"]);
    const { code, stdout, stderr } = await copy();
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "S: copied, 117 messages (1 to 120), 1 consumer\n");
    const [, after] = /goes on behind message (\d+)/.exec(stderr) ?? [];
    // One copy alone brings 26 messages, in 12 chunks of 64 KiB.
    assert.ok(Number(after) > 26, stderr);
    await target.connection.flush();
    assert.ok(bytes < (120 - Number(after)) * 31_000, `${bytes} bytes`);
    seen.unsubscribe();
    const again = await copy();
    assert.match(again.stdout, /S: is there already, 117 messages/);
  });
}

test("what changed at the source while a copy was broken off is copied anew", async (t) => {
  const source = await startMidge(t);
  const target = await startMidge(t);
  await source.ask("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s"],
    storage: "memory",
  });
  const payload = new Uint8Array(30_000).fill(65);
  for (let n = 1; n <= 80; n++) await source.connection.request("s", payload);
  await killedCopy(t, source, target, 12);
  await source.ask("STREAM.MSG.DELETE.S", { seq: 2 });
  const { code, stdout, stderr } = await runCommand(t, [
    "stream",
    "copy",
    source.url,
    target.url,
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /goes on behind message[^]*is copied anew/);
  assert.equal(stdout, "S: copied, 79 messages (1 to 80), 0 consumers\n");
});

test("stream copy says what is wrong, and goes on with the other streams", async (t) => {
  const source = await startMidge(t);
  const target = await startMidge(t);
  await fill(source);
  await target.ask("STREAM.CREATE.T", { name: "T", subjects: ["s.7"] });
  const copy = (...words: string[]) =>
    runCommand(t, ["stream", "copy", ...words]);
  const mixed = await copy(source.url, target.url, "S", "NONE", "a.b", "KV_B");
  assert.equal(mixed.code, 1);
  assert.match(mixed.stderr, /S: not copied: subjects overlap/);
  assert.match(mixed.stderr, /NONE: not copied: stream not found/);
  assert.match(mixed.stderr, /a\.b: not copied: this is no name of a stream/);
  assert.match(mixed.stdout, /^KV_B: copied/);
  const nowhere = await copy(source.url, "127.0.0.1:1");
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /TARGET: /);
  for (const words of [[source.url], [], [source.url, source.url]]) {
    const { code, stderr } = await copy(...words);
    assert.equal(code, 2, stderr);
  }
  const plain = await startServer({ host: "127.0.0.1", port: 0 });
  t.after(() => plain.stop());
  const without = await copy(plain.url, target.url);
  assert.equal(without.code, 1);
  assert.match(without.stderr, /SOURCE: the server has no JetStream/);
});
