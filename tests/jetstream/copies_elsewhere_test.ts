/** Streams that copy others of another account, and of another server of the mesh. */
import assert from "node:assert/strict";
import {
  type NatsConnection,
  type RunningCluster,
  type ServerConfig,
  startCluster,
} from "../../src/faces/cluster.ts";
import { test, type TestContext } from "../support/test.ts";

type Answer = Record<string, unknown>;

const SECOND = 1000;

/** `HUB` lets `EDGE` use its streams. `jetstream`: who has streams here. */
function accounts(jetstream: readonly string[]): ServerConfig {
  const has = (name: string): object =>
    jetstream.includes(name) ? { jetstream: true } : {};
  return {
    jetstream: jetstream.length > 0,
    accounts: {
      HUB: {
        ...has("HUB"),
        users: [{ user: "hub", password: "hub" }],
        exports: [
          { service: "$JS.API.>", response: "stream" },
          { service: "$JS.FC.>" },
          { stream: "deliver.>" },
        ],
      },
      NONE: { users: [{ user: "none", password: "none" }] },
      EDGE: {
        ...has("EDGE"),
        users: [{ user: "edge", password: "edge" }],
        imports: [
          { service: { account: "HUB", subject: "$JS.API.>" }, to: "hub.>" },
          { service: { account: "HUB", subject: "$JS.FC.>" } },
          { stream: { account: "HUB", subject: "deliver.>" } },
        ],
      },
    },
  } as ServerConfig;
}

/** Where the streams of `HUB` are, as `EDGE` sees it. */
const external = { api: "hub", deliver: "deliver.edge" };

interface Client {
  readonly connection: NatsConnection;
  ask(subject: string, body?: object): Promise<Answer>;
  publish(subject: string, ...texts: string[]): Promise<void>;
  kept(stream: string): Promise<string[]>;
}

async function clientOf(
  cluster: RunningCluster,
  user: string,
  node: number,
): Promise<Client> {
  const connection = await cluster.connect({ node, user, pass: user });
  const ask: Client["ask"] = async (subject, body) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await cluster.run(
      connection.request(`$JS.API.${subject}`, text),
    );
    return answer.json();
  };
  return {
    connection,
    ask,
    async publish(subject, ...texts) {
      for (const text of texts) {
        await cluster.run(connection.request(subject, text));
      }
    },
    async kept(stream) {
      const { state } = await ask(`STREAM.INFO.${stream}`) as {
        state: Record<string, number>;
      };
      const texts: string[] = [];
      for (let seq = state["first_seq"]!; seq <= state["last_seq"]!; seq++) {
        const { message } = await ask(`STREAM.MSG.GET.${stream}`, { seq }) as {
          message?: { subject: string; data: string };
        };
        if (message === undefined) continue;
        texts.push(`${seq} ${message.subject} ${atob(message.data)}`);
      }
      return texts;
    },
  };
}

/** One server with both accounts, or one for each. */
async function scene(
  t: TestContext,
  size: 1 | 2,
): Promise<{ cluster: RunningCluster; hub: Client; edge: Client }> {
  const cluster = await startCluster({
    size,
    network: "memory",
    clock: "virtual",
    node: (index) =>
      accounts(size === 1 ? ["HUB", "EDGE"] : [["HUB"], ["EDGE"]][index]!),
  });
  t.after(() => cluster.stop());
  const hub = await clientOf(cluster, "hub", 0);
  const edge = await clientOf(cluster, "edge", size - 1);
  return { cluster, hub, edge };
}

const memory = { storage: "memory" };

