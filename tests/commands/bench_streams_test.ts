/** `midge bench js` as a program: what it counts, and what it says where there is no stream. */
import assert from "node:assert/strict";
import { startServer } from "../../src/app/start_server.ts";
import { connect } from "../../src/faces/client.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { counts, measured } from "./bench_run.ts";
import { runCommand } from "./run.ts";

test("bench js fills a stream, fetches from it and has it pushed", async (t) => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: true,
  });
  t.after(() => server.stop());
  const url = `127.0.0.1:${server.broker.port.lastAddress.port}`;
  const pub = await measured(
    t,
    url,
    ...["js", "pub", "a", "--create", "--stream", "S", "--storage", "memory"],
    ...["--msgs", "1500", "--clients", "2", "--subjects", "5", "--size", "100"],
  );
  assert.deepEqual(counts(pub), ["js pub 2 1500 150000"]);
  assert.equal(pub.sums[0]?.latency_ms?.["count"], 1500);
  const [all, some, timed, pushed] = await Promise.all([
    measured(
      t,
      url,
      ...["js", "fetch", "--stream", "S", "--clients", "3", "--batch", "64"],
    ),
    measured(
      t,
      url,
      ...["js", "fetch", "--stream", "S", "--acks", "none", "--msgs", "1001"],
    ),
    measured(t, url, "js", "fetch", "--stream", "S", "--seconds", "30"),
    measured(t, url, "js", "consume", "--stream", "S", "--clients", "2"),
  ]);
  assert.deepEqual(counts(all), ["js fetch 3 1500 150000"]);
  assert.deepEqual(counts(some), ["js fetch 1 1001 100100"]);
  assert.ok(some.sums[0]!.latency_ms!["count"]! >= 3);
  assert.deepEqual(counts(timed), ["js fetch 1 1500 150000"]);
  assert.deepEqual(counts(pushed), ["js consume 2 3000 300000"]);

  const client = await connect({ servers: url });
  t.after(() => client.close());
  const ask = async (subject: string, body: object = {}) =>
    (await client.request(`$JS.API.${subject}`, JSON.stringify(body)))
      .json<Record<string, unknown>>();
  const { state } = await ask("STREAM.INFO.S");
  const { messages, consumer_count } = state as Record<string, unknown>;
  assert.equal(messages, 1500);
  // Those that pushed go by themselves, as soon as nobody hears them.
  assert.ok(Number(consumer_count) <= 2);

  // A consumer that there is; and a stream that refuses.
  await ask("CONSUMER.CREATE.S.mine", {
    stream_name: "S",
    config: { durable_name: "mine", ack_policy: "explicit" },
  });
  const durable = await measured(
    t,
    url,
    ...["js", "fetch", "--stream", "S", "--consumer", "mine", "--msgs", "10"],
  );
  assert.deepEqual(counts(durable), ["js fetch 1 10 1000"]);
  await ask("STREAM.CREATE.FULL", {
    name: "FULL",
    subjects: ["full"],
    max_msgs: 3,
    discard: "new",
    storage: "memory",
  });
  const refused = await runCommand(t, [
    "bench",
    "js",
    "pub",
    "full",
    "-s",
    url,
  ]);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.equal(
    refused.stderr,
    "midge bench js pub: The stream refuses: maximum messages exceeded\n",
  );
});

test("without a stream bench js says how to make one", async (t) => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: true,
  });
  t.after(() => server.stop());
  const url = `127.0.0.1:${server.broker.port.lastAddress.port}`;
  const plain = await startMidge(t);
  const rows: readonly (readonly [string, ...string[]])[] = [
    [
      'pub: No stream takes messages to "a"; -create makes one',
      ...["pub", "a", "-s", url],
    ],
    ...["fetch", "consume"].map((name) =>
      [
        `${name}: The stream "T" does not exist; ` +
        '"midge bench js pub SUBJECT -create -stream T" makes it',
        ...[name, "-stream", "T", "-s", url],
      ] as const
    ),
    [
      "fetch: the server has no JetStream, or not for us",
      ...["fetch", "-s", `127.0.0.1:${plain.port}`],
    ],
  ];
  await Promise.all(rows.map(async ([why, ...words]) => {
    const { code, stdout, stderr } = await runCommand(t, [
      "bench",
      "js",
      ...words,
    ]);
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.equal(stderr, `midge bench js ${why}\n`);
  }));
});
