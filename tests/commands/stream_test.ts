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
import { runCommand } from "./run.ts";

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

async function startMidge(t: Cleanup): Promise<Peer> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: true,
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
