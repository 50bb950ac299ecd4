/**
 * What only a cluster on a virtual clock can: minutes in milliseconds, the same
 * history for the same seed, and waiting without a thought of the clock.
 */
import assert from "node:assert/strict";
import {
  startCluster,
  VirtualClock,
  withCluster,
} from "../../src/faces/cluster.ts";
import { hashBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";
import { freshSeed } from "../support/random.ts";
import { test } from "../support/test.ts";
import { hear, routesOf } from "./cluster_suite.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);
const VIRTUAL = { network: "memory", clock: "virtual" } as const;
const MINUTE = 60_000;

test("two minutes of a partition: both sides go on alone, and mesh again", async () => {
  const begun = performance.now();
  await using cluster = await startCluster({ ...VIRTUAL, seed: SEED });
  const sides = [
    [await cluster.connect({ on: 0 }), await cluster.connect({ on: 0 })],
    [await cluster.connect({ on: 1 }), await cluster.connect({ on: 2 })],
  ];
  const heard = sides.map((clients) => hear(clients[1]!, "news"));
  await cluster.settled();
  const start = cluster.clock.now();

  cluster.partition([0], [1, 2]);
  await cluster.advance(2 * MINUTE);
  assert.deepEqual([0, 1, 2].map((at) => routesOf(cluster, at)), [[], [2], [
    1,
  ]]);
  for (const [at, [client]] of sides.entries()) {
    client!.publish("news", `of side ${at}`);
    await client!.flush();
  }
  await cluster.until(
    () => heard.every((texts) => texts.length > 0),
    "the news of each side",
  );
  assert.deepEqual(heard, [["of side 0"], ["of side 1"]]);

  cluster.heal();
  await cluster.settled();
  assert.deepEqual(
    [0, 1, 2].map((at) => routesOf(cluster, at)),
    [[1, 2], [0, 2], [0, 1]],
  );
  sides[0]![0]!.publish("news", "of all");
  await cluster.until(
    () => heard.every((texts) => texts.at(-1) === "of all"),
    "the news of all",
  );
  assert.ok(cluster.clock.now() - start >= 2 * MINUTE);
  // Not a measurement: real PINGs would take a hundred times as long.
  assert.ok(performance.now() - begun < MINUTE);
});

/** A lively hour, as its log tells it. */
async function history(seed: number): Promise<string[]> {
  await using cluster = await startCluster({ ...VIRTUAL, seed });
  const worker = await cluster.connect({ name: "worker" });
  hear(worker, "work.>");
  const publisher = await cluster.connect({ node: 2 });
  await cluster.kill(0);
  for (let count = 0; count < 20; count++) {
    publisher.publish(`work.${count}`, "something");
  }
  await publisher.flush();
  cluster.partition([1], [2]);
  await cluster.advance(3 * MINUTE);
  await cluster.restart(0);
  cluster.heal();
  await cluster.settled();
  cluster.reset();
  await cluster.advance(30 * MINUTE);
  await cluster.stop();
  return cluster.log().map(({ node, time, level, text }) =>
    `${node} ${time} ${level} ${text}`
  );
}

test("one seed gives one history, line by line, and another seed another", async () => {
  const [first, second, other] = [
    await history(SEED),
    await history(SEED),
    await history(SEED + 1),
  ];
  assert.ok(first.length > 100, `${first.length} lines`);
  assert.deepEqual(second, first);
  assert.notDeepEqual(other, first);
  const order = (lines: readonly string[]): string[] =>
    lines.map((line) => line.split(" ")[0]!);
  assert.notDeepEqual(order(other), order(first));
});

test("nothing is left behind", async () => {
  const cluster = await startCluster({ ...VIRTUAL, seed: SEED });
  const { clock } = cluster;
  assert.ok(clock instanceof VirtualClock);
  await cluster.connect();
  const slow = await cluster.connect({ node: 1 });
  cluster.delay("clients", 1, 60_000);
  slow.publish("never", "mind");
  cluster.partition([0], [1, "clients"]);
  await cluster.kill(0);
  await cluster.add();
  await cluster.restart(0);
  assert.ok(clock.pendingTimers > 0);
  await cluster.stop();
  assert.equal(clock.pendingTimers, 0);
});

test("calls of a client let time pass by themselves", async () => {
  await using cluster = await startCluster({ ...VIRTUAL, seed: SEED });
  await using client = await cluster.connect();
  await using worker = await cluster.connect({ node: 1 });
  worker.subscribe("echo", {
    callback: (_error, message) => void message.respond(message.data),
  });
  await worker.flush();
  await cluster.settled();
  await worker.subscribe("ends").drain();
  assert.equal((await client.request("echo", "hi")).string(), "hi");
  const answers = [];
  const many = await client.requestMany("echo", "ho", { maxWait: 5 * MINUTE });
  for await (const answer of many) answers.push(answer.string());
  assert.deepEqual(answers, ["ho"]);
  assert.ok(await client.rtt() > 0);
  await assert.rejects(
    client.request("silence.nobody", "", { timeout: MINUTE }),
    { code: "REQUEST" },
  );
});

test("an iterator is read inside run", async () => {
  await using cluster = await startCluster({ ...VIRTUAL, seed: SEED });
  const client = await cluster.connect();
  const subscription = client.subscribe("news", { max: 3 });
  for (const text of ["a", "b", "c"]) client.publish("news", text);
  const read = async (): Promise<string[]> => {
    const texts = [];
    for await (const message of subscription) texts.push(message.string());
    return texts;
  };
  assert.deepEqual(await cluster.run(read()), ["a", "b", "c"]);
});

test(
  "the body of a test needs no run, whatever it waits for",
  withCluster({ ...VIRTUAL, seed: SEED }, async (cluster) => {
    const client = await cluster.connect();
    const subscription = client.subscribe("news", { max: 1 });
    cluster.clock.after(10 * MINUTE, () => client.publish("news", "late"));
    for await (const message of subscription) {
      assert.equal(message.string(), "late");
    }
    // Longer than any single wait may take, which is six hours.
    await cluster.advance(7 * 60 * MINUTE);
    await new Promise<void>((resolve) => cluster.clock.after(1, resolve));
  }),
);

test("time stands still for work that takes real time", async () => {
  const password = await hashBcrypt("secret", 8);
  await using cluster = await startCluster({
    ...VIRTUAL,
    size: 1,
    seed: SEED,
    node: () => ({ authorization: { user: "ruth", password, timeout: 0.05 } }),
  });
  const before = cluster.clock.monotonic();
  await cluster.connect({ user: "ruth", pass: "secret" });
  // A comparison takes longer than that, and the server waits 50 ms for a login.
  assert.ok(cluster.clock.monotonic() - before < 50);
  await assert.rejects(cluster.connect({ user: "ruth", pass: "wrong" }), {
    name: "AuthorizationError",
  });
});
