/** Nodes of the test kit keep their streams from life to life, on disks that have faults. */
import assert from "node:assert/strict";
import {
  type NatsConnection,
  type RunningCluster,
  type ServerScene,
  startCluster,
  type Surroundings,
  withServer,
} from "../../src/faces/cluster.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

type Answer = Record<string, unknown>;

const VIRTUAL = { network: "memory", clock: "virtual" } as const;

/** Where streams are kept, and with which clock. */
const PLACES: readonly {
  readonly name: string;
  readonly setup: Surroundings;
  readonly folder: (t: Cleanup) => string;
}[] = [
  { name: "in memory, virtual clock", setup: VIRTUAL, folder: () => "" },
  { name: "in memory, sockets", setup: {}, folder: () => "" },
  { name: "in files, virtual clock", setup: VIRTUAL, folder: temporaryFolder },
  { name: "in files, sockets", setup: {}, folder: temporaryFolder },
];

async function start(
  t: Cleanup,
  setup: Surroundings = VIRTUAL,
  store_dir = "",
): Promise<RunningCluster> {
  const cluster = await startCluster({
    ...setup,
    size: 1,
    node: () => ({ jetstream: store_dir === "" ? true : { store_dir } }),
  });
  t.after(() => cluster.stop());
  return cluster;
}

/** What an answer of JetStream says; an error as its text. */
async function ask(
  connection: NatsConnection,
  subject: string,
  body: object | string = "",
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = (await connection.request(subject, text)).json<Answer>();
  const { error } = answer as { error?: { description: string } };
  return error === undefined ? answer : { error: error.description };
}

const STREAM = { name: "S", subjects: ["s.>"] };

async function makeStream(
  connection: NatsConnection,
  more: object = {},
): Promise<void> {
  await ask(connection, "$JS.API.STREAM.CREATE.S", { ...STREAM, ...more });
}

/** The texts of the messages 1 to 9 of the stream `S` that are there. */
async function texts(connection: NatsConnection): Promise<string[]> {
  const found: string[] = [];
  for (let seq = 1; seq < 10; seq++) {
    const { message } = await ask(connection, "$JS.API.STREAM.MSG.GET.S", {
      seq,
    });
    if (message === undefined) continue;
    found.push(`${seq} ${atob((message as Record<string, string>)["data"]!)}`);
  }
  return found;
}

for (const { name, setup, folder } of PLACES) {
  test(`${name}: a killed node has its streams again, a wiped one has none`, async (t) => {
    const cluster = await start(t, setup, folder(t));
    const connection = await cluster.connect({ reconnectTimeWait: 20 });
    await makeStream(connection);
    const consumer = {
      stream_name: "S",
      config: { durable_name: "C", ack_policy: "explicit" },
    };
    await ask(connection, "$JS.API.CONSUMER.CREATE.S.C", consumer);
    for (const text of ["one", "two"]) await ask(connection, "s.1", text);
    const pulled = connection.subscribe("pulled", { max: 1 });
    connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", {
      reply: "pulled",
    });
    const { value: first } = await cluster.run(
      pulled[Symbol.asyncIterator]().next(),
    );
    assert.equal(first?.string(), "one");
    await connection.request(first.reply!, "+ACK");

    await cluster.kill(0);
    await cluster.restart(0);
    await cluster.settled();
    assert.deepEqual(await texts(connection), ["1 one", "2 two"]);
    assert.equal((await ask(connection, "s.1", "three"))["seq"], 3);
    const { num_pending, ack_floor } = await ask(
      connection,
      "$JS.API.CONSUMER.INFO.S.C",
    );
    assert.equal(num_pending, 2);
    assert.equal((ack_floor as Answer)["stream_seq"], 1);

    await cluster.stop(0);
    await cluster.restart(0);
    await cluster.settled();
    assert.equal((await texts(connection)).length, 3);

    await cluster.kill(0);
    await cluster.restart(0, { wipe: true });
    await cluster.settled();
    const { streams } = await ask(connection, "$JS.API.STREAM.NAMES");
    assert.equal(streams, null);

    await makeStream(connection);
    await cluster.kill(0, { wipe: true });
    await cluster.restart(0);
    await cluster.settled();
    assert.deepEqual(await ask(connection, "$JS.API.STREAM.INFO.S"), {
      error: "stream not found",
    });
  });
}

test("a stream that is deleted is not there after a kill, and its name is free", async (t) => {
  const cluster = await start(t);
  const connection = await cluster.connect();
  await makeStream(connection);
  await ask(connection, "s.1", "old");
  await ask(connection, "$JS.API.STREAM.DELETE.S");
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  await makeStream(connection);
  assert.deepEqual(await texts(connection), []);
  assert.equal((await ask(connection, "s.1", "new"))["seq"], 1);
});

test("a stream with memory storage is gone with its node, as on nats-server", async (t) => {
  const cluster = await start(t);
  const connection = await cluster.connect();
  await makeStream(connection, { storage: "memory" });
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  const { streams } = await ask(connection, "$JS.API.STREAM.NAMES");
  assert.equal(streams, null);
});

