/** Streams that copy others of another domain, on another node of the cluster. */
import assert from "node:assert/strict";
import {
  type NatsConnection,
  type RunningCluster,
  startCluster,
} from "../../src/faces/cluster.ts";
import { test, type TestContext } from "../support/test.ts";

type Answer = Record<string, unknown>;

const SECOND = 1000;
const HUB = 0;
const LEAF = 1;

interface Scene {
  readonly cluster: RunningCluster;
  /** Asks the streams of a domain, by way of a third node. Fails for an error. */
  ask(domain: string, subject: string, body?: object): Promise<Answer>;
  publish(subject: string, ...texts: string[]): Promise<void>;
  /** Sequence, subject and text of all that a stream has. */
  kept(domain: string, stream: string): Promise<string[]>;
  /** Waits until a stream has `count` messages. */
  reaches(domain: string, stream: string, count: number): Promise<void>;
}

async function scene(t: TestContext): Promise<Scene> {
  const domains = ["hub", "leaf", undefined];
  const cluster = await startCluster({
    size: domains.length,
    network: "memory",
    clock: "virtual",
    node: (index) => {
      const domain = domains[index];
      return domain === undefined ? {} : { jetstream: { domain } };
    },
  });
  t.after(() => cluster.stop());
  await cluster.settled();
  const connection: NatsConnection = await cluster.connect({ node: 2 });
  const ask: Scene["ask"] = async (domain, subject, body) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await cluster.run(
      connection.request(`$JS.${domain}.API.${subject}`, text),
    );
    return answer.json();
  };
  return {
    cluster,
    async ask(...request) {
      const answer = await ask(...request);
      assert.equal(answer["error"], undefined, JSON.stringify(answer["error"]));
      return answer;
    },
    async publish(subject, ...texts) {
      for (const text of texts) {
        await cluster.run(connection.request(subject, text));
      }
    },
    async kept(domain, stream) {
      const { state } = await ask(domain, `STREAM.INFO.${stream}`) as {
        state: Record<string, number>;
      };
      const texts: string[] = [];
      for (let seq = state["first_seq"]!; seq <= state["last_seq"]!; seq++) {
        const { message } = await ask(domain, `STREAM.MSG.GET.${stream}`, {
          seq,
        }) as { message?: { subject: string; data: string } };
        if (message === undefined) continue;
        texts.push(`${seq} ${message.subject} ${atob(message.data)}`);
      }
      return texts;
    },
    async reaches(domain, stream, count) {
      for (let tries = 0; tries < 120; tries++) {
        const { state } = await ask(domain, `STREAM.INFO.${stream}`) as {
          state: Record<string, number>;
        };
        if (state["messages"]! >= count) return;
        await cluster.advance(SECOND);
      }
      assert.fail(`${stream} of ${domain} does not reach ${count} messages`);
    },
  };
}

const external = (domain: string): Answer => ({
  api: `$JS.${domain}.API`,
  deliver: `deliver.${domain}`,
});

test("a mirror and sources of a stream in another domain, with filters, transforms and start points", async (t) => {
  const { ask, publish, kept, reaches } = await scene(t);
  await ask("leaf", "STREAM.CREATE.O", { name: "O", subjects: ["o.>"] });
  await publish("o.1", "a", "b");
  await publish("o.2", "c", "d");
  const copy = (more: Answer): Answer => ({
    name: "O",
    external: external("leaf"),
    ...more,
  });
  await ask("hub", "STREAM.CREATE.M", { name: "M", mirror: copy({}) });
  await ask("hub", "STREAM.CREATE.L", {
    name: "L",
    mirror: copy({ filter_subject: "o.2", opt_start_seq: 4 }),
  });
  await ask("hub", "STREAM.CREATE.S", {
    name: "S",
    sources: [copy({ filter_subject: "o.1", opt_start_seq: 2 })],
  });
  await ask("hub", "STREAM.CREATE.T", {
    name: "T",
    sources: [copy({ subject_transforms: [{ src: "o.*", dest: "t.$1.x" }] })],
  });
  // The other way round, in a domain that is named alike in both directions.
  await ask("leaf", "STREAM.CREATE.B", {
    name: "B",
    mirror: { name: "S", external: external("hub") },
  });
  await publish("o.2", "e");
  await reaches("hub", "M", 5);
  await reaches("hub", "T", 5);
  await reaches("hub", "L", 2);
  await reaches("leaf", "B", 1);
  const all = ["1 o.1 a", "2 o.1 b", "3 o.2 c", "4 o.2 d", "5 o.2 e"];
  assert.deepEqual(await kept("hub", "M"), all);
  assert.deepEqual(await kept("hub", "L"), ["4 o.2 d", "5 o.2 e"]);
  assert.deepEqual(await kept("hub", "S"), ["1 o.1 b"]);
  assert.deepEqual(await kept("leaf", "B"), ["1 o.1 b"]);
  assert.deepEqual(
    await kept("hub", "T"),
    ["1 t.1.x a", "2 t.1.x b", "3 t.2.x c", "4 t.2.x d", "5 t.2.x e"],
  );
});

test("a work queue of another domain is emptied by its copy", async (t) => {
  const { ask, publish, kept, reaches, cluster } = await scene(t);
  await ask("leaf", "STREAM.CREATE.W", {
    name: "W",
    subjects: ["w"],
    retention: "workqueue",
  });
  await publish("w", "a", "b");
  const sources = [{ name: "W", external: external("leaf") }];
  await ask("hub", "STREAM.CREATE.S", { name: "S", sources });
  await reaches("hub", "S", 2);
  await cluster.advance(5 * SECOND);
  assert.deepEqual(await kept("leaf", "W"), []);
});

test("copies of another domain lose nothing and have nothing twice while either side is killed", async (t) => {
  const { ask, publish, kept, reaches, cluster } = await scene(t);
  await ask("leaf", "STREAM.CREATE.O", { name: "O", subjects: ["o.>"] });
  const origin = { name: "O", external: external("leaf") };
  await ask("hub", "STREAM.CREATE.M", { name: "M", mirror: origin });
  const sources = [{ ...origin, filter_subject: "o.even" }];
  await ask("hub", "STREAM.CREATE.S", { name: "S", sources });
  const all: string[] = [];
  const publishSome = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) {
      const subject = all.length % 2 === 0 ? "o.even" : "o.odd";
      await publish(subject, String(all.length));
      all.push(`${all.length + 1} ${subject} ${all.length}`);
    }
  };
  await publishSome();
  for (const victim of [HUB, LEAF, HUB, LEAF]) {
    await publishSome();
    await cluster.kill(victim);
    await cluster.advance(SECOND);
    if (victim === HUB) await publishSome();
    await cluster.restart(victim);
    await cluster.advance(5 * SECOND);
    await cluster.settled();
    await publishSome();
  }
  cluster.partition([HUB], [LEAF]);
  await cluster.advance(20 * SECOND);
  await publishSome();
  cluster.heal();
  await reaches("hub", "M", all.length);
  await reaches("hub", "S", all.length / 2);
  assert.deepEqual(await kept("hub", "M"), all);
  const even = all.filter((_, index) => index % 2 === 0)
    .map((text, index) => `${index + 1} ${text.split(" ").slice(1).join(" ")}`);
  assert.deepEqual(await kept("hub", "S"), even);
});
