/** Streams go into a backup, and come back from one as they were. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import {
  headers,
  type Msg,
  type NatsConnection,
} from "../../src/faces/client.ts";
import { type RunningCluster, startCluster } from "../../src/faces/cluster.ts";
import { framesOf, streamBegin } from "../../src/jetstream/backup/s2_frames.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

type Answer = Record<string, unknown>;

interface Scene {
  readonly cluster: RunningCluster;
  readonly connection: NatsConnection;
  /** What the API says; an error as its text. */
  ask(subject: string, body?: object): Promise<Answer>;
  restart(): Promise<void>;
}

async function scene(t: Cleanup): Promise<Scene> {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => ({ jetstream: true }),
  });
  t.after(() => cluster.stop());
  const connection = await cluster.connect();
  return {
    cluster,
    connection,
    async ask(subject, body) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const answer = await connection.request(`$JS.API.${subject}`, text);
      const value = answer.json<Answer>();
      const { error } = value as { error?: { description: string } };
      return error === undefined ? value : { error: error.description };
    },
    async restart() {
      await cluster.kill(0);
      await cluster.restart(0);
      await cluster.settled();
    },
  };
}

/** A stream `S` with gaps, headers, and a consumer that has two messages under way. */
async function fill({ connection, ask }: Scene): Promise<void> {
  await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], max_age: 3e14 });
  const given = headers();
  given.set("A", "b");
  for (let n = 1; n <= 300; n++) {
    const text = `${n} `.repeat(n % 40);
    const more = n % 3 === 0 ? { headers: given } : {};
    await connection.request(`s.${n % 7}.\xe4`, text, more);
  }
  for (const seq of [1, 5, 6, 300]) await ask("STREAM.MSG.DELETE.S", { seq });
  await ask("CONSUMER.CREATE.S.C", {
    stream_name: "S",
    config: { durable_name: "C", ack_policy: "explicit", ack_wait: 1e9 },
  });
}

/** Pulls `count` messages of the consumer `C`. */
async function pull(
  { connection, cluster }: Scene,
  count: number,
): Promise<Msg[]> {
  const pulled: Msg[] = [];
  const subscription = connection.subscribe("pulled", {
    callback: (_, message) => void pulled.push(message),
  });
  connection.publish(
    "$JS.API.CONSUMER.MSG.NEXT.S.C",
    JSON.stringify({ batch: count, expires: 1e9 }),
    { reply: "pulled" },
  );
  await cluster.until(() => pulled.length === count, "messages");
  subscription.unsubscribe();
  return pulled;
}

/** All that is said of `S`, but for what a new life changes. */
async function told({ ask }: Scene): Promise<unknown> {
  const info = await ask("STREAM.INFO.S", { deleted_details: true });
  const messages = [];
  for (let seq = 1; seq <= 301; seq++) {
    messages.push(await ask("STREAM.MSG.GET.S", { seq }));
  }
  const consumer = await ask("CONSUMER.INFO.S.C");
  const { delivered, ack_floor } = consumer as Record<string, Answer>;
  return {
    config: info["config"],
    // When a message came that is gone, nobody knows after a restart.
    state: { ...info["state"] as Answer, last_ts: undefined },
    messages,
    consumer: consumer["config"],
    pending: [consumer["num_pending"], consumer["num_ack_pending"]],
    again: consumer["num_redelivered"],
    places: [delivered, ack_floor].map((place) => [
      place!["consumer_seq"],
      place!["stream_seq"],
    ]),
  };
}

interface Backup {
  readonly config: object;
  readonly state: object;
  readonly chunks: readonly Uint8Array[];
}

/** Makes a backup in chunks of a KiB, four of which may be under way. */
async function backUp(
  { connection, cluster, ask }: Scene,
): Promise<Backup> {
  const chunks: Uint8Array[] = [];
  let underWay = 0;
  let most = 0;
  let end: Msg | undefined;
  const subscription = connection.subscribe("backup", {
    callback: (_, message) => {
      if (message.data.length === 0) return void (end = message);
      chunks.push(message.data.slice());
      if (message.reply === undefined) return;
      assert.equal(message.data.length, 1024);
      most = Math.max(most, ++underWay);
      cluster.clock.after(20, () => {
        underWay--;
        message.respond();
      });
    },
  });
  const { config, state } = await ask("STREAM.SNAPSHOT.S", {
    deliver_subject: "backup",
    chunk_size: 1024,
    window_size: 4096,
  }) as { config: object; state: object };
  await cluster.until(() => end !== undefined, "the end of the backup");
  subscription.unsubscribe();
  assert.equal(end?.headers?.code, 204);
  assert.equal(most, 4);
  return { config, state, chunks };
}

/** Sends a backup back; what is answered at the end. */
async function bringBack(
  { connection, ask }: Scene,
  { config, state, chunks }: Backup,
): Promise<Answer> {
  const asked = await ask("STREAM.RESTORE.S", { config, state });
  const subject = asked["deliver_subject"];
  assert.equal(typeof subject, "string", JSON.stringify(asked));
  for (const chunk of chunks) {
    const answer = await connection.request(`${subject}`, chunk);
    assert.equal(answer.data.length, 0);
  }
  return (await connection.request(`${subject}`)).json<Answer>();
}