test(
  "withServer: a test kills its server, and starts it again",
  withServer(
    { ...VIRTUAL, config: { jetstream: true } },
    async (server, scene: ServerScene) => {
      const connection = await scene.connect();
      await makeStream(connection);
      await ask(connection, "s.1", "one");
      await scene.kill();
      const again = await scene.restart();
      assert.notEqual(again, server);
      await scene.settled();
      assert.deepEqual(await texts(connection), ["1 one"]);
      await scene.kill();
      await scene.restart({ wipe: true });
      await scene.settled();
      assert.equal(
        (await ask(connection, "$JS.API.STREAM.NAMES"))["streams"],
        null,
      );
    },
  ),
);

for (const { name, setup, folder } of PLACES) {
  // What a disk does is the same on sockets, where clients take their time to come back.
  if (setup !== VIRTUAL) continue;

  test(`${name}: a slow disk is waited for`, async (t) => {
    const cluster = await start(t, setup, folder(t));
    const connection = await cluster.connect();
    await makeStream(connection);
    const { disk } = cluster.nodes[0]!;
    disk.delayMs = 50;
    const begun = cluster.clock.monotonic();
    const acks = await cluster.run(Promise.all([
      ask(connection, "s.1", "one"),
      ask(connection, "s.1", "two"),
    ]));
    assert.deepEqual(acks.map(({ seq }) => seq), [1, 2]);
    assert.ok(cluster.clock.monotonic() - begun >= 50);
  });

  test(`${name}: a full disk refuses, and goes on when it has room`, async (t) => {
    const cluster = await start(t, setup, folder(t));
    const connection = await cluster.connect();
    await makeStream(connection);
    await ask(connection, "s.1", "one");
    const { disk } = cluster.nodes[0]!;
    disk.freeBytes = 100;
    const { error } = await ask(connection, "s.1", "x".repeat(200));
    assert.match(`${error}`, /stream S of \$G on the disk of node-a.*is full/);
    disk.freeBytes = Infinity;
    assert.equal((await ask(connection, "s.1", "three"))["seq"], 3);
    await cluster.kill(0);
    await cluster.restart(0);
    await cluster.settled();
    assert.deepEqual(await texts(connection), ["1 one", "3 three"]);
  });

  test(`${name}: a flipped bit is told of, and all others are read`, async (t) => {
    const cluster = await start(t, setup, folder(t));
    const connection = await cluster.connect();
    await makeStream(connection);
    for (const text of ["one", "two", "three"]) {
      await ask(connection, "s.1", text);
    }
    const { disk } = cluster.nodes[0]!;
    assert.throws(() => disk.flipBit("T", 1), {
      message: "There is no stream T of $G on the disk of node-a",
    });
    assert.throws(() => disk.flipBit("S", 4), {
      message: "S has no message 4",
    });
    disk.flipBit("S", 2);
    assert.deepEqual(await texts(connection), ["1 one", "3 three"]);
    await cluster.kill(0);
    await cluster.restart(0);
    await cluster.settled();
    assert.deepEqual(await texts(connection), ["1 one", "3 three"]);
    assert.ok(
      cluster.log(0).some(({ text }) =>
        /message 2 of stream S of \$G on the disk of node-a is damaged/
          .test(text)
      ),
    );
  });

  for (
    const [unsynced, left] of [
      ["lost", []],
      ["kept", ["1 aaa", "2 bbb"]],
      // A record of the first message: 16 bytes, three of the subject, three of the payload.
      [21, []],
      [22, ["1 aaa"]],
      [43, ["1 aaa"]],
      [44, ["1 aaa", "2 bbb"]],
    ] as const
  ) {
    test(`${name}: a kill leaves of what was not synced: ${unsynced}`, async (t) => {
      const cluster = await start(t, setup, folder(t));
      const connection = await cluster.connect();
      await makeStream(connection);
      const { disk } = cluster.nodes[0]!;
      disk.delayMs = 1000;
      disk.unsynced = unsynced;
      const acks: Answer[] = [];
      for (const text of ["aaa", "bbb"]) {
        ask(connection, "s.1", text).then((ack) => acks.push(ack), () => {});
      }
      await cluster.run(connection.flush());
      await cluster.kill(0);
      disk.delayMs = 0;
      await cluster.restart(0);
      await cluster.settled();
      assert.deepEqual(acks, []);
      assert.deepEqual(await texts(connection), left);
    });
  }
}

test("what is not on the disk yet is seen by nobody", async (t) => {
  const cluster = await start(t);
  const connection = await cluster.connect();
  await makeStream(connection);
  const consumer = {
    stream_name: "S",
    config: { deliver_subject: "to.c", ack_policy: "none" },
  };
  let heard = 0;
  connection.subscribe("to.c", { callback: () => void heard++ });
  await ask(connection, "$JS.API.CONSUMER.CREATE.S", consumer);
  const { disk } = cluster.nodes[0]!;
  disk.delayMs = 1000;
  connection.publish("s.1", "one");
  await cluster.advance(900);
  assert.equal(heard, 0);
  await cluster.advance(200);
  assert.equal(heard, 1);
});
