/** Messages that are published later, on a virtual clock: when they come, and what they say. */
import assert from "node:assert/strict";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { startCluster } from "../../src/faces/cluster.ts";
import { headers, type NatsConnection } from "../../src/faces/client.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { type Answer, CLIENTS, codeOf, stage } from "./stage.ts";

const CONFIG = {
  name: "S",
  subjects: ["s.>"],
  allow_msg_schedules: true,
  allow_msg_ttl: true,
};

interface Scene {
  connection: NatsConnection;
  /** The moment `ms` from now. */
  momentIn(ms: number): string;
  publish(
    subject: string,
    body: string,
    extras: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  ask(subject: string, body?: object): Promise<Answer>;
  advance(ms: number): Promise<void>;
  /** Nothing has room on the disk from now on, or everything has. */
  fill(isFull: boolean): void;
  /** The server ends, and starts again `ms` later. */
  restart(ms: number): Promise<void>;
  /** Seconds since the start at which messages were stored on `subject`, and what they say. */
  stored(subject: string): Promise<string[]>;
}

async function scene(t: Cleanup): Promise<Scene> {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => ({ jetstream: true }),
  });
  t.after(() => cluster.stop());
  const { clock } = cluster;
  let connection = await cluster.connect();
  const ask = async (subject: string, body?: object): Promise<Answer> => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await cluster.run(
      connection.request(`$JS.API.${subject}`, text),
    );
    return answer.json<Answer>();
  };
  const made = await ask("STREAM.CREATE.S", CONFIG);
  assert.equal(made["error"], undefined, JSON.stringify(made["error"]));
  // A full second is a good moment to begin at.
  await cluster.advance(1000 - clock.now() % 1000);
  const startMs = clock.now();
  return {
    get connection() {
      return connection;
    },
    momentIn: (ms) => new Date(clock.now() + ms).toISOString(),
    ask,
    async publish(subject, body, extras) {
      const block = headers();
      for (const [name, value] of Object.entries(extras)) {
        block.set(name, value);
      }
      const answer = await cluster.run(
        connection.request(subject, body, { headers: block }),
      );
      return answer.json<Answer>();
    },
    advance: (ms) => cluster.advance(ms),
    fill(isFull) {
      cluster.nodes[0]!.disk.freeBytes = isFull ? 0 : Infinity;
    },
    async restart(ms) {
      await connection.close();
      await cluster.kill(0);
      await cluster.advance(ms);
      await cluster.restart(0);
      connection = await cluster.connect();
    },
    async stored(subject) {
      const found: string[] = [];
      for (let seq: unknown = 1;;) {
        const { message } = await ask("STREAM.MSG.GET.S", {
          seq,
          next_by_subj: subject,
        });
        if (message === undefined) return found;
        const { data = "", time, seq: at } = message as Record<string, string>;
        const seconds = (Date.parse(time!) - startMs) / 1000;
        found.push(`${Math.round(seconds * 10) / 10} ${atob(data)}`);
        seq = Number(at) + 1;
      }
    },
  };
}

function at(moment: string, target = "s.t"): Record<string, string> {
  return {
    "Nats-Schedule": `@at ${moment}`,
    "Nats-Schedule-Target": target,
  };
}

test("a message is published at its moment, and its schedule is over", async (t) => {
  const { publish, advance, stored, momentIn, ask } = await scene(t);
  await publish("s.a", "body", {
    ...at(momentIn(2500)),
    "Nats-Msg-Id": "id",
    "Nats-TTL": "1h",
    "Nats-Expected-Last-Subject-Sequence": "0",
    "Nats-Schedule-TTL": "5m",
    "Nats-Schedule-Rollup": "sub",
    Colour: "red",
  });
  await publish("s.past", "late", at(momentIn(-5000), "s.late"));
  await advance(2000);
  assert.deepEqual(await stored("s.t"), []);
  await advance(1000);
  assert.deepEqual(await stored("s.t"), ["2.5 body"]);
  assert.deepEqual(await stored("s.late"), ["0 late"]);
  assert.deepEqual(await stored("s.a"), []);
  const { message } = await ask("STREAM.MSG.GET.S", { last_by_subj: "s.t" });
  const { hdrs } = message as Record<string, string>;
  assert.deepEqual(atob(hdrs!).trimEnd().split("\r\n"), [
    "NATS/1.0",
    "Colour: red",
    "Nats-Scheduler: s.a",
    "Nats-Schedule-Next: purge",
    "Nats-TTL: 5m",
    "Nats-Rollup: sub",
  ]);
  await advance(5 * 60_000);
  assert.deepEqual(await stored("s.t"), []);
});