/** The description of the error in an answer. */
function errorOf(answer: Answer): unknown {
  return (answer["error"] as Answer | undefined)?.["description"];
}

/** A backup of a stream `S`. */
async function someBackup(given: Scene): Promise<Backup> {
  await fill(given);
  const backup = await backUp(given);
  await given.ask("STREAM.DELETE.S");
  return backup;
}

test("a stream comes back as it was, with its consumers, and is there after a kill", async (t) => {
  const given = await scene(t);
  const { connection, cluster, ask } = given;
  await fill(given);
  const [first, second] = await pull(given, 4);
  await connection.request(first!.reply!, "+ACK");
  await connection.request(second!.reply!, "-NAK");
  await pull(given, 1);
  const news: string[] = [];
  connection.subscribe("$JS.EVENT.ADVISORY.STREAM.*.S", {
    callback: (_, message) => {
      const { client, bytes } = message.json<Answer>();
      const kind = message.subject.split(".")[4];
      assert.equal((client as Answer | undefined)?.["acc"] ?? "$G", "$G");
      news.push(bytes === undefined ? `${kind}` : `${kind} ${bytes}`);
    },
  });
  const before = await told(given);
  const backup = await backUp(given);
  await ask("STREAM.DELETE.S");
  const answer = await bringBack(given, backup);
  assert.equal(
    answer["type"],
    "io.nats.jetstream.api.v1.stream_create_response",
  );
  assert.deepEqual(await told(given), before);
  await given.restart();
  assert.deepEqual(await told(given), before);
  const size = backup.chunks.reduce((sum, { length }) => sum + length, 0);
  assert.deepEqual(news, [
    "SNAPSHOT_CREATE",
    "SNAPSHOT_COMPLETE",
    "DELETED",
    "RESTORE_CREATE",
    "CREATED",
    `RESTORE_COMPLETE ${size}`,
  ]);
  // What waited for an acknowledgement comes again, and nothing else does.
  await cluster.advance(2000);
  const again = await pull(given, 3);
  const seqs = again.map(({ reply }) => Number(reply!.split(".")[5]));
  assert.deepEqual(seqs.sort((a, b) => a - b), [3, 4, 7]);
  assert.equal((await connection.request("s.new")).json<Answer>()["seq"], 301);
});

test("a client that does not say that it has a chunk is given up", async (t) => {
  const given = await scene(t);
  const { connection, cluster, ask } = given;
  await fill(given);
  const heard: string[] = [];
  connection.subscribe("backup", {
    callback: (_, { data, headers }) =>
      void heard.push(headers?.status ?? `${data.length}`),
  });
  const request = { deliver_subject: "backup", chunk_size: 1024 };
  await ask("STREAM.SNAPSHOT.S", { ...request, window_size: 2048 });
  await cluster.advance(6000);
  assert.deepEqual(heard, ["1024", "1024", "408 No Flow Response"]);
});

test("a backup that nobody hears comes to its end", async (t) => {
  const given = await scene(t);
  const { connection, cluster, ask } = given;
  await fill(given);
  const ends: unknown[] = [];
  connection.subscribe("$JS.EVENT.ADVISORY.STREAM.SNAPSHOT_COMPLETE.S", {
    callback: (_, message) => void ends.push(message.json<Answer>()["error"]),
  });
  await ask("STREAM.SNAPSHOT.S", { deliver_subject: "nobody" });
  await cluster.advance(6000);
  assert.deepEqual(ends, ["No Interest"]);
});

test("requests that make no sense are refused in nats-server's words", async (t) => {
  const given = await scene(t);
  const { ask } = given;
  await fill(given);
  const config = { name: "S" };
  const refusals: readonly (readonly [string, object | undefined, string])[] = [
    ["SNAPSHOT.S", undefined, "bad request"],
    ["SNAPSHOT.S", {}, "bad request"],
    ["SNAPSHOT.S", { deliver_subject: "" }, "deliver subject not valid"],
    ["SNAPSHOT.S", { deliver_subject: "a.*" }, "deliver subject not valid"],
    ["SNAPSHOT.T", { deliver_subject: "a" }, "stream not found"],
    ["RESTORE.S", undefined, "bad request"],
    ["RESTORE.S", {}, "bad request"],
    ["RESTORE.T", { config }, "stream name in subject does not match request"],
    ["RESTORE.S", { config }, "stream name already in use, cannot restore"],
    [
      "RESTORE.T",
      { config: { name: "T", max_age: -5 } },
      "max age can not be negative",
    ],
    [
      "RESTORE.T",
      { config: { name: "T", subjects: ["s.1"] } },
      "subjects overlap with an existing stream",
    ],
  ];
  for (const [subject, body, error] of refusals) {
    assert.deepEqual(await ask(`STREAM.${subject}`, body), { error });
  }
});

