/** Batches that are stored together or not at all: in memory, on disk, and as time passes. */
import assert from "node:assert/strict";
import { jetstream, JetStreamApiError } from "@nats-io/jetstream";
import { startCluster } from "../../src/faces/cluster.ts";
import { headers } from "../../src/faces/client.ts";
import {
  type Database,
  type Storage,
  StorageError,
} from "../../src/platform/storage.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { rejection } from "../support/rejection.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { type Answer, CLIENTS, codeOf, type Stage, stage } from "./stage.ts";

const CONFIG = { name: "B", subjects: ["b.>"], allow_atomic: true };
const BATCH_SIZE = 4;

/** The headers of the message `number` of a batch. */
function of(id: string, number: number, isLast = false): Answer & {
  [name: string]: string | number;
} {
  return {
    "Nats-Batch-Id": id,
    "Nats-Batch-Sequence": number,
    ...(isLast && { "Nats-Batch-Commit": 1 }),
  };
}

/** Publishes a batch and gives the answer to its last message. */
async function batch({ publish }: Stage, id: string): Promise<Answer> {
  for (let number = 1; number < BATCH_SIZE; number++) {
    const first = await publish("b.x", String(number), of(id, number));
    assert.deepEqual(first, {});
  }
  return publish("b.x", String(BATCH_SIZE), of(id, BATCH_SIZE, true));
}

/** What goes wrong with the write of a number, and with all behind it. */
class Wall {
  left = Infinity;
  readonly storage: Storage;

  /** `dies`: nothing is heard of it, as of a process that is killed. */
  constructor(dies: boolean) {
    // Nothing may be noted beside the database by a process that is dead.
    const { raw: _, ...real } = loadStorage();
    const act = (change: () => void): void => {
      if (this.left-- > 0) return change();
      if (!dies) throw new StorageError("the disk is broken", "failed");
    };
    this.storage = {
      ...real,
      open: (path) => walled(real.open(path), act),
    };
  }
}

function walled(
  database: Database,
  act: (change: () => void) => void,
): Database {
  return {
    execute: (sql) =>
      sql === "ROLLBACK"
        ? database.execute(sql)
        : act(() => database.execute(sql)),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run(...values) {
          let changed = 0;
          act(() => changed = statement.run(...values));
          return changed;
        },
        first: (...values) => statement.first(...values),
        all: (...values) => statement.all(...values),
        rows: (...values) => statement.rows(...values),
      };
    },
    sync: (done) => database.sync(done),
    close: () => database.close(),
  };
}

test("whatever write a server dies at, a batch is there as a whole or not at all", async (t) => {
  const counts = new Set<number>();
  // BEGIN, the messages, the last sequence, COMMIT.
  for (let writes = 0; writes <= BATCH_SIZE + 3; writes++) {
    const folder = temporaryFolder(t);
    const wall = new Wall(true);
    const before = await stage(t, CONFIG, folder, {
      loadStorage: () => wall.storage,
    });
    wall.left = writes;
    await batch(before, "x");
    await before.end();
    const after = await stage(t, CONFIG, folder);
    const messages = await after.messages();
    counts.add(messages.length);
    assert.ok(
      messages.length === 0 || messages.length === BATCH_SIZE,
      `${messages.length} messages behind ${writes} writes`,
    );
    await after.end();
  }
  assert.deepEqual([...counts], [0, BATCH_SIZE]);
});

test("a batch that the disk does not take is refused as a whole", async (t) => {
  for (let writes = 0; writes < BATCH_SIZE + 3; writes++) {
    const folder = temporaryFolder(t);
    const wall = new Wall(false);
    const here = await stage(t, CONFIG, folder, {
      loadStorage: () => wall.storage,
    });
    wall.left = writes;
    assert.equal(codeOf(await batch(here, "x")), 10077, `write ${writes}`);
    wall.left = Infinity;
    assert.deepEqual(await here.messages(), []);
    const { batch: id, count } = await batch(here, "x");
    assert.deepEqual([id, count], ["x", BATCH_SIZE]);
    assert.equal((await here.messages()).length, BATCH_SIZE);
    await here.end();
  }
});

