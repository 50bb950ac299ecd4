/**
 * The article's story in memory, on a virtual clock: what a publisher and a
 * worker live through while nodes die, join and come back. Told with real
 * processes in `tests/article/`, it takes seconds; here, milliseconds.
 */
import assert from "node:assert/strict";
import {
  type NatsConnection,
  type RunningCluster,
  withCluster,
} from "../../src/faces/cluster.ts";
import type { Status } from "../../src/client/api/status.ts";
import { freshSeed } from "../support/random.ts";
import { test } from "../support/test.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

/** The article's worker: a member of a queue group, and all that happens to it. */
interface Worker {
  readonly connection: NatsConnection;
  readonly received: string[];
  readonly statuses: Status[];
}

async function startWorker(
  cluster: RunningCluster,
  servers: readonly string[] = cluster.urls,
): Promise<Worker> {
  const [received, statuses]: [string[], Status[]] = [[], []];
  const connection = await cluster.connect({
    servers,
    noRandomize: true,
    maxReconnectAttempts: 5,
    onStatus: (status) => void statuses.push(status),
  });
  connection.subscribe("abc", {
    queue: "workers",
    callback: (_error, message) => void received.push(message.string()),
  });
  return { connection, received, statuses };
}

/** The article's publisher: connects, sends one message and is gone. */
async function publish(
  cluster: RunningCluster,
  text: string,
  servers: readonly string[] = cluster.urls,
): Promise<void> {
  const connection = await cluster.connect({ servers });
  connection.publish("abc", text);
  await connection.drain();
}

function isAt(cluster: RunningCluster, { connection }: Worker): number {
  return cluster.urls.indexOf(`nats://${connection.getServer()}`);
}

function story(
  title: string,
  body: (cluster: RunningCluster) => Promise<void>,
): void {
  test(
    title,
    withCluster({ network: "memory", clock: "virtual", seed: SEED }, body),
  );
}

story(
  "a message published at any node reaches one worker of the group",
  async (cluster) => {
    const workers = [
      await startWorker(cluster, [cluster.urls[0]!]),
      await startWorker(cluster, [cluster.urls[1]!]),
    ];
    await cluster.settled();
    for (const [at, url] of cluster.urls.entries()) {
      for (let count = 0; count < 10; count++) {
        await publish(cluster, `${at} ${count}`, [url]);
      }
    }
    const received = (): string[] =>
      workers.flatMap(({ received }) => received);
    await cluster.until(() => received().length === 30, "thirty messages");
    assert.equal(new Set(received()).size, 30);
    for (const { received } of workers) assert.ok(received.length > 0);
  },
);

story(
  "a worker receives while one node is left, and closes after the last",
  async (cluster) => {
    const worker = await startWorker(cluster);
    const closed = worker.connection.closed();
    for (const [at, survivors] of [[0, 1, 2], [1, 2], [2]].entries()) {
      await cluster.settled();
      assert.equal(isAt(cluster, worker), at);
      for (const index of survivors) {
        const text = `by ${index} of ${survivors.length}`;
        await publish(cluster, text, [cluster.urls[index]!]);
        await cluster.until(() => worker.received.includes(text), text);
      }
      await cluster.kill(at);
    }
    const cause = await cluster.run(closed);
    assert.match(`${cause}`, /refused/);
    assert.equal(worker.statuses.at(-1)?.type, "close");
    await assert.rejects(publish(cluster, "in vain"), { code: "CONNECTION" });
    assert.equal(worker.received.length, 6);
  },
);

story(
  "a worker lives on at a node that joined later, and hears all that come back",
  async (cluster) => {
    const worker = await startWorker(cluster);
    const fourth = await cluster.add();
    const news = (): string[] =>
      worker.statuses.flatMap((status) =>
        status.type === "update" ? status.added ?? [] : []
      );
    await cluster.until(() => news().length > 0, "the news of the fourth");
    await cluster.settled();
    // More than once, where two nodes had dialled each other.
    assert.deepEqual([...new Set(news())], [
      fourth.url.slice("nats://".length),
    ]);

    for (const index of [0, 1, 2]) await cluster.kill(index);
    await cluster.settled();
    assert.equal(isAt(cluster, worker), 3);
    await publish(cluster, "by the fourth", [fourth.url]);
    await cluster.until(() => worker.received.length === 1, "the message");

    for (const index of [2, 0, 1]) {
      await cluster.restart(index);
      await cluster.settled();
      await publish(cluster, `by ${index}`, [cluster.urls[index]!]);
      await cluster.until(
        () => worker.received.at(-1) === `by ${index}`,
        `a message of ${index}`,
      );
    }
    assert.equal(isAt(cluster, worker), 3);
    assert.equal(worker.connection.isClosed(), false);
  },
);

story(
  "a worker that never gives up finds the nodes again when all were gone",
  async (cluster) => {
    const statuses: Status[] = [];
    const connection = await cluster.connect({
      maxReconnectAttempts: -1,
      onStatus: (status) => void statuses.push(status),
    });
    const received: string[] = [];
    connection.subscribe("abc", {
      callback: (_error, message) => void received.push(message.string()),
    });
    for (const index of [0, 1, 2]) await cluster.kill(index);
    await cluster.advance(30 * 60_000);
    assert.equal(connection.isClosed(), false);
    assert.ok(statuses.some(({ type }) => type === "reconnecting"));
    for (const index of [0, 1, 2]) await cluster.restart(index);
    await cluster.settled();
    await publish(cluster, "there you are");
    await cluster.until(() => received.length === 1, "the message");
  },
);

story(
  "what is published while all nodes are gone arrives when they are back",
  async (cluster) => {
    const patient = { maxReconnectAttempts: -1 };
    const publisher = await cluster.connect(patient);
    const worker = await cluster.connect({ ...patient, on: 1 });
    const received: string[] = [];
    worker.subscribe("abc", {
      callback: (_error, message) => void received.push(message.string()),
    });
    for (const index of [0, 1, 2]) await cluster.kill(index);
    await cluster.until(() => publisher.getServer() === "", "the end");
    publisher.publish("abc", "patience");
    // The worker is to be the first of the two to find them again.
    cluster.partition([0, 1, 2], ["clients"]);
    for (const index of [0, 1, 2]) await cluster.restart(index);
    await cluster.settled();
    assert.equal(publisher.getServer(), "");
    assert.notEqual(worker.getServer(), "");
    cluster.heal();
    await cluster.until(() => received.length === 1, "the message");
    assert.deepEqual(received, ["patience"]);
  },
);

story(
  "a worker is told of a node that leaves in peace, and of one that does not",
  async (cluster) => {
    const worker = await startWorker(cluster);
    await cluster.stop(0);
    await cluster.settled();
    assert.equal(isAt(cluster, worker), 1);
    await cluster.kill(1);
    await cluster.settled();
    assert.equal(isAt(cluster, worker), 2);
    const types = worker.statuses.map(({ type }) => type)
      .filter((type) => type === "disconnect" || type === "reconnect");
    assert.deepEqual(
      types,
      ["disconnect", "reconnect", "disconnect", "reconnect"],
    );
  },
);
