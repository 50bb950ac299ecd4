/** `@nats-io/jetstream`: streams, publishing, and what is read without a consumer. */
import assert from "node:assert/strict";
import {
  type BatchAck,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type PubAck,
} from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { startServer } from "../../server.ts";
import { rejection } from "../support/rejection.ts";
import { until } from "../support/until.ts";
import { all, check, first } from "./add_ons_stage.ts";

check("streams are made, told of, changed and deleted", async ({ client }) => {
  const connection = await client();
  const manager = await jetstreamManager(connection);
  const { config } = await manager.streams.add({
    name: "ORDERS",
    subjects: ["orders.>"],
  });
  assert.deepEqual(config.subjects, ["orders.>"]);
  await manager.streams.add({ name: "OTHER", subjects: ["other"] });
  assert.deepEqual((await all(manager.streams.names())).sort(), [
    "ORDERS",
    "OTHER",
  ]);
  assert.equal((await all(manager.streams.list("orders.a"))).length, 1);
  assert.equal(await manager.streams.find("orders.new"), "ORDERS");
  const changed = await manager.streams.update("ORDERS", { max_msgs: 2 });
  assert.equal(changed.config.max_msgs, 2);
  const client2 = jetstream(connection);
  for (let i = 0; i < 3; i++) await client2.publish("orders.a", String(i));
  const { state } = await manager.streams.info("ORDERS");
  assert.deepEqual([state.messages, state.first_seq, state.last_seq], [
    2,
    2,
    3,
  ]);
  assert.equal(await manager.streams.deleteMessage("ORDERS", 2), true);
  assert.equal((await manager.streams.purge("ORDERS")).purged, 1);
  assert.equal(await manager.streams.delete("ORDERS"), true);
  const gone = await rejection(manager.streams.info("ORDERS"));
  assert.ok(gone instanceof JetStreamApiError, String(gone));
  assert.equal(gone.message, "stream not found");
  assert.equal((await manager.getAccountInfo()).streams, 1);
});

check("a message is stored once, with its headers", async (stage) => {
  const { client } = stage;
  const connection = await client();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "S", subjects: ["a.>"] });
  const stream = jetstream(connection);
  for (const [i, makeHeaders] of stage.headers.entries()) {
    const headers = makeHeaders();
    headers.append("Colour", "röt");
    headers.append("Colour", "blue");
    const options = { headers, msgID: `id ${i}` };
    const one = await stream.publish(`a.${i}`, "x", options);
    const again = await stream.publish(`a.${i}`, "x", options);
    assert.deepEqual([one.seq, one.duplicate], [i + 1, false]);
    assert.deepEqual([again.seq, again.duplicate], [i + 1, true]);
    const stored = await manager.streams.getMessage("S", { seq: i + 1 });
    assert.equal(stored!.string(), "x");
    assert.deepEqual(stored!.header.values("Colour"), ["röt", "blue"]);
    assert.equal(stored!.header.get("Nats-Msg-Id"), `id ${i}`);
  }
  const wrong = await rejection(
    stream.publish("a.0", "y", { expect: { lastSequence: 7 } }),
  );
  assert.ok(wrong instanceof JetStreamApiError, String(wrong));
  assert.match(wrong.message, /wrong last sequence/);
});

check("messages are read directly, one and many", async ({ client }) => {
  const connection = await client();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: "D",
    subjects: ["d.*"],
    allow_direct: true,
  });
  const stream = jetstream(connection);
  for (let i = 1; i <= 6; i++) {
    await stream.publish(`d.${i % 2 === 0 ? "even" : "odd"}`, String(i));
  }
  const { direct } = manager;
  assert.equal((await direct.getMessage("D", { seq: 3 }))!.string(), "3");
  const last = await direct.getMessage("D", { last_by_subj: "d.odd" });
  assert.deepEqual([last!.subject, last!.seq, last!.string()], [
    "d.odd",
    5,
    "5",
  ]);
  assert.equal(await direct.getMessage("D", { seq: 99 }), null);
  const batch = await all(await direct.getBatch("D", { seq: 2, batch: 3 }));
  assert.deepEqual(batch.map((message) => message.string()), ["2", "3", "4"]);
  const lasts = await direct.getLastMessagesFor("D", { multi_last: ["d.>"] });
  const subjects = (await all(lasts)).map(({ subject, seq }) => [subject, seq]);
  assert.deepEqual(subjects.sort(), [["d.even", 6], ["d.odd", 5]]);
  const none = await direct.getBatch("D", { seq: 99, batch: 3 });
  await assert.rejects(all(none), /no results|message not found/i);
});