for (const size of [1, 2] as const) {
  const where = size === 1 ? "in another account" : "on another server";

  test(`a mirror and a source have what their origin has ${where}`, async (t) => {
    const { cluster, hub, edge } = await scene(t, size);
    const origin = { name: "O", subjects: ["o.>"], ...memory };
    await hub.ask("STREAM.CREATE.O", origin);
    await hub.publish("o.1", "a", "b");
    const mirror = { name: "O", external };
    await edge.ask("STREAM.CREATE.M", { name: "M", mirror, ...memory });
    const sources = [{ name: "O", filter_subject: "o.2", external }];
    await edge.ask("STREAM.CREATE.S", { name: "S", sources, ...memory });
    await cluster.advance(SECOND);
    await hub.publish("o.2", "c");
    await cluster.advance(SECOND);
    assert.deepEqual(await edge.kept("M"), ["1 o.1 a", "2 o.1 b", "3 o.2 c"]);
    assert.deepEqual(await edge.kept("S"), ["1 o.2 c"]);
    const told = await edge.ask("STREAM.INFO.M") as { mirror: Answer };
    const { active: _, ...rest } = told.mirror;
    assert.deepEqual(rest, { name: "O", external, lag: 0 });
  });

  test(`a copy of a work queue ${where} takes its messages out`, async (t) => {
    const { cluster, hub, edge } = await scene(t, size);
    const retention = "workqueue";
    const origin = { name: "W", subjects: ["w"], retention, ...memory };
    await hub.ask("STREAM.CREATE.W", origin);
    await hub.publish("w", "a", "b");
    const mirror = { name: "W", external };
    await edge.ask("STREAM.CREATE.M", { name: "M", mirror, ...memory });
    await cluster.advance(3 * SECOND);
    assert.deepEqual(await edge.kept("M"), ["1 w a", "2 w b"]);
    const { state } = await hub.ask("STREAM.INFO.W") as { state: Answer };
    assert.deepEqual([state["messages"], state["consumer_count"]], [0, 1]);
    await edge.ask("STREAM.DELETE.M");
    await cluster.advance(SECOND);
    const { consumers } = await hub.ask("CONSUMER.NAMES.W");
    assert.deepEqual(consumers, []);
  });
}

test("of two servers the one that has an account's streams answers alone, and where none has them, one says so", async (t) => {
  const { cluster } = await scene(t, 2);
  const wanted: readonly (readonly [string, number, unknown])[] = [
    ["hub", 1, undefined],
    ["hub", 0, undefined],
    ["edge", 0, undefined],
    ["none", 0, 10039],
    ["none", 1, 10039],
  ];
  for (const [user, node, code] of wanted) {
    const { connection } = await clientOf(cluster, user, node);
    const answers: Answer[] = [];
    connection.subscribe("answers", {
      callback: (_, message) => void answers.push(message.json()),
    });
    connection.publish("$JS.API.INFO", "", { reply: "answers" });
    await cluster.advance(SECOND);
    const codes = answers.map(({ error }) =>
      (error as Answer | undefined)?.["err_code"]
    );
    assert.deepEqual(codes, [code], `${user} on node ${node}`);
  }
});

test("a mirror goes on when the server of its origin is back, and reads directly what that has", async (t) => {
  const { cluster, hub, edge } = await scene(t, 2);
  const origin = { name: "O", subjects: ["o"], allow_direct: true };
  await hub.ask("STREAM.CREATE.O", origin);
  await hub.publish("o", "a");
  await edge.ask("STREAM.CREATE.M", {
    name: "M",
    mirror: { name: "O", external },
    mirror_direct: true,
  });
  await cluster.advance(SECOND);
  cluster.partition([0], [1]);
  await hub.publish("o", "b");
  await cluster.advance(60 * SECOND);
  assert.deepEqual(await edge.kept("M"), ["1 o a"]);
  cluster.heal();
  await cluster.advance(60 * SECOND);
  assert.deepEqual(await edge.kept("M"), ["1 o a", "2 o b"]);
  await cluster.kill(0);
  await cluster.advance(60 * SECOND);
  await cluster.restart(0);
  await cluster.settled();
  const again = await clientOf(cluster, "hub", 0);
  await again.publish("o", "c");
  await cluster.advance(60 * SECOND);
  assert.deepEqual(await edge.kept("M"), ["1 o a", "2 o b", "3 o c"]);
  const read = await cluster.run(
    edge.connection.request("$JS.API.DIRECT.GET.O", '{"seq":2}'),
  );
  assert.deepEqual([read.headers?.get("Nats-Stream"), read.string()], [
    "M",
    "b",
  ]);
});
