/** Streams in files that copy others go on after a restart, and after a disk that failed, without a message lost or doubled. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { NatsConnection } from "../../src/client/connection.ts";
import { startServer } from "../../src/app/start_server.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { FullDisk } from "./full_disk.ts";
import { startMidge } from "../support/midge.ts";
import { connect } from "../../src/faces/client.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

type Answer = Record<string, unknown>;

/** A disk that others use may take seconds for a sync. */
const PATIENT = { timeout: 60_000 };

interface Life {
  readonly connection: NatsConnection;
  /** Sends a request to the API, and gives the answer. */
  ask(subject: string, body?: object): Promise<Answer>;
  publish(subject: string, ...texts: string[]): Promise<void>;
  /** The texts of a stream, with their sequences, once the last one is there. */
  kept(stream: string, last: string): Promise<string[]>;
  end(): Promise<void>;
}

function lifeOf(connection: NatsConnection, end: () => Promise<void>): Life {
  const ask: Life["ask"] = async (subject, body) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = connection.request(`$JS.API.${subject}`, text, PATIENT);
    return (await answer).json();
  };
  const all = async (stream: string): Promise<string[]> => {
    const { state } = await ask(`STREAM.INFO.${stream}`) as {
      state: Record<string, number>;
    };
    const texts: string[] = [];
    for (let seq = state["first_seq"]!; seq <= state["last_seq"]!; seq++) {
      const { message } = await ask(`STREAM.MSG.GET.${stream}`, { seq }) as {
        message?: { data: string };
      };
      if (message !== undefined) texts.push(`${seq} ${atob(message.data)}`);
    }
    return texts;
  };
  return {
    connection,
    ask,
    async publish(subject, ...texts) {
      for (const text of texts) {
        await connection.request(subject, text, PATIENT);
      }
    },
    async kept(stream, last) {
      let texts: string[] = [];
      await until(`${last} in ${stream}`, async () => {
        texts = await all(stream);
        return texts.at(-1)?.endsWith(` ${last}`) === true;
      });
      return texts;
    },
    end,
  };
}

async function live(t: TestContext, folder: string): Promise<Life> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: { store_dir: folder },
  });
  t.after(() => server.stop());
  const connection = await server.connect();
  return lifeOf(connection, async () => {
    await connection.close();
    await server.stop();
  });
}

test("a mirror and a source go on where they were", async (t) => {
  const folder = temporaryFolder(t);
  const one = await live(t, folder);
  await one.ask("STREAM.CREATE.O", { name: "O", subjects: ["o"] });
  await one.ask("STREAM.CREATE.M", { name: "M", mirror: { name: "O" } });
  const sources = [{ name: "O" }];
  await one.ask("STREAM.CREATE.S", { name: "S", subjects: ["s"], sources });
  await one.publish("o", "a", "b");
  await one.kept("M", "b");
  await one.kept("S", "b");
  await one.publish("s", "own");
  await one.end();
  const two = await live(t, folder);
  await two.publish("o", "c");
  assert.deepEqual(await two.kept("M", "c"), ["1 a", "2 b", "3 c"]);
  assert.deepEqual(await two.kept("S", "c"), ["1 a", "2 b", "3 own", "4 c"]);
  await two.end();
  const three = await live(t, folder);
  await three.publish("o", "d");
  assert.deepEqual(await three.kept("M", "d"), ["1 a", "2 b", "3 c", "4 d"]);
  assert.deepEqual((await three.kept("S", "d")).slice(3), ["4 c", "5 d"]);
});

test("what a stream has taken in does not come again when it has left the stream", async (t) => {
  const folder = temporaryFolder(t);
  const one = await live(t, folder);
  await one.ask("STREAM.CREATE.O", { name: "O", subjects: ["o"] });
  const sources = [{ name: "O" }];
  await one.ask("STREAM.CREATE.S", { name: "S", sources });
  await one.ask("STREAM.CREATE.M", { name: "M", mirror: { name: "O" } });
  await one.publish("o", "a", "b");
  await one.kept("S", "b");
  await one.kept("M", "b");
  await one.ask("STREAM.PURGE.S");
  await one.ask("STREAM.PURGE.M");
  await one.end();
  const two = await live(t, folder);
  await two.publish("o", "c");
  assert.deepEqual(await two.kept("S", "c"), ["3 c"]);
  assert.deepEqual(await two.kept("M", "c"), ["3 c"]);
});

test("where a stream stands in its sources is in its messages, too", async (t) => {
  const folder = temporaryFolder(t);
  const one = await live(t, folder);
  await one.ask("STREAM.CREATE.O", { name: "O", subjects: ["o.*"] });
  const sources = [
    { name: "O", filter_subject: "o.1" },
    { name: "O", subject_transforms: [{ src: "o.2", dest: "x" }] },
  ];
  await one.ask("STREAM.CREATE.S", { name: "S", sources });
  await one.publish("o.1", "a");
  await one.kept("S", "a");
  await one.publish("o.2", "b");
  await one.kept("S", "b");
  await one.end();
  const path = join(folder, "$G", "streams", "S", "stream.db");
  const database = loadStorage().open(path);
  database.execute("DELETE FROM value WHERE name = 'sources'");
  database.close();
  const two = await live(t, folder);
  await two.publish("o.2", "c");
  await two.kept("S", "c");
  await two.publish("o.1", "d");
  assert.deepEqual(await two.kept("S", "d"), ["1 a", "2 b", "3 c", "4 d"]);
});

test("messages of a work queue that were not acknowledged come again to a copy, which has them once", async (t) => {
  const folder = temporaryFolder(t);
  const one = await live(t, folder);
  const retention = "workqueue";
  await one.ask("STREAM.CREATE.W", { name: "W", subjects: ["w"], retention });
  await one.ask("STREAM.CREATE.M", { name: "M", mirror: { name: "W" } });
  await one.publish("w", "a", "b");
  await one.kept("M", "b");
  // Before the consumer asks for its acknowledgement.
  await one.end();
  const two = await live(t, folder);
  await two.publish("w", "c");
  assert.deepEqual(await two.kept("M", "c"), ["1 a", "2 b", "3 c"]);
  await until("the work queue is empty", async () => {
    const { state } = await two.ask("STREAM.INFO.W") as {
      state: Record<string, number>;
    };
    return state["messages"] === 0;
  });
  const { consumers } = await two.ask("CONSUMER.NAMES.W") as {
    consumers: string[];
  };
  assert.equal(consumers.length, 1);
});

test("what the disk of a copy had no room for is asked for again", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { port } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir: temporaryFolder(t) },
  }, { loadStorage: () => disk.storage });
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  t.after(() => connection.close());
  const { ask, publish, kept } = lifeOf(connection, () => connection.close());
  const memory = { storage: "memory" };
  await ask("STREAM.CREATE.O", { name: "O", subjects: ["o"], ...memory });
  await ask("STREAM.CREATE.M", { name: "M", mirror: { name: "O" } });
  await ask("STREAM.CREATE.S", { name: "S", sources: [{ name: "O" }] });
  await publish("o", "a");
  await kept("M", "a");
  await kept("S", "a");
  disk.fulls = 2;
  await publish("o", "b", "c");
  assert.deepEqual(await kept("M", "c"), ["1 a", "2 b", "3 c"]);
  const texts = await kept("S", "c");
  assert.deepEqual(texts.map((text) => text.slice(2)), ["a", "b", "c"]);
  assert.equal(disk.fulls, 0);
});