check("a batch is published as one, or not at all", async ({ client }) => {
  const connection = await client();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: "B",
    subjects: ["b"],
    allow_atomic: true,
  });
  const stream = jetstream(connection);
  const batch = await stream.startBatch("b", "1");
  batch.add("b", "2");
  await batch.add("b", "3", { ack: true });
  assert.equal((await manager.streams.info("B")).state.messages, 0);
  const ack: BatchAck = await batch.commit("b", "4");
  assert.deepEqual([ack.stream, ack.count, ack.seq], ["B", 4, 4]);
  assert.equal((await manager.streams.info("B")).state.messages, 4);
});

check("advisories tell what happens", async ({ client }) => {
  const connection = await client();
  const manager = await jetstreamManager(connection);
  const advisories = manager.advisories();
  await connection.flush();
  await manager.streams.add({ name: "S", subjects: ["s"] });
  const [advisory] = await first(1, advisories);
  assert.ok(["api_audit", "stream_action"].includes(advisory!.kind));
});

check("a publish is repeated until there is a stream", async ({ client }) => {
  const connection = await client();
  const manager = await jetstreamManager(connection);
  const stream = jetstream(connection);
  const heard = connection.subscribe("late", { max: 2, callback: () => {} });
  const published: Promise<PubAck> = stream.publish("late", "x", {
    retries: 100,
    timeout: 500,
  });
  await heard.closed;
  await manager.streams.add({ name: "L", subjects: ["late"] });
  assert.equal((await published).stream, "L");
});

check(
  "a publish that nobody answers in time is repeated",
  async ({ client }) => {
    const connection = await client();
    let asked = 0;
    connection.subscribe("slow", {
      callback: (_error, message) => {
        asked++;
        if (asked === 3) {
          message.respond(JSON.stringify({ stream: "S", seq: 1 }));
        }
      },
    });
    const stream = jetstream(connection);
    const options = { retries: 3, timeout: 200 };
    assert.equal((await stream.publish("slow", "x", options)).stream, "S");
    assert.equal(asked, 3);
    asked = 3;
    const error = await rejection(
      stream.publish("slow", "x", { timeout: 100 }),
    );
    assert.ok(error instanceof errors.TimeoutError, String(error));
  },
);

check("where there is no JetStream, it is said", async ({ client }) => {
  const connection = await client();
  const error = await rejection(jetstreamManager(connection));
  assert.equal((error as Error).name, "JetStreamNotEnabled", String(error));
  const published = jetstream(connection).publish("a", "x", { retries: 2 });
  const other = await rejection(published);
  assert.equal((other as Error).name, "JetStreamNotEnabled", String(other));
  const cause = (other as Error).cause;
  assert.ok(cause instanceof errors.RequestError && cause.isNoResponders());
}, { jetstream: false });

check("and Midge has none", async ({ t, client }) => {
  const broker = await startServer({ host: "127.0.0.1", port: 0 });
  t.after(() => broker.stop());
  const { port } = broker.broker.port.lastAddress;
  const connection = await client({ servers: `127.0.0.1:${port}` });
  const error = await rejection(jetstreamManager(connection));
  assert.equal((error as Error).name, "JetStreamNotEnabled", String(error));
}, { jetstream: false });

check("a user with an inbox of its own needs no other", async ({ client }) => {
  const connection = await client({
    user: "ann",
    pass: "x",
    inboxPrefix: "ann.box",
  });
  const refused: unknown[] = [];
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === "error") refused.push(status.error);
    }
  };
  void watch();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: "S",
    subjects: ["s.>"],
    allow_direct: true,
  });
  const stream = jetstream(connection);
  await stream.publish("s.a", "1");
  const consumer = await stream.consumers.get("S", { filter_subjects: "s.>" });
  assert.equal((await consumer.next({ expires: 5000 }))!.string(), "1");
  const batch = await manager.direct.getBatch("S", { seq: 1, batch: 1 });
  assert.equal((await all(batch)).length, 1);
  const push = await stream.consumers.getPushConsumer("S");
  const messages = await push.consume();
  assert.equal((await first(1, messages))[0]!.string(), "1");
  await connection.flush();
  assert.deepEqual(refused, []);
  connection.subscribe("other");
  await until("the server complains", () => refused.length > 0);
}, {
  config: `authorization { users: [{
    user: ann, password: x
    permissions: { subscribe: ["ann.box.>"], publish: ">" }
  }] }`,
});
