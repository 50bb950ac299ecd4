/** Streams and consumers in files are after a restart what they were before. */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../src/client/connection.ts";
import { createInbox, headers, type Msg } from "../../src/faces/client.ts";
import { startServer } from "../../src/app/start_server.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

interface Life {
  readonly connection: NatsConnection;
  /** Sends a request to the API, and gives the answer. Fails for an error. */
  ask(subject: string, body?: object): Promise<Answer>;
  end(): Promise<void>;
}

type Answer = Record<string, unknown>;

/** A disk that others use may take seconds for a sync. */
const PATIENT = { timeout: 60_000 };

async function live(t: Cleanup, folder: string): Promise<Life> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: { store_dir: folder },
  });
  t.after(() => server.stop());
  const connection = await server.connect();
  return {
    connection,
    async ask(subject, body) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const answer = await connection.request(
        `$JS.API.${subject}`,
        text,
        PATIENT,
      );
      const value = answer.json<Answer>();
      assert.equal(value["error"], undefined, JSON.stringify(value["error"]));
      return value;
    },
    async end() {
      await connection.close();
      await server.stop();
    },
  };
}

/** The next message of the consumer `C`, or what is said in its place. */
async function next(connection: NatsConnection): Promise<Msg> {
  const inbox = createInbox();
  const subscription = connection.subscribe(inbox, { max: 1 });
  const body = JSON.stringify({ batch: 1, no_wait: true });
  connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", body, { reply: inbox });
  for await (const message of subscription) return message;
  throw new Error("The connection has ended");
}

/** What is the same in two lives. */
function lasting({ ts: _, ...answer }: Answer): Answer {
  return answer;
}

test("messages and their stream are there after a restart", async (t) => {
  const folder = temporaryFolder(t);
  const before = await live(t, folder);
  await before.ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
  for (const subject of ["s.1", "s.2", "s.1"]) {
    const ack = await before.connection.request(subject, "x", PATIENT);
    assert.equal(ack.json<Answer>()["stream"], "S");
  }
  await before.ask("STREAM.MSG.DELETE.S", { seq: 2 });
  const told = await before.ask("STREAM.INFO.S", { deleted_details: true });
  const message = await before.ask("STREAM.MSG.GET.S", { seq: 3 });
  await before.end();
  const after = await live(t, folder);
  assert.deepEqual(
    lasting(await after.ask("STREAM.INFO.S", { deleted_details: true })),
    {
      ...lasting(told),
      cluster: (await after.ask("STREAM.INFO.S"))["cluster"],
    },
  );
  assert.deepEqual(await after.ask("STREAM.MSG.GET.S", { seq: 3 }), message);
  const ack = await after.connection.request("s.3", "x", PATIENT);
  assert.equal(ack.json<Answer>()["seq"], 4);
});

