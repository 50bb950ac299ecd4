/** A function as the log of a server: what it gets, and that its faults harm nothing. */
import assert from "node:assert/strict";
import { connect } from "../../mod.ts";
import { type LogEntry, startServer } from "../../server.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

test("a function gets each line with its level, its text and its time", async () => {
  const entries: LogEntry[] = [];
  const since = Date.now();
  const server = await startServer(LOCAL, (entry) => void entries.push(entry));
  await server.stop();
  for (const { level, text, time } of entries) {
    assert.equal(level, "info");
    assert.doesNotMatch(text, /\n|^\[/);
    assert.ok(time >= since && time <= Date.now());
  }
  const texts = entries.map(({ text }) => text);
  assert.ok(texts.includes("Server is ready"), texts.join("\n"));
  assert.ok(
    texts.includes(
      `Listening for client connections on ${new URL(server.url).host}`,
    ),
  );
});

test("debug and trace come when the options ask for them", async () => {
  const levelsWith = async (options: object): Promise<Set<string>> => {
    const levels = new Set<string>();
    const server = await startServer(
      { ...LOCAL, ...options },
      ({ level }) => void levels.add(level),
    );
    const client = await server.connect();
    client.publish("a", "b");
    await client.flush();
    await client.close();
    await server.stop();
    return levels;
  };
  assert.deepEqual(await levelsWith({}), new Set(["info"]));
  assert.deepEqual(
    await levelsWith({ debug: true }),
    new Set(["info", "debug"]),
  );
  assert.deepEqual(
    await levelsWith({ trace: true }),
    new Set(["info", "trace"]),
  );
});

test("a function that fails, at once or later, costs its line alone", async () => {
  const fail = (): never => {
    throw new Error("The disk is full");
  };
  const failLater = async (): Promise<void> => {
    await Promise.resolve();
    throw new Error("The disk is full");
  };
  for (const log of [fail, failLater]) {
    await using server = await startServer(
      { ...LOCAL, debug: true, trace: true },
      log,
    );
    await using outside = await connect({ servers: server.url });
    await using inside = await server.connect();
    const messages = inside.subscribe("a", { max: 1 });
    await inside.flush();
    outside.publish("a", "arrived");
    for await (const message of messages) {
      assert.equal(message.string(), "arrived");
    }
  }
});

test("a function may use the server that it logs for", async () => {
  const heard: string[] = [];
  const logs: string[] = [];
  let publish = (_text: string): void => {};
  await using server = await startServer(
    { ...LOCAL, debug: true },
    ({ text }) => publish(text),
  );
  await using client = await server.connect();
  client.subscribe("log", {
    callback: (_error, message) => void heard.push(message.string()),
  });
  publish = (text) => {
    logs.push(text);
    client.publish("log", text);
  };
  await (await connectPeer({ port: server.address!.port })).close();
  await until("its end is logged", () => logs.length > 0);
  await until("the log was published", () => heard.length === logs.length);
  assert.deepEqual(heard, logs);
  publish = () => {};
});