test("a batch that nothing comes for is given up after ten seconds", async (t) => {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => ({ jetstream: true }),
  });
  t.after(() => cluster.stop());
  const connection = await cluster.connect();
  const publish = async (number: number, isLast = false): Promise<Answer> => {
    const block = headers();
    for (const [name, value] of Object.entries(of("x", number, isLast))) {
      block.set(name, String(value));
    }
    const answer = await cluster.run(
      connection.request("b.x", "x", { headers: block }),
    );
    return answer.data.length === 0 ? {} : answer.json<Answer>();
  };
  const news: unknown[] = [];
  connection.subscribe("$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.B", {
    callback: (_, message) => void news.push(message.json<Answer>()["reason"]),
  });
  await cluster.run(
    connection.request("$JS.API.STREAM.CREATE.B", JSON.stringify(CONFIG)),
  );
  await publish(1);
  await cluster.advance(9000);
  await publish(2);
  await cluster.advance(9000);
  assert.deepEqual(news, []);
  assert.equal((await publish(3, true))["seq"], 3);
  await publish(1);
  await cluster.advance(10_100);
  assert.deepEqual(news, ["timeout"]);
  assert.equal(codeOf(await publish(2, true)), 10176);
});

test("fifty batches may be open in a stream, and a thousand in a server", async (t) => {
  const { publish, ask } = await stage(t, CONFIG);
  const subjects = ["b.x"];
  for (let i = 0; i < 20; i++) {
    const name = `O${i}`;
    subjects.push(name);
    await ask(`STREAM.CREATE.${name}`, {
      name,
      storage: "memory",
      allow_atomic: true,
    });
  }
  const open = async (subject: string, count: number): Promise<unknown[]> => {
    const answers = await Promise.all(
      Array.from(
        { length: count },
        (_, i) => publish(subject, "x", of(`${i}`, 1)),
      ),
    );
    return answers.map(codeOf).filter((code) => code !== undefined);
  };
  for (const subject of subjects.slice(0, 20)) {
    assert.deepEqual(await open(subject, 50), []);
  }
  assert.deepEqual(await open("O19", 1), [10210]);
  assert.deepEqual(await open("b.x", 1), [10176], "begun twice");
  assert.deepEqual(await open("O19", 1), []);
  await ask("STREAM.DELETE.O1");
  // The one that is open already is given up.
  assert.deepEqual(await open("O19", 52), [10176, 10210]);
});

test("a batch has a thousand messages at most", async (t) => {
  const { publish, connection } = await stage(t, CONFIG);
  const send = (number: number): void => {
    const block = headers();
    block.set("Nats-Batch-Id", "x");
    block.set("Nats-Batch-Sequence", String(number));
    connection.publish("b.x", "x", { headers: block });
  };
  for (let number = 1; number <= 1000; number++) send(number);
  assert.equal(codeOf(await publish("b.x", "x", of("x", 1001, true))), 10199);
  for (let number = 1; number <= 1000; number++) send(number);
  const ack = await publish("b.x", "", {
    ...of("x", 1001),
    "Nats-Batch-Commit": "eob",
  });
  assert.deepEqual(ack, { stream: "B", seq: 1000, batch: "x", count: 1000 });
});

test("a consumer gets no message of a batch before all are stored", async (t) => {
  const { publish, ask, connection } = await stage(
    t,
    CONFIG,
    temporaryFolder(t),
  );
  await ask("CONSUMER.CREATE.B.C", {
    stream_name: "B",
    config: { durable_name: "C", deliver_subject: "to.c", ack_policy: "none" },
  });
  const heard: string[] = [];
  const all = Promise.withResolvers<void>();
  connection.subscribe("to.c", {
    callback: (_, message) => {
      if (heard.push(message.string()) === 4) all.resolve();
    },
  });
  await publish("b.x", "1", of("x", 1));
  await publish("b.x", "alone");
  await publish("b.x", "2", of("x", 2));
  await publish("b.x", "3", of("x", 3, true));
  await all.promise;
  assert.deepEqual(heard, ["alone", "1", "2", "3"]);
});

for (const [title, connect] of CLIENTS) {
  test(`${title}: a batch of @nats-io/jetstream is stored as a whole`, async (t) => {
    const here = await stage(t, CONFIG);
    const connection = await connect({ servers: `127.0.0.1:${here.port}` });
    t.after(() => connection.close());
    const client = jetstream(connection);
    const started = await client.startBatch("b.1", "one");
    started.add("b.2", "two");
    await started.add("b.3", "three", { ack: true });
    const ack = await started.commit("b.4", "four");
    assert.deepEqual(ack, { stream: "B", seq: 4, batch: started.id, count: 4 });
    assert.deepEqual(
      (await here.messages()).map(({ subject, body }) => `${subject} ${body}`),
      ["b.1 one", "b.2 two", "b.3 three", "b.4 four"],
    );
    await here.ask("STREAM.UPDATE.B", {
      ...CONFIG,
      storage: "memory",
      allow_atomic: false,
    });
    const refused = await rejection(client.startBatch("b.1", "one"));
    assert.ok(refused instanceof JetStreamApiError, String(refused));
    assert.equal(refused.code, 10174);
  });
}
