/** What consumers do as time passes, on a virtual clock. */
import assert from "node:assert/strict";
import { type RunningCluster, startCluster } from "../../src/faces/cluster.ts";
import { headers, type NatsConnection } from "../../src/faces/client.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

type Answer = Record<string, unknown>;

/** A stream `S` on `s.>` of a server, with one client. */
interface Scene {
  readonly cluster: RunningCluster;
  readonly connection: NatsConnection;
  /** The moment `ms` from now. */
  momentIn(ms: number): string;
  ask(subject: string, body?: object): Promise<Answer>;
  /** Makes or changes the consumer `C`. */
  consumer(config: object): Promise<Answer>;
  /** Waits for `ms` of the virtual clock. */
  advance(ms: number): Promise<void>;
  /** At which second each message on `subject` comes, with its text or its status. */
  hear(subject: string): string[];
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
  const { clock } = cluster;
  const ask = async (subject: string, body?: object): Promise<Answer> => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await cluster.run(
      connection.request(`$JS.API.${subject}`, text),
    );
    const value = answer.json<Answer>();
    assert.equal(value["error"], undefined, JSON.stringify(value["error"]));
    return value;
  };
  await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
  const originMs = clock.monotonic();
  // A message is under way for milliseconds.
  const seconds = (): string =>
    ((clock.monotonic() - originMs) / 1000).toFixed(1);
  return {
    cluster,
    connection,
    momentIn: (ms) => new Date(clock.now() + ms).toISOString(),
    ask,
    consumer: (config) =>
      ask("CONSUMER.CREATE.S.C", {
        stream_name: "S",
        config: { durable_name: "C", ack_policy: "explicit", ...config },
      }),
    advance: (ms) => cluster.advance(ms),
    hear(subject) {
      const heard: string[] = [];
      connection.subscribe(subject, {
        callback: (_, message) => {
          const { headers } = message;
          const text = headers?.code ? headers.status : message.string();
          heard.push(`${seconds()} ${text}`);
        },
      });
      return heard;
    },
  };
}

test("a paused consumer gives signs of life and no messages, and goes on by itself", async (t) => {
  const { connection, ask, consumer, advance, hear, momentIn } = await scene(t);
  const news: unknown[] = [];
  connection.subscribe("$JS.EVENT.ADVISORY.CONSUMER.PAUSE.S.C", {
    callback: (_, message) => void news.push(message.json<Answer>()["paused"]),
  });
  const heard = hear("to.c");
  connection.publish("s.1", "one");
  const told = await consumer({
    deliver_subject: "to.c",
    idle_heartbeat: 1e9,
    pause_until: momentIn(2500),
  });
  assert.equal(told["paused"], true);
  await advance(2600);
  assert.deepEqual(heard, [
    "1.0 100 Idle Heartbeat",
    "2.0 100 Idle Heartbeat",
    "2.5 one",
  ]);
  assert.deepEqual(news, [true, false]);
  const after = await ask("CONSUMER.INFO.S.C");
  assert.equal(after["paused"], undefined);
});

test("what begins a nanosecond behind a message leaves it out, and what begins with it does not", async (t) => {
  const { cluster, connection, ask, consumer, advance } = await scene(t);
  await cluster.run(connection.request("s.1", "one"));
  const { state } = await ask("STREAM.INFO.S");
  const { last_ts: time } = state as { last_ts: string };
  const [second = "", fraction = ""] = time.slice(0, -1).split(".");
  const behind = `${second}.${fraction.padEnd(6, "0")}001Z`;
  await advance(1);
  await cluster.run(connection.request("s.2", "two"));

  const pendingFrom = async (opt_start_time: string): Promise<unknown> => {
    const deliver_policy = "by_start_time";
    const told = await consumer({ deliver_policy, opt_start_time });
    await ask("CONSUMER.DELETE.S.C");
    return told["num_pending"];
  };
  assert.equal(await pendingFrom(behind), 1);
  assert.equal(await pendingFrom(time), 2);

  const firstFrom = async (start_time: string): Promise<unknown> => {
    const { message } = await ask("STREAM.MSG.GET.S", { start_time });
    return (message as Answer)["seq"];
  };
  assert.equal(await firstFrom(behind), 2);
  assert.equal(await firstFrom(time), 1);
});

test("a request for messages of a paused consumer waits for its end", async (t) => {
  const { connection, ask, consumer, advance, hear, momentIn } = await scene(t);
  const heard = hear("to.c");
  connection.publish("s.1", "one");
  await consumer({});
  await ask("CONSUMER.PAUSE.S.C", { pause_until: momentIn(1000) });
  connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", { reply: "to.c" });
  await advance(900);
  assert.deepEqual(heard, []);
  await ask("CONSUMER.PAUSE.S.C");
  await advance(10);
  assert.deepEqual(heard, ["0.9 one"]);
});

