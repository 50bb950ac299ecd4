/**
 * The article, told again with real processes on its own ports: its command
 * lines, its seven notes about what a publisher and a subscriber live through,
 * and the same nodes in one process.
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { connect } from "../../client.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { SCENARIOS } from "./scenarios.ts";
import { ArticleNode, RECEIVED, Stage } from "./stage.ts";

test("the three command lines form a mesh that every pair crosses", async (t) => {
  const stage = await Stage.enter(t);
  const nodes = await stage.threeNodes();
  await everyPairTalks(t, nodes);
  for (const node of nodes) {
    const time = String.raw`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6}`;
    const line = new RegExp(`^\\[${node.process.pid}\\] ${time} \\[INF\\] `);
    assert.match(node.process.stderr, line);
    assert.match(node.process.stderr, /\[DBG\] \S+ - cid:\d+ - Client conn/);
    assert.match(node.process.stderr, /\[TRC\] \S+ - cid:\d+ - <<- \[PUB /);
    assert.equal(node.process.stdout, "");
  }
});

/** A message from each node reaches a subscriber at each node, once. */
async function everyPairTalks(
  t: Cleanup,
  nodes: readonly ArticleNode[],
): Promise<void> {
  const clients = await Promise.all(nodes.map(async ({ url }) => {
    const connection = await connect({ servers: url });
    t.after(() => connection.close());
    const heard: string[] = [];
    connection.subscribe("talk", {
      callback: (_error, message) => void heard.push(message.string()),
    });
    await connection.flush();
    return { connection, heard };
  }));
  for (const node of nodes) {
    for (const other of nodes) {
      if (node !== other) await node.knowsInterest(other, "talk");
    }
  }
  for (const [at, { connection }] of clients.entries()) {
    connection.publish("talk", `hello of ${at}`);
    connection.publish("talk", `end of ${at}`);
  }
  // A second hello on the same route would arrive before the end.
  const ends = (heard: readonly string[]): number =>
    heard.filter((text) => text.startsWith("end")).length;
  const said = nodes.flatMap((_, at) => [`end of ${at}`, `hello of ${at}`]);
  for (const { heard } of clients) {
    await until("all have ended", () => ends(heard) === nodes.length);
    assert.deepEqual(heard.toSorted(), said.toSorted());
  }
}

test("publisher and worker know the nodes without being told", async (t) => {
  const stage = await Stage.enter(t);
  const [a, b] = await stage.threeNodes();
  const worker = await stage.worker();
  await b.knowsInterest(a, "abc");
  await worker.waitFor(`${RECEIVED} ${await stage.publish()} Midge 0\n`);
});

test("without a node the publisher says so and fails", async (t) => {
  const stage = await Stage.enter(t);
  for (const script of ["client.ts", "scripts/publisher.ts"]) {
    const publisher = stage.run(script, ["-subj", "abc"]);
    assert.deepEqual(await publisher.exited, { code: 1, signal: null });
    assert.match(
      publisher.stderr,
      /^\S+ \S+ error: Cannot connect to .*localhost:6222.*connection refused\n$/,
    );
    assert.equal(publisher.stdout, "");
  }
});

for (const { title, play } of SCENARIOS) {
  test(title, async (t) => await play(await Stage.enter(t), t));
}

test("cluster.ts runs the three nodes in one process", async (t) => {
  const stage = await Stage.enter(t);
  const cluster = stage.run("cluster.ts", ["-D"]);
  await cluster.waitFor("Cluster of 3 is ready\n");
  assert.equal(
    cluster.stdout,
    "node-a: nats://127.0.0.1:4222, monitoring http://127.0.0.1:4333\n" +
      "node-b: nats://127.0.0.1:5222, monitoring http://127.0.0.1:5333\n" +
      "node-c: nats://127.0.0.1:6222, monitoring http://127.0.0.1:6333\n" +
      "Cluster of 3 is ready\n",
  );
  for (const name of ["node-a", "node-b", "node-c"]) {
    assert.match(
      cluster.stderr,
      new RegExp(`^${name} \\[${cluster.pid}\\] .*Server is ready$`, "m"),
    );
  }
  const worker = await stage.worker("-s", "nats://localhost:6222");
  const [a, c] = [new ArticleNode("a", cluster), new ArticleNode("c", cluster)];
  await a.knowsInterest(c, "abc");
  await worker.waitFor(`${RECEIVED} ${await stage.publish("-s", a.url)}`);

  sendSignal(cluster.pid, "SIGTERM");
  assert.deepEqual(await cluster.exited, { code: 0, signal: null });
});

test("cluster.ts refuses sizes and ports that it cannot have", async (t) => {
  const stage = await Stage.enter(t);
  for (const size of ["0", "61", "many"]) {
    const refused = stage.run("cluster.ts", ["-n", size]);
    assert.deepEqual(await refused.exited, { code: 2, signal: null });
    assert.match(refused.stderr, /^[^\n]*-n[^\n]*\n/);
  }
  const other = createServer();
  await new Promise<void>((listening) =>
    other.listen(5222, "127.0.0.1", listening)
  );
  t.after(() => other.close());
  const late = stage.run("cluster.ts", []);
  assert.deepEqual(await late.exited, { code: 1, signal: null });
  assert.match(late.stderr, /^cluster: .*127\.0\.0\.1:5222.*in use$/m);
});
