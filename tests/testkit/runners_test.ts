/** The helpers for test runners, in this process. */
import assert from "node:assert/strict";
import {
  ClusterError,
  type LogLine,
  type RunningCluster,
  type ServerConfig,
  startCluster,
  withCluster,
  withServer,
} from "../../src/faces/cluster.ts";
import { test, type TestContext } from "../support/test.ts";
import { rejection } from "../support/rejection.ts";

const MEMORY = { network: "memory" } as const;
const VIRTUAL = { network: "memory", clock: "virtual" } as const;

test("a test function has no parameters, so that Bun waits for its promise", () => {
  const body = (): void => {};
  assert.equal(withCluster(body).length, 0);
  assert.equal(withCluster(MEMORY, body).length, 0);
  assert.equal(withServer(body).length, 0);
  assert.equal(withServer(MEMORY, body).length, 0);
});

test(
  "the body is given what the runner gave",
  withCluster<TestContext>(VIRTUAL, (cluster, t) => {
    assert.equal(cluster.size, 3);
    assert.equal(t.name, "the body is given what the runner gave");
  }),
);

for (const [name, setup] of Object.entries({ sockets: {}, MEMORY, VIRTUAL })) {
  test(
    `one server, ${name.toLowerCase()}: with its options, its log, and no cluster`,
    withServer<TestContext>(
      { ...setup, config: { max_payload: 2048, server_name: "single" } },
      async (server, { runner, connect, run, until, clock, log }) => {
        assert.match(runner.name, /^one server/);
        assert.equal(server.cluster, undefined);
        const connection = await connect();
        assert.equal(connection.info?.max_payload, 2048);
        assert.equal(connection.info?.server_name, "single");
        assert.equal(connection.info?.cluster, "");
        assert.equal(`nats://${connection.getServer()}`, server.url);
        const heard: string[] = [];
        connection.subscribe("news", {
          callback: (_error, message) => void heard.push(message.string()),
        });
        connection.publish("news", "heard");
        await until(() => heard.length === 1, "the news");
        const later = new Promise<string>((resolve) =>
          void clock.after(5, () => resolve("later"))
        );
        assert.equal(await run(later), "later");
        assert.ok(log().some(({ text }) => text === "Server is ready"));
        assert.ok(log().every(({ node }) => node === "single"));
      },
    ),
  );
}

test("a setup that makes no sense fails the test that has it", async () => {
  const body = (): void => assert.fail("there is nothing to run on");
  await assert.rejects(withCluster({ size: 0 }, body)(), { message: /"size"/ });
  await assert.rejects(
    withServer({ config: { max_payload: -1 } }, body)(),
    { name: "ConfigError" },
  );
  const misplaced: object = { max_payload: 1024 };
  const message = /^The setup has .*, config, log, and no "max_payload"$/;
  await assert.rejects(withServer(misplaced, body)(), { message });
  const misspelt: object = { sise: 2 };
  await assert.rejects(withCluster(misspelt, body)(), { message: /no "sise"/ });
});

test("a callback that throws fails its test, and is in the log", async () => {
  const mine = new TypeError("no such field");
  let log: readonly LogLine[] = [];
  const test = withCluster({ ...VIRTUAL, size: 1 }, async (cluster) => {
    const client = await cluster.connect();
    client.subscribe("news", {
      callback: () => {
        throw mine;
      },
    });
    client.publish("news");
    await client.flush();
    log = cluster.log();
  });
  assert.equal(await rejection(test()), mine);
  const line = log.find(({ node }) => node === "client 1");
  assert.equal(line?.level, "ERR");
  assert.match(line.text, /TypeError: no such field\n.*runners_test/);
});

test("what a server refuses its client is in the log, and fails no test", async () => {
  const node = (): ServerConfig => ({ max_subscriptions: 1 });
  await withCluster({ ...VIRTUAL, size: 1, node }, async (cluster) => {
    const client = await cluster.connect();
    client.subscribe("one");
    client.subscribe("two");
    await client.flush();
    const said = cluster.log().filter(({ node }) => node === "client 1");
    assert.match(String(said[0]?.text), /maximum subscriptions exceeded/i);
  })();
});

test("a test that its runner gives up is stopped", async () => {
  const giver = new AbortController();
  let cluster: RunningCluster | undefined;
  const test = withCluster({ ...MEMORY, size: 1 }, async (given) => {
    cluster = given;
    giver.abort(new Error("it took too long"));
    await new Promise<void>(() => {});
  });
  await assert.rejects(test({ signal: giver.signal }), /took too long/);
  assert.deepEqual(cluster?.servers, []);
});

test("a body that waits for what never comes fails, and names the seed", async () => {
  const never = withCluster({ ...VIRTUAL, size: 1, seed: 5 }, async () => {
    await new Promise<void>(() => {});
  });
  await assert.rejects(never(), (error) => {
    assert.ok(error instanceof ClusterError);
    assert.equal(error.seed, 5);
    assert.match(error.message, /not settled within \d+ ms \(seed 5\)\n/);
    return true;
  });
});

test("several clusters live side by side", async () => {
  const setups = [{}, {}, MEMORY, VIRTUAL, VIRTUAL];
  const clusters = await Promise.all(
    setups.map((setup) => startCluster({ ...setup, size: 2 })),
  );
  for (const cluster of clusters) {
    await cluster.kill(0);
    await cluster.meshed();
    assert.equal(cluster.servers.length, 1);
  }
  await Promise.all(clusters.map((cluster) => cluster.stop()));
});