test("a consumer pushes as soon as there is a listener, and only then", async (t) => {
  const { connection, consumer, advance, hear } = await scene(t);
  connection.publish("s.1", "one");
  await consumer({ deliver_subject: "to.c", idle_heartbeat: 1e9 });
  await advance(3000);
  const heard = hear("to.*");
  await advance(1020);
  assert.deepEqual(heard, ["3.0 one", "4.0 100 Idle Heartbeat"]);
});

test("a consumer pushes to listeners at another node", async (t) => {
  const cluster = await startCluster({
    size: 2,
    network: "memory",
    clock: "virtual",
    node: (index) => index === 0 ? { jetstream: true } : {},
  });
  t.after(() => cluster.stop());
  const near = await cluster.connect({ node: 0 });
  const ask = (subject: string, body: object): Promise<unknown> =>
    cluster.run(near.request(`$JS.API.${subject}`, JSON.stringify(body)));
  await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
  const config = { durable_name: "C", deliver_subject: "to.c" };
  await ask("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  near.publish("s.1", "one");
  const far = await cluster.connect({ node: 1 });
  const heard: string[] = [];
  far.subscribe("to.c", {
    callback: (_, message) => void heard.push(message.string()),
  });
  await cluster.advance(50);
  assert.deepEqual(heard, ["one"]);
});

test("a pinned client loses its place when it asks for nothing in time", async (t) => {
  const { connection, ask, consumer, advance, hear } = await scene(t);
  const heard = hear("to.*");
  const news: string[] = [];
  connection.subscribe("$JS.EVENT.ADVISORY.CONSUMER.UNPINNED.S.C", {
    callback: (_, message) =>
      void news.push(String(message.json<Answer>()["reason"])),
  });
  await consumer({
    priority_policy: "pinned_client",
    priority_groups: ["A"],
    priority_timeout: 1e9,
  });
  const pull = (reply: string, id: string): void => {
    const body = JSON.stringify({ batch: 1, group: "A", ...(id && { id }) });
    connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", body, { reply });
  };
  pull("to.one", "");
  pull("to.two", "");
  connection.publish("s.1", "1");
  await advance(600);
  const info = await ask("CONSUMER.INFO.S.C");
  const [group] = info["priority_groups"] as Answer[];
  pull("to.one", String(group!["pinned_client_id"]));
  connection.publish("s.1", "2");
  connection.publish("s.1", "3");
  await advance(1200);
  assert.deepEqual(heard, ["0.0 1", "0.6 2", "1.6 3"]);
  assert.deepEqual(news, ["timeout"]);
});

test("a replay takes as long as what it replays", async (t) => {
  const { connection, consumer, advance, hear } = await scene(t);
  for (const text of ["one", "two", "three"]) {
    connection.publish("s.1", text);
    await advance(text === "one" ? 700 : 300);
  }
  const heard = hear("to.c");
  await consumer({ deliver_subject: "to.c", replay_policy: "original" });
  await advance(1500);
  assert.deepEqual(heard, ["1.3 one", "2.0 two", "2.3 three"]);
  connection.publish("s.1", "later");
  await advance(20);
  assert.deepEqual(heard.slice(3), ["2.8 later"]);
});

test("messages go at the rate that a consumer is allowed", async (t) => {
  const { connection, consumer, advance, hear, ask } = await scene(t);
  await ask("STREAM.UPDATE.S", {
    name: "S",
    subjects: ["s.>"],
    max_msg_size: 1000,
  });
  const heard = hear("to.c");
  await consumer({ deliver_subject: "to.c", rate_limit_bps: 8000 });
  await advance(500);
  for (let i = 0; i < 3; i++) connection.publish("s.1", "x".repeat(900));
  await advance(2500);
  const times = heard.map((line) => Number(line.split(" ")[0]));
  assert.equal(times.length, 3);
  const [first = 0, second = 0, third = 0] = times;
  assert.ok(second - first > 0.8 && second - first < 1, `${times}`);
  assert.ok(third - second > 0.8 && third - second < 1.1, `${times}`);
});

test("two minutes of ack_wait and of backoff pass at once, over the death of the server too", async (t) => {
  const { cluster, connection, consumer, advance, hear } = await scene(t);
  const heard = hear("to.c");
  await consumer({
    deliver_subject: "to.c",
    ack_wait: 120e9,
    max_deliver: 4,
    backoff: [120e9, 60e9, 30e9],
  });
  connection.publish("s.1", "one");
  await advance(119_000);
  assert.deepEqual(heard, ["0.0 one"]);
  await advance(2000);
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  await advance(400_000);
  const times = heard.map((line) => Math.round(Number(line.split(" ")[0])));
  assert.deepEqual(times, [0, 120, 180, 210]);
});

test("messages go in their time, by age and by TTL, over the death of the server too", async (t) => {
  const { cluster, connection, advance, ask } = await scene(t);
  await ask("STREAM.CREATE.T", {
    name: "T",
    subjects: ["t.>"],
    max_age: 120e9,
    allow_msg_ttl: true,
    subject_delete_marker_ttl: 60e9,
    duplicate_window: 120e9,
  });
  const keep = async (subject: string, header: string, value: string) => {
    const given = headers();
    given.set(header, value);
    const answer = await connection.request(subject, "x", { headers: given });
    return answer.json<Answer>();
  };
  const { seq } = await keep("t.short", "Nats-TTL", "90s");
  const first = await keep("t.old", "Nats-Msg-Id", "id");
  assert.deepEqual([seq, first["seq"]], [1, 2]);
  const subjects = async (): Promise<string[]> => {
    const { state } = await ask("STREAM.INFO.T", { subjects_filter: ">" });
    return Object.keys((state as Answer)["subjects"] ?? {}).sort();
  };
  await advance(60_000);
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  const again = await keep("t.old", "Nats-Msg-Id", "id");
  assert.deepEqual([again["seq"], again["duplicate"]], [2, true]);
  assert.deepEqual(await subjects(), ["t.old", "t.short"]);
  await advance(31_000);
  const marker = await ask("STREAM.MSG.GET.T", { last_by_subj: "t.short" });
  const { hdrs } = marker["message"] as Record<string, string>;
  assert.match(atob(hdrs!), /Nats-Marker-Reason: MaxAge/);
  await advance(30_000);
  assert.deepEqual(await subjects(), ["t.old", "t.short"]);
  await advance(61_000);
  assert.deepEqual(await subjects(), []);
  const later = await keep("t.old", "Nats-Msg-Id", "id");
  assert.equal(later["duplicate"], undefined);
});

test("a subject whose last message was a marker, or purged its key, gets none as it ends", async (t) => {
  const { cluster, connection, advance, ask } = await scene(t);
  await ask("STREAM.CREATE.K", {
    name: "K",
    subjects: ["k.>"],
    allow_msg_ttl: true,
    subject_delete_marker_ttl: 5e9,
  });
  const keep = async (subject: string, name: string, value: string) => {
    const given = headers();
    given.set("Nats-TTL", "10s");
    given.set(name, value);
    await cluster.run(connection.request(subject, "", { headers: given }));
  };
  await keep("k.marker", "Nats-Marker-Reason", "MaxAge");
  await keep("k.purged", "KV-Operation", "PURGE");
  await keep("k.deleted", "KV-Operation", "DEL");
  await keep("k.other-name", "kv-operation", "PURGE");
  await keep("k.other-value", "KV-Operation", "purge");
  await keep("k.plain", "Nats-Rollup", "sub");
  await advance(11_000);
  const { state } = await ask("STREAM.INFO.K", { subjects_filter: ">" });
  assert.deepEqual(Object.keys((state as Answer)["subjects"] ?? {}).sort(), [
    "k.deleted",
    "k.other-name",
    "k.other-value",
    "k.plain",
  ]);
});

test("a counter's last value stays beyond its age where markers are to be, over a restart too", async (t) => {
  const { cluster, connection, advance, ask } = await scene(t);
  await ask("STREAM.CREATE.C", {
    name: "C",
    subjects: ["c.>"],
    allow_msg_counter: true,
    max_age: 60e9,
    subject_delete_marker_ttl: 60e9,
  });
  const add = async (subject: string, by: string): Promise<unknown> => {
    const given = headers();
    given.set("Nats-Incr", by);
    const asked = connection.request(subject, "", { headers: given });
    return (await cluster.run(asked)).json<Answer>()["val"];
  };
  const seqs = async (): Promise<unknown[]> => {
    const { state } = await ask("STREAM.INFO.C", { deleted_details: true });
    const { messages, first_seq, last_seq } = state as Answer;
    return [messages, first_seq, last_seq];
  };
  for (const by of ["1", "4"]) await add("c.a", by);
  assert.equal(await add("c.b", "7"), "7");
  await advance(61_000);
  assert.deepEqual(await seqs(), [2, 2, 3]);
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  await advance(61_000);
  assert.equal(await add("c.a", "2"), "7");
  await advance(1000);
  assert.deepEqual(await seqs(), [2, 3, 4]);
  await advance(61_000);
  assert.deepEqual(await seqs(), [2, 3, 4]);
});
