/** `@nats-io/jetstream`: consumers that pull, that are pushed to, and that keep order. */
import assert from "node:assert/strict";
import {
  AckPolicy,
  type ConsumerMessages,
  type ConsumerNotification,
  DeliverPolicy,
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import type { NatsConnection } from "../../client.ts";
import { rejection } from "../support/rejection.ts";
import { openGate } from "../support/tcp_gate.ts";
import { until } from "../support/until.ts";
import { all, check, first, found, type Stage } from "./add_ons_stage.ts";

interface Line {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: JetStreamClient;
}

/** A stream `S` of `s.>` with `count` messages: `0` on `s.0`, and so on. */
async function streamOf(
  count: number,
  { client }: Stage,
  options: Parameters<Stage["client"]>[0] = {},
): Promise<Line> {
  const connection = await client(options);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "S", subjects: ["s.>"] });
  const stream = jetstream(connection);
  await publish(stream, 0, count);
  return { connection, manager, stream };
}

async function publish(
  stream: JetStreamClient,
  from: number,
  to: number,
): Promise<void> {
  for (let i = from; i < to; i++) await stream.publish(`s.${i}`, String(i));
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

const textOf = (message: JsMsg): string => message.string();

/** Collects notifications as they come. */
function heardFrom(messages: ConsumerMessages): ConsumerNotification[] {
  const heard: ConsumerNotification[] = [];
  const listen = async (): Promise<void> => {
    for await (const one of messages.status()) heard.push(one);
  };
  void listen();
  return heard;
}

check(
  "a consumer is pulled for one message, and for several",
  async (stage) => {
    const { manager, stream } = await streamOf(5, stage);
    await manager.consumers.add("S", {
      durable_name: "c",
      ack_policy: AckPolicy.Explicit,
    });
    const consumer = await stream.consumers.get("S", "c");
    const message = (await consumer.next())!;
    assert.deepEqual(
      [message.subject, message.string(), message.seq, message.info.pending],
      ["s.0", "0", 1, 4],
    );
    message.ack();
    const batch = await all(await consumer.fetch({ max_messages: 3 }));
    assert.deepEqual(batch.map(textOf), ["1", "2", "3"]);
    for (const one of batch) one.ack();
    const rest = await consumer.fetch({ max_messages: 3, expires: 1000 });
    for await (const one of rest) one.ack();
    assert.equal(rest.getProcessed(), 1);
    assert.equal(await consumer.next({ expires: 1000 }), null);
    await until("all is acknowledged", async () => {
      const info = await consumer.info();
      return info.num_ack_pending === 0 && info.ack_floor.consumer_seq === 5;
    });
    assert.equal(await consumer.delete(), true);
  },
);

check("what is pulled is bounded by bytes", async (stage) => {
  const { connection, manager, stream } = await streamOf(0, stage);
  const payload = new Uint8Array(1000);
  for (let i = 0; i < 12; i++) connection.publish("s.größe", payload);
  await until(
    "all are stored",
    async () => (await manager.streams.info("S")).state.messages === 12,
  );
  await manager.consumers.add("S", { durable_name: "c" });
  const consumer = await stream.consumers.get("S", "c");
  const messages = await consumer.consume({ max_bytes: 4500 });
  const heard = heardFrom(messages);
  const got = await first(12, messages);
  assert.deepEqual(got.map(({ seq }) => String(seq)), numbers(1, 13));
  const asked = heard.flatMap((one) =>
    one.type === "next" ? [one.options.max_bytes!] : []
  );
  assert.ok(asked.length > 1 && asked.every((bytes) => bytes <= 4500));
});

check("messages are acknowledged in every way", async (stage) => {
  const { manager, stream } = await streamOf(5, stage);
  await manager.consumers.add("S", {
    durable_name: "c",
    ack_policy: AckPolicy.Explicit,
    ack_wait: 60_000_000_000,
    max_deliver: 3,
  });
  const consumer = await stream.consumers.get("S", "c");
  const messages = await consumer.consume();
  const seen: string[] = [];
  for await (const message of messages) {
    const { deliveryCount } = message.info;
    seen.push(`${message.string()} ${deliveryCount}`);
    if (message.string() === "0") assert.equal(await message.ackAck(), true);
    else if (message.string() === "1" && deliveryCount === 1) message.nak();
    else if (message.string() === "2" && deliveryCount === 1) message.nak(50);
    else if (message.string() === "3") message.term("not wanted");
    else {
      message.working();
      message.ack();
      assert.equal(await message.ackAck(), false);
    }
    if (seen.length === 7) break;
  }
  assert.deepEqual(seen.sort(), [
    "0 1",
    "1 1",
    "1 2",
    "2 1",
    "2 2",
    "3 1",
    "4 1",
  ]);
  await until(
    "nothing is left to acknowledge",
    async () => (await consumer.info()).num_ack_pending === 0,
  );
});

check(
  "an acknowledgement that nobody confirms fails in time",
  async (stage) => {
    const { manager, stream } = await streamOf(2, stage);
    await manager.consumers.add("S", {
      durable_name: "c",
      ack_policy: AckPolicy.Explicit,
    });
    const consumer = await stream.consumers.get("S", "c");
    const [one, two] = await all(await consumer.fetch({ max_messages: 2 }));
    assert.equal(await one!.ackAck({ timeout: 5000 }), true);
    await consumer.delete();
    const error = await rejection(two!.ackAck({ timeout: 500 }));
    const isNobody = error instanceof errors.RequestError &&
      error.isNoResponders();
    assert.ok(isNobody || error instanceof errors.TimeoutError, String(error));
  },
);

check(
  "a filter has wildcards, also in its request's subject",
  async (stage) => {
    const { manager, stream } = await streamOf(3, stage);
    await manager.consumers.add("S", { name: "c", filter_subject: "s.>" });
    const consumer = await stream.consumers.get("S", "c");
    assert.equal(
      (await all(await consumer.fetch({ max_messages: 3 }))).length,
      3,
    );
    const some = await stream.consumers.get("S", { filter_subjects: "s.*" });
    assert.equal((await some.next())!.string(), "0");
  },
);

check("consumers are listed, paused, resumed and changed", async (stage) => {
  const { manager } = await streamOf(0, stage);
  await manager.consumers.add("S", { durable_name: "c", description: "one" });
  await manager.consumers.update("S", "c", { description: "two" });
  const [info] = await all(manager.consumers.list("S"));
  assert.deepEqual([info!.name, info!.config.description], ["c", "two"]);
  const until = new Date(Date.now() + 60_000);
  assert.equal((await manager.consumers.pause("S", "c", until)).paused, true);
  assert.equal((await manager.consumers.resume("S", "c")).paused, false);
  assert.equal(await manager.consumers.delete("S", "c"), true);
});

check("a callback consumes while messages come", async (stage) => {
  const { manager, stream } = await streamOf(0, stage);
  await manager.consumers.add("S", {
    durable_name: "c",
    ack_policy: AckPolicy.Explicit,
  });
  const consumer = await stream.consumers.get("S", "c");
  const got: string[] = [];
  const messages = await consumer.consume({
    max_messages: 10,
    callback: (message) => {
      got.push(message.string());
      message.ack();
    },
  });
  await publish(stream, 0, 40);
  await until("all have come", () => got.length === 40);
  assert.deepEqual(got, numbers(0, 40));
  assert.equal(await messages.close(), undefined);
});

check(
  "an ordered consumer is made anew when the server loses it",
  async (stage) => {
    const { manager, stream } = await streamOf(10, stage);
    const consumer = await stream.consumers.get("S");
    const messages = await consumer.consume({ max_messages: 4, expires: 1000 });
    const heard = heardFrom(messages);
    const got: string[] = [];
    for await (const message of messages) {
      got.push(message.string());
      if (got.length === 5) {
        const { name } = await consumer.info(true);
        await manager.consumers.delete("S", name);
        await publish(stream, 10, 20);
      }
      if (got.length === 20) break;
    }
    assert.deepEqual(got, numbers(0, 20));
    assert.ok(
      heard.some(({ type }) => type === "ordered_consumer_recreated"),
      JSON.stringify(heard),
    );
  },
);

check("an ordered consumer is pulled step by step", async (stage) => {
  const { stream } = await streamOf(6, stage);
  const consumer = await stream.consumers.get("S", {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: 2,
  });
  assert.equal((await consumer.next())!.string(), "1");
  const fetched = await all(await consumer.fetch({ max_messages: 2 }));
  assert.deepEqual(fetched.map(textOf), ["2", "3"]);
  assert.equal((await consumer.next())!.string(), "4");
});

check("consuming goes on after the connection broke", async (stage) => {
  const gate = await openGate(stage.t, stage.port);
  const { stream: publisher, manager } = await streamOf(3, stage);
  const connection = await stage.client({
    servers: `127.0.0.1:${gate.port}`,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
  });
  const stream = jetstream(connection);
  await manager.consumers.add("S", {
    durable_name: "c",
    ack_policy: AckPolicy.Explicit,
    ack_wait: 1_000_000_000,
  });
  const ordered = [
    // It may ask for no message once it is connected again, and asks anew when
    // this time is over.
    await (await stream.consumers.get("S")).consume({ expires: 2000 }),
    await (await stream.consumers.getPushConsumer("S")).consume(),
  ];
  const durable = await (await stream.consumers.get("S", "c")).consume();
  const got = [durable, ...ordered].map(() => new Set<string>());
  const reading = [durable, ...ordered].map(async (messages, i) => {
    for await (const message of messages) {
      got[i]!.add(message.string());
      message.ack();
      if (got[i]!.size === 12) break;
    }
  });
  await until("the first have come", () => got.every(({ size }) => size === 3));
  const statuses = connection.status();
  await gate.cut();
  await publish(publisher, 3, 9);
  await gate.open();
  await found(statuses, ({ type }) => type === "reconnect");
  await publish(publisher, 9, 12);
  await Promise.all(reading);
  const [some, ...inOrder] = got.map((texts) => [...texts]);
  // What was sent to the dead connection is sent again, behind what came since.
  assert.deepEqual(some!.sort(), numbers(0, 12).sort());
  for (const texts of inOrder) assert.deepEqual(texts, numbers(0, 12));
});

check("all that consumes ends when the connection is closed", async (stage) => {
  const { connection, stream } = await streamOf(3, stage);
  const consumer = await stream.consumers.get("S");
  const iterated = all(await consumer.consume());
  const called: string[] = [];
  const other = await (await stream.consumers.get("S")).consume({
    callback: (message) => void called.push(message.string()),
  });
  await until("all have come", () => called.length === 3);
  await connection.close();
  assert.equal(await other.closed(), undefined);
  assert.deepEqual((await iterated).map(textOf), ["0", "1", "2"]);
});

check("all that consumes ends when the connection drains", async (stage) => {
  const { connection, stream } = await streamOf(3, stage);
  const consumer = await stream.consumers.get("S");
  const messages = await consumer.consume();
  const got: string[] = [];
  for await (const message of messages) {
    got.push(message.string());
    if (got.length === 3) void connection.drain();
  }
  assert.deepEqual(got, numbers(0, 3));
  await connection.closed();
});

check("a consumer that is deleted ends those who want it so", async (stage) => {
  const { manager, stream } = await streamOf(1, stage);
  await manager.consumers.add("S", { durable_name: "c" });
  const consumer = await stream.consumers.get("S", "c");
  const messages = await consumer.consume({ abort_on_missing_resource: true });
  const got: string[] = [];
  const read = async (): Promise<void> => {
    for await (const message of messages) {
      got.push(message.string());
      await manager.consumers.delete("S", "c");
    }
  };
  assert.match(String(await rejection(read())), /consumer deleted/);
  assert.deepEqual(got, ["0"]);
});

check("the server pushes, with flow control and heartbeats", async (stage) => {
  const { connection, manager, stream } = await streamOf(0, stage);
  await manager.consumers.add("S", {
    durable_name: "p",
    deliver_subject: "push.here",
    ack_policy: AckPolicy.Explicit,
    flow_control: true,
    idle_heartbeat: 1_000_000_000,
    max_ack_pending: 20_000,
  });
  const consumer = await stream.consumers.getPushConsumer("S", "p");
  const messages = await consumer.consume();
  const heard = heardFrom(messages);
  const payload = new Uint8Array(2000);
  for (let i = 0; i < 1000; i++) connection.publish(`s.${i}`, payload);
  const got: string[] = [];
  for await (const message of messages) {
    got.push(message.subject.slice(2));
    message.ack();
    if (got.length === 1000) break;
  }
  assert.deepEqual(got, numbers(0, 1000));
  assert.ok(heard.some(({ type }) => type === "flow_control"));
  await until(
    "all is acknowledged",
    async () => (await consumer.info()).num_ack_pending === 0,
  );
});

check("heartbeats come while there are no messages", async (stage) => {
  const { manager, stream } = await streamOf(0, stage);
  await manager.consumers.add("S", {
    durable_name: "p",
    deliver_subject: "push.here",
    idle_heartbeat: 500_000_000,
  });
  const push = await stream.consumers.getPushConsumer("S", "p");
  const pushed = await push.consume({ callback: () => {} });
  const pull = await (await stream.consumers.get("S")).consume({
    expires: 1000,
    callback: () => {},
  });
  for (const messages of [pushed, pull]) {
    await found(messages.status(), ({ type }) => type === "heartbeat");
    await messages.close();
  }
});

check("members of a queue group share what is pushed", async (stage) => {
  const { manager, stream } = await streamOf(0, stage);
  await manager.consumers.add("S", {
    durable_name: "p",
    deliver_subject: "push.here",
    deliver_group: "crew",
  });
  const got: string[] = [];
  const members = [0, 1].map(async () => {
    const member = jetstream(await stage.client());
    const consumer = await member.consumers.getPushConsumer("S", "p");
    return await consumer.consume({
      callback: (message) => void got.push(message.string()),
    });
  });
  const consuming = await Promise.all(members);
  await publish(stream, 0, 50);
  await until("each has come once", () => got.length === 50);
  assert.deepEqual(
    got.map(Number).sort((a, b) => a - b).map(String),
    numbers(0, 50),
  );
  for (const messages of consuming) await messages.close();
});

check(
  "an ordered push consumer is made anew when its order is broken",
  async (stage) => {
    const { manager, stream } = await streamOf(5, stage);
    const consumer = await stream.consumers.getPushConsumer("S");
    const got: string[] = [];
    const messages = await consumer.consume({
      callback: (message) => void got.push(message.string()),
    });
    const made = found(
      messages.status(),
      ({ type }) => type === "ordered_consumer_recreated",
    );
    await until("the first have come", () => got.length === 5);
    const { name, config } = await consumer.info(true);
    await manager.consumers.delete("S", name);
    await publish(stream, 5, 10);
    // It counts from one again, where the sixth is expected.
    await manager.consumers.add("S", config);
    await made;
    await until("the others have come", () => got.length === 10);
    assert.deepEqual(got, numbers(0, 10));
    await messages.close();
  },
);
