/** Batches whose messages are stored one by one and acknowledged many at a time. */
import assert from "node:assert/strict";
import { startFastIngest } from "@nats-io/jetstream/internal";
import { startCluster } from "../../src/faces/cluster.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { type Answer, CLIENTS, type Stage, stage } from "./stage.ts";

const CONFIG = { name: "B", subjects: ["b.>"], allow_batched: true };

/** What comes back in a batch: each answer with the message that it is for. */
interface Heard {
  readonly number: number;
  readonly answer: Answer;
}

/** Publishes a whole batch and gives all answers, up to the last one. */
async function batch(
  { connection }: Pick<Stage, "connection">,
  count: number,
  flow: number,
): Promise<Heard[]> {
  const id = crypto.randomUUID();
  const heard: Heard[] = [];
  const end = Promise.withResolvers<void>();
  connection.subscribe(`in.${id}.>`, {
    callback: (_, { subject, data }) => {
      const answer = JSON.parse(new TextDecoder().decode(data)) as Answer;
      heard.push({ number: Number(subject.split(".")[4]), answer });
      if (answer["type"] === undefined) end.resolve();
    },
  });
  for (let number = 1; number <= count; number++) {
    const operation = number === count ? 2 : number === 1 ? 0 : 1;
    connection.publish("b.x", String(number), {
      reply: `in.${id}.${flow}.ok.${number}.${operation}.$FI`,
    });
  }
  await end.promise;
  return heard;
}

test("a batch on disk is acknowledged message by message, once they are there", async (t) => {
  const here = await stage(t, CONFIG, temporaryFolder(t));
  const heard = await batch(here, 10, 4);
  assert.deepEqual(heard.map(({ number, answer }) => [number, answer["seq"]]), [
    [1, 0],
    [4, 4],
    [8, 8],
    [10, 10],
  ]);
  const { batch: _, ...last } = heard.at(-1)!.answer;
  assert.deepEqual(last, { stream: "B", seq: 10, count: 10 });
  assert.equal((await here.messages()).length, 10);
});

test("what the disk does not take is told of, and nothing of it is acknowledged", async (t) => {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => ({ jetstream: true }),
  });
  t.after(() => cluster.stop());
  const connection = await cluster.connect();
  const ask = async (subject: string, body: object): Promise<Answer> => {
    const answer = await cluster.run(
      connection.request(`$JS.API.${subject}`, JSON.stringify(body)),
    );
    return answer.json<Answer>();
  };
  await ask("STREAM.CREATE.B", CONFIG);
  cluster.nodes[0]!.disk.freeBytes = 0;
  const heard = await cluster.run(batch({ connection }, 3, 1));
  assert.deepEqual(
    heard.map(({ answer }) => answer["type"] ?? answer["count"]),
    [
      "ack",
      "err",
      "err",
      "err",
      2,
    ],
  );
  assert.deepEqual(heard[0]!.answer["seq"], 0);
  const { state } = await ask("STREAM.INFO.B", {});
  assert.equal((state as Answer)["messages"], 0);
});

test("a batch that nothing comes for is given up after ten seconds, and a ping keeps it", async (t) => {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => ({ jetstream: true }),
  });
  t.after(() => cluster.stop());
  const connection = await cluster.connect();
  await cluster.run(
    connection.request("$JS.API.STREAM.CREATE.B", JSON.stringify(CONFIG)),
  );
  const heard: string[] = [];
  connection.subscribe("in.>", {
    callback: (_, { subject, data }) => {
      const { type, error } = JSON.parse(new TextDecoder().decode(data));
      const number = subject.split(".")[4];
      heard.push(`${number} ${type ?? error?.err_code ?? "end"}`);
    },
  });
  const say = (number: number, operation: number): void => {
    connection.publish("b.x", "x", {
      reply: `in.id.5.ok.${number}.${operation}.$FI`,
    });
  };
  say(1, 0);
  await cluster.advance(9000);
  say(1, 4);
  await cluster.advance(9000);
  say(2, 1);
  await cluster.advance(10_100);
  say(3, 1);
  await cluster.advance(100);
  assert.deepEqual(heard, ["1 ack", "1 ack", "3 10208"]);
});

test("a thousand such batches may be open in a stream", async (t) => {
  const { connection } = await stage(t, CONFIG);
  const refused = Promise.withResolvers<Answer>();
  let open = 0;
  connection.subscribe("in.>", {
    callback: (_, { data }) => {
      const answer = JSON.parse(new TextDecoder().decode(data)) as Answer;
      if (answer["error"] !== undefined) refused.resolve(answer);
      else if (answer["seq"] === 0) open++;
    },
  });
  for (let i = 0; i <= 1000; i++) {
    connection.publish("b.x", "x", { reply: `in.${i}.9.ok.1.0.$FI` });
  }
  const { error } = await refused.promise;
  assert.equal((error as Answer)["err_code"], 10211);
  assert.equal(open, 1000);
});

for (const [title, connect] of CLIENTS) {
  test(`${title}: startFastIngest of @nats-io/jetstream`, async (t) => {
    const here = await stage(t, CONFIG);
    const connection = await connect({ servers: `127.0.0.1:${here.port}` });
    t.after(() => connection.close());
    const ingest = await startFastIngest(connection, "b.0", "0", {
      ackInterval: 3,
      allowGaps: false,
    });
    for (let i = 1; i < 200; i++) await ingest.add(`b.${i % 7}`, String(i));
    const ack = await ingest.last("b.end", "end");
    assert.deepEqual(
      [ack.stream, ack.seq, ack.batch, ack.count],
      ["B", 201, ingest.batch, 201],
    );
    const bodies = (await here.messages()).map(({ body }) => body);
    assert.deepEqual(bodies, [
      ...Array.from({ length: 200 }, (_, i) => String(i)),
      "end",
    ]);
    const empty = await startFastIngest(connection, "b.0", "0", {
      allowGaps: true,
    });
    await empty.ping();
    assert.equal((await empty.end()).count, 1);
  });
}
