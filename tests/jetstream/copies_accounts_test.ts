/** Streams that copy others of another account. */
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

/** `HUB` lets `EDGE` use its streams. */
const config: ServerConfig = {
  jetstream: true,
  accounts: {
    HUB: {
      jetstream: true,
      users: [{ user: "hub", password: "hub" }],
      exports: [
        { service: "$JS.API.>", response: "stream" },
        { service: "$JS.FC.>" },
        { stream: "deliver.>" },
      ],
    },
    EDGE: {
      jetstream: true,
      users: [{ user: "edge", password: "edge" }],
      imports: [
        { service: { account: "HUB", subject: "$JS.API.>" }, to: "hub.>" },
        { service: { account: "HUB", subject: "$JS.FC.>" } },
        { stream: { account: "HUB", subject: "deliver.>" } },
      ],
    },
  },
};

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
): Promise<Client> {
  const connection = await cluster.connect({ user, pass: user });
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

async function scene(
  t: TestContext,
): Promise<{ cluster: RunningCluster; hub: Client; edge: Client }> {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => config,
  });
  t.after(() => cluster.stop());
  const hub = await clientOf(cluster, "hub");
  const edge = await clientOf(cluster, "edge");
  return { cluster, hub, edge };
}

const memory = { storage: "memory" };

test("a mirror and a source have what their origin in another account has", async (t) => {
  const { cluster, hub, edge } = await scene(t);
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

test("a copy of a work queue in another account takes its messages out", async (t) => {
  const { cluster, hub, edge } = await scene(t);
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

test("a mirror that is read directly answers for its origin in another account", async (t) => {
  const { cluster, hub, edge } = await scene(t);
  const origin = { name: "O", subjects: ["o"], allow_direct: true, ...memory };
  await hub.ask("STREAM.CREATE.O", origin);
  await hub.publish("o", "a", "b");
  await edge.ask("STREAM.CREATE.M", {
    name: "M",
    mirror: { name: "O", external },
    mirror_direct: true,
    ...memory,
  });
  await cluster.advance(SECOND);
  for (const [client, stream] of [[edge, "M"], [hub, "O"]] as const) {
    const read = await cluster.run(
      client.connection.request("$JS.API.DIRECT.GET.O", '{"seq":2}'),
    );
    const told = [read.headers?.get("Nats-Stream"), read.string()];
    assert.deepEqual(told, [stream, "b"]);
  }
});