test("sequences go on behind messages that are gone", async (t) => {
  const folder = temporaryFolder(t);
  const before = await live(t, folder);
  await before.ask("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  for (let i = 0; i < 3; i++) await before.connection.request("s", "x");
  await before.ask("STREAM.PURGE.S");
  await before.end();
  const after = await live(t, folder);
  const ack = await after.connection.request("s", "x");
  assert.equal(ack.json<Answer>()["seq"], 4);
});

test("a message is known by its id after a restart, within the window of its stream", async (t) => {
  const folder = temporaryFolder(t);
  const publish = async (
    { connection }: Life,
    subject: string,
    id: string,
  ): Promise<Answer> => {
    const given = headers();
    given.set("Nats-Msg-Id", id);
    const options = { ...PATIENT, headers: given };
    return (await connection.request(subject, "x", options)).json();
  };
  const before = await live(t, folder);
  const minute = 60e9;
  for (const [name, window] of [["LONG", minute], ["SHORT", 1e8]] as const) {
    await before.ask(`STREAM.CREATE.${name}`, {
      name,
      subjects: [name],
      duplicate_window: window,
    });
    assert.equal((await publish(before, name, "a"))["seq"], 1);
  }
  await before.end();
  const after = await live(t, folder);
  assert.deepEqual(await publish(after, "LONG", "a"), {
    stream: "LONG",
    seq: 1,
    duplicate: true,
  });
  assert.deepEqual(await publish(after, "LONG", "b"), {
    stream: "LONG",
    seq: 2,
  });
  await until(
    "the short window is over",
    async () => (await publish(after, "SHORT", "a"))["seq"] === 2,
  );
});

test("a consumer goes on where it was, and gives nothing again that was acknowledged", async (t) => {
  const folder = temporaryFolder(t);
  const before = await live(t, folder);
  await before.ask("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  const config = { durable_name: "C", ack_policy: "explicit" };
  await before.ask("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  for (let i = 1; i <= 4; i++) await before.connection.request("s", `${i}`);
  const first = await next(before.connection);
  await before.connection.request(first.reply!, "+ACK");
  const second = await next(before.connection);
  assert.equal(second.string(), "2");
  const third = await next(before.connection);
  await before.connection.request(third.reply!, "+ACK");
  await before.end();
  const after = await live(t, folder);
  const told = await after.ask("CONSUMER.INFO.S.C");
  assert.deepEqual(
    [told["num_ack_pending"], told["num_pending"], told["ack_floor"]],
    [1, 1, {
      consumer_seq: 1,
      stream_seq: 1,
      last_active: (told["ack_floor"] as Answer)["last_active"],
    }],
  );
  const fourth = await next(after.connection);
  assert.equal(fourth.string(), "4");
  const again = await next(after.connection);
  assert.equal(again.headers?.status, "404 No Messages");
});

test("a job that was given up stays after a restart, until it is acknowledged late", async (t) => {
  const folder = temporaryFolder(t);
  const before = await live(t, folder);
  const { connection } = before;
  const retention = "workqueue";
  await before.ask("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s.>"],
    retention,
  });
  await before.ask("CONSUMER.CREATE.S.C", {
    stream_name: "S",
    config: { durable_name: "C", ack_policy: "explicit", max_deliver: 2 },
  });
  for (const body of ["one", "two"]) await connection.request("s.job", body);
  const first = await next(connection);
  first.respond("-NAK");
  const again = await next(connection);
  assert.equal(again.string(), "one");
  assert.ok(await connection.request(again.reply!, "-NAK"));
  assert.equal((await next(connection)).string(), "two");
  const told = await before.ask("CONSUMER.INFO.S.C");
  assert.deepEqual([told["num_ack_pending"], told["num_redelivered"]], [1, 1]);
  await before.end();
  const after = await live(t, folder);
  const messages = async (): Promise<unknown> =>
    ((await after.ask("STREAM.INFO.S"))["state"] as Answer)["messages"];
  assert.equal(await messages(), 2);
  const info = await after.ask("CONSUMER.INFO.S.C");
  assert.deepEqual(
    { ...info, ts: told["ts"], num_waiting: told["num_waiting"] },
    told,
  );
  await after.connection.request(again.reply!, "+ACK");
  assert.equal(await messages(), 1);
  await after.end();
});

test("a pause lasts over a restart", async (t) => {
  const folder = temporaryFolder(t);
  const before = await live(t, folder);
  await before.ask("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  const config = { durable_name: "C", ack_policy: "explicit" };
  await before.ask("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  await before.connection.request("s", "1");
  const pause_until = "2999-01-01T00:00:00Z";
  await before.ask("CONSUMER.PAUSE.S.C", { pause_until });
  await before.end();
  const after = await live(t, folder);
  const told = await after.ask("CONSUMER.INFO.S.C");
  assert.equal(told["paused"], true);
  assert.equal((told["config"] as Answer)["pause_until"], pause_until);
  const nothing = await next(after.connection);
  assert.equal(nothing.headers?.status, "404 No Messages");
  await after.ask("CONSUMER.PAUSE.S.C");
  assert.equal((await next(after.connection)).string(), "1");
});

test("a consumer that was set to begin again does so after a restart", async (t) => {
  const folder = temporaryFolder(t);
  const before = await live(t, folder);
  await before.ask("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  const config = { durable_name: "C", ack_policy: "explicit" };
  await before.ask("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  for (const text of ["1", "2", "3"]) {
    await before.connection.request("s", text);
  }
  const first = await next(before.connection);
  await before.connection.request(first.reply!, "+ACK");
  await next(before.connection);
  const { reset_seq } = await before.ask("CONSUMER.RESET.S.C", { seq: 1 });
  assert.equal(reset_seq, 1);
  await before.end();
  const after = await live(t, folder);
  const told = await after.ask("CONSUMER.INFO.S.C");
  assert.deepEqual([told["num_pending"], told["num_ack_pending"]], [3, 0]);
  for (const text of ["1", "2", "3"]) {
    const message = await next(after.connection);
    assert.equal(message.string(), text);
    assert.match(
      message.reply!,
      new RegExp(`^\\$JS\\.ACK\\.S\\.C\\.1\\.${text}\\.`),
    );
  }
});

test("requests that wait for messages are told when the server stops, before the connection ends", async (t) => {
  const { server, port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  const ask = (subject: string, body: object, reply = "made"): void => {
    const text = JSON.stringify(body);
    peer.send(`PUB $JS.API.${subject} ${reply} ${text.length}\r\n${text}\r\n`);
  };
  peer.send("SUB made 1\r\nSUB waits 2\r\n");
  ask("STREAM.CREATE.S", { name: "S", subjects: ["s"], storage: "memory" });
  await peer.expect("stream_create_response");
  const config = { durable_name: "C" };
  ask("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  await peer.expect("consumer_create_response");
  const never = { batch: 7, expires: 60e9 };
  ask("CONSUMER.MSG.NEXT.S.C", never, "waits");
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
  await server.stop();
  assert.equal(
    await peer.expectClosed(),
    "HMSG waits 2 81 81\r\nNATS/1.0 409 Server Shutdown\r\n" +
      "Nats-Pending-Messages: 7\r\nNats-Pending-Bytes: 0\r\n\r\n\r\n",
  );
});