test("a message comes back after each while, and at the moments of a pattern", async (t) => {
  const { publish, advance, stored, ask } = await scene(t);
  const patterns = [
    ["@every 2s", "s.every"],
    ["@every 1.5s", "s.odd"],
    ["*/4 * * * * *", "s.cron"],
  ];
  for (const [pattern, target] of patterns) {
    await publish(`${target}.plan`, "x", {
      "Nats-Schedule": pattern!,
      "Nats-Schedule-Target": target!,
    });
  }
  await advance(8200);
  assert.deepEqual(await stored("s.every"), ["2 x", "4 x", "6 x", "8 x"]);
  // The next one is counted from the nearest full second.
  assert.deepEqual(await stored("s.odd"), ["1.5 x", "3.5 x", "5.5 x", "7.5 x"]);
  const { message } = await ask("STREAM.MSG.GET.S", {
    last_by_subj: "s.every",
  });
  const { hdrs, time } = message as Record<string, string>;
  const next = new Date(Date.parse(time!) + 2000).toISOString().slice(0, 19);
  assert.ok(atob(hdrs!).includes(`Nats-Schedule-Next: ${next}`), atob(hdrs!));
  assert.equal((await stored("s.cron")).length, 2);
});

test("what is missed while the server is down comes once when it starts, and goes on", async (t) => {
  const { publish, advance, stored, momentIn, restart } = await scene(t);
  await publish("s.at", "at", at(momentIn(5000), "s.t.at"));
  await publish("s.late", "late", at(momentIn(14_000), "s.t.late"));
  await publish("s.every", "every", {
    "Nats-Schedule": "@every 4s",
    "Nats-Schedule-Target": "s.t.every",
  });
  await publish("s.far", "far", {
    "Nats-Schedule": "@every 20s",
    "Nats-Schedule-Target": "s.t.far",
  });
  await advance(4500);
  await restart(6500);
  await advance(10_000);
  assert.deepEqual(await stored("s.t.at"), ["11 at"]);
  assert.deepEqual(await stored("s.t.late"), ["14 late"]);
  assert.deepEqual(
    await stored("s.t.every"),
    ["4 every", "11 every", "15 every", "19 every"],
  );
  assert.deepEqual(await stored("s.t.far"), ["20 far"]);
});

test("a restart between two moments brings no message of its own", async (t) => {
  const { publish, advance, stored, restart, ask } = await scene(t);
  await publish("s.every", "x", {
    "Nats-Schedule": "@every 10s",
    "Nats-Schedule-Target": "s.t",
  });
  await advance(10_500);
  await ask("STREAM.PURGE.S", { filter: "s.t" });
  await restart(1000);
  await restart(1000);
  await advance(2000);
  assert.deepEqual(await stored("s.t"), []);
  await advance(6000);
  assert.deepEqual(await stored("s.t"), ["20 x"]);
});

test("a message for which there is no room at its moment comes once there is", async (t) => {
  const { publish, advance, stored, momentIn, fill, restart } = await scene(t);
  await publish("s.1", "once", at(momentIn(1000), "s.t.once"));
  await publish("s.2", "again", {
    "Nats-Schedule": "@every 20s",
    "Nats-Schedule-Target": "s.t.again",
  });
  fill(true);
  await advance(3000);
  assert.deepEqual(await stored("s.t.once"), []);
  fill(false);
  await advance(7000);
  assert.equal((await stored("s.t.once")).length, 1);
  assert.deepEqual(await stored("s.1"), []);
  await advance(8000);
  fill(true);
  await advance(3000);
  fill(false);
  await restart(0);
  await advance(6000);
  assert.equal((await stored("s.t.again")).length, 1);
  assert.equal((await stored("s.t.once")).length, 1);
});