const BROKEN: readonly (readonly [
  string,
  (chunks: readonly Uint8Array[]) => Uint8Array[],
  RegExp,
])[] = [
  ["no S2", () => [asciiBytes("hello, world")], /s2: corrupt input/],
  ["nothing", () => [], /unexpected EOF/],
  ["its first half", (chunks) => chunks.slice(0, 4), /unexpected EOF/],
  [
    "a part is missing",
    (chunks) => [...chunks.slice(0, 3), ...chunks.slice(4)],
    /unexpected EOF/,
  ],
  [
    "a bit is flipped",
    (chunks) => chunks.map((chunk, at) => at === 2 ? flipped(chunk) : chunk),
    /s2: corrupt input/,
  ],
  [
    "the files of an older server",
    () => [streamBegin(), ...framesOf(asciiBytes("meta.inf\0\0\0\0"))],
    /before 2\.15 have its files/,
  ],
  [
    "something else",
    () => [streamBegin(), ...framesOf(asciiBytes("something else"))],
    /none of Midge/,
  ],
];

function flipped(chunk: Uint8Array): Uint8Array {
  const copy = chunk.slice();
  copy[500]! ^= 1;
  return copy;
}

test("a backup that is broken is refused, says why, and leaves nothing behind", async (t) => {
  const given = await scene(t);
  const { ask } = given;
  const backup = await someBackup(given);
  for (const [title, breaking, error] of BROKEN) {
    const chunks = breaking(backup.chunks);
    const answer = await bringBack(given, { ...backup, chunks });
    assert.match(`${errorOf(answer)}`, /^restore failed: /, title);
    assert.match(`${title}: ${errorOf(answer)}`, error);
    assert.equal((await ask("STREAM.NAMES"))["streams"], null, title);
  }
  const answer = await bringBack(given, backup);
  assert.equal(errorOf(answer), undefined);
});

test("a backup of which no more comes is given up, and its name is free", async (t) => {
  const given = await scene(t);
  const { connection, cluster, ask } = given;
  const backup = await someBackup(given);
  const { config, state } = backup;
  const { deliver_subject } = await ask("STREAM.RESTORE.S", { config, state });
  await connection.request(`${deliver_subject}`, backup.chunks[0]!);
  assert.deepEqual(await ask("STREAM.RESTORE.S", { config, state }), {
    error: "stream name already in use, cannot restore",
  });
  await cluster.advance(6000);
  assert.equal(errorOf(await bringBack(given, backup)), undefined);
});

test("who says that it goes on finds what came, for an hour, and the name is free", async (t) => {
  const given = await scene(t);
  const { connection, cluster, ask } = given;
  const backup = await someBackup(given);
  const { config, state } = backup;
  const header = headers();
  header.set("Nats-Midge-Resume", "1");
  const begin = async (): Promise<Record<string, unknown>> => {
    const text = JSON.stringify({ config, state });
    const subject = "$JS.API.STREAM.RESTORE.S";
    const answer = connection.request(subject, text, { headers: header });
    return (await answer).json();
  };
  const send = async (to: unknown, chunks: readonly Uint8Array[]) => {
    for (const chunk of chunks) await connection.request(`${to}`, chunk);
  };
  const first = await begin();
  assert.equal(first["resumes_after"], 0);
  await send(first["deliver_subject"], backup.chunks);
  // One that comes at once takes its place.
  const second = await begin();
  const came = Number(second["resumes_after"]);
  assert.ok(came > 0);
  await cluster.advance(6000);
  assert.equal((await begin())["resumes_after"], came);
  await cluster.advance(6000);
  // Others begin anew, as does a stream of another configuration.
  const made = await ask("STREAM.CREATE.S", { name: "S" });
  assert.equal(errorOf(made), undefined);
  assert.equal((made["state"] as Record<string, unknown>)["messages"], 0);
  await ask("STREAM.DELETE.S");
  const third = await begin();
  assert.equal(third["resumes_after"], 0);
  await send(third["deliver_subject"], backup.chunks);
  await cluster.advance(6000);
  await cluster.advance(60 * 60 * 1000);
  const last = await begin();
  assert.equal(last["resumes_after"], 0);
  await send(last["deliver_subject"], backup.chunks);
  await cluster.advance(6000);
  assert.equal(errorOf(await bringBack(given, backup)), undefined);
});

test("a server that is killed while a backup comes has nothing of it afterwards", async (t) => {
  const given = await scene(t);
  const { connection, cluster, ask } = given;
  const backup = await someBackup(given);
  const { config, state } = backup;
  const { deliver_subject } = await ask("STREAM.RESTORE.S", { config, state });
  for (const chunk of backup.chunks.slice(0, 5)) {
    await connection.request(`${deliver_subject}`, chunk);
  }
  await given.restart();
  assert.equal((await ask("STREAM.NAMES"))["streams"], null);
  const lines = cluster.log(0).map(({ text }) => text).join("\n");
  assert.match(lines, /Stream S was not restored to its end: it is gone/);
  assert.equal(errorOf(await bringBack(given, backup)), undefined);
});