test("a schedule that is deleted, replaced or called off publishes nothing", async (t) => {
  const { publish, advance, stored, momentIn, ask } = await scene(t);
  const soon = momentIn(1000);
  const { seq } = await publish("s.1", "deleted", at(soon));
  await ask("STREAM.MSG.DELETE.S", { seq });
  await publish("s.2", "purged", at(soon));
  await ask("STREAM.PURGE.S", { filter: "s.2" });
  await publish("s.3", "replaced", at(soon));
  await publish("s.3", "plain", {});
  await publish("s.4", "earlier", at(soon));
  await publish("s.4", "later", at(momentIn(2000)));
  await publish("s.5", "called off", at(soon));
  await publish("s.6", "x", {
    "Nats-Scheduler": "s.5",
    "Nats-Schedule-Next": "purge",
  });
  await publish("s.7", "too old", { ...at(momentIn(3000)), "Nats-TTL": "1s" });
  await advance(4000);
  assert.deepEqual(await stored("s.t"), ["2 later"]);
});

test("body and headers come from the last message of the source, if there is one", async (t) => {
  const { publish, advance, stored, momentIn, ask } = await scene(t);
  await publish("s.source", "old", {});
  await publish("s.source", "new", { "Nats-Msg-Id": "id", Colour: "red" });
  const soon = momentIn(1000);
  await publish("s.1", "own", {
    ...at(soon, "s.t1"),
    "Nats-Schedule-Source": "s.source",
  });
  await publish("s.2", "own", {
    ...at(soon, "s.t2"),
    "Nats-Schedule-Source": "s.none",
  });
  await advance(1500);
  assert.deepEqual(await stored("s.t1"), ["1 new"]);
  assert.deepEqual(await stored("s.t2"), ["1 own"]);
  const { message } = await ask("STREAM.MSG.GET.S", { last_by_subj: "s.t1" });
  const { hdrs } = message as Record<string, string>;
  assert.deepEqual(atob(hdrs!).trimEnd().split("\r\n"), [
    "NATS/1.0",
    "Colour: red",
    "Nats-Scheduler: s.1",
    "Nats-Schedule-Next: purge",
  ]);
});

test("a field without a value, which makes nats-server look for ever, is refused", async (t) => {
  const { publish } = await scene(t);
  const refused = await publish("s.p", "x", {
    "Nats-Schedule": ", * * * * *",
    "Nats-Schedule-Target": "s.t",
  });
  assert.equal(codeOf(refused), 10189);
});

for (const [title, connect] of CLIENTS) {
  test(`${title}: @nats-io/jetstream schedules a message and calls it off`, async (t) => {
    const { port } = await stage(t, CONFIG);
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    t.after(() => connection.close());
    const client = jetstream(connection);
    const manager = await jetstreamManager(connection);
    await client.publish("s.now", "hello", {
      schedule: { specification: new Date(), target: "s.t.now", ttl: "1h" },
    });
    await client.publish("s.cron", "never", {
      schedule: {
        specification: { cron: "0 0 0 1 1 *" },
        target: "s.t.cron",
        timezone: "Europe/Berlin",
      },
    });
    await client.publish("s.every", "never", {
      schedule: { specification: { every: "1h" }, target: "s.t.every" },
    });
    const last = (last_by_subj: string) =>
      manager.streams.getMessage("S", { last_by_subj });
    await until(
      "the message is there",
      async () => await last("s.t.now") !== null,
    );
    assert.equal((await last("s.t.now"))!.string(), "hello");
    assert.notEqual(await last("s.cron"), null);
    await client.publish("s.t.cron", "instead", {
      cancelSchedule: { scheduleSubject: "s.cron" },
    });
    assert.equal(await last("s.cron"), null);
    assert.notEqual(await last("s.every"), null);
  });
}
