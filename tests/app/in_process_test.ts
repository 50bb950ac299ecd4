/** Clients in the broker's own process, joined to it in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthorizationError,
  connect,
  ConnectionError,
  type Msg,
} from "../../client.ts";
import { startServer } from "../../server.ts";
import { rejection } from "../client/rejection.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

test("a client in the process and one outside reach each other", async (t) => {
  await using server = await startServer(LOCAL);
  const inside = await server.connect({ name: "inside" });
  const outside = await connect({ servers: server.url });
  t.after(() => outside.close());
  outside.subscribe("double", {
    callback: (_error, message) =>
      void message.respond(message.string().repeat(2)),
  });
  await outside.flush();
  assert.equal((await inside.request("double", "ab")).string(), "abab");
  const heard = inside.subscribe("news", { max: 1 });
  await inside.flush();
  outside.publish("news", "from afar");
  assert.deepEqual(await texts(heard), ["from afar"]);
});

test("the broker lists a client in the process like all others", async () => {
  await using server = await startServer({ ...LOCAL, http: "127.0.0.1:-1" });
  await using client = await server.connect({ name: "inside" });
  client.subscribe("a");
  await client.flush();
  const { host, port } = server.monitorAddress!;
  const page = await (await fetch(`http://${host}:${port}/connz`)).json();
  assert.deepEqual(
    page.connections.map(({ name, ip, subscriptions }: Connz) => [
      name,
      ip,
      subscriptions,
    ]),
    [["inside", "pipe", 1]],
  );
});

interface Connz {
  readonly name: string;
  readonly ip: string;
  readonly subscriptions: number;
}

test("logins hold in the process too", async () => {
  await using server = await startServer({
    ...LOCAL,
    authorization: { user: "ann", password: "s3cret" },
  });
  for (const options of [{}, { user: "ann", pass: "wrong" }]) {
    const error = await rejection(server.connect(options));
    assert.ok(error instanceof AuthorizationError);
  }
  await using client = await server.connect({ user: "ann", pass: "s3cret" });
  await client.flush();
});

test("a server that is full still has room for its own process", async (t) => {
  await using server = await startServer({ ...LOCAL, max_connections: 1 });
  const outside = await connect({ servers: server.url });
  t.after(() => outside.close());
  await using inside = await server.connect();
  await inside.flush();
  const error = await rejection(connect({ servers: server.url }));
  assert.match(String(error), /maximum connections exceeded/i);
});

test("a client in the process ends with its server", async () => {
  const server = await startServer(LOCAL);
  const client = await server.connect();
  const subscription = client.subscribe("a");
  await server.stop();
  assert.ok(await client.closed() instanceof ConnectionError);
  assert.deepEqual(await texts(subscription), []);
  const error = await rejection(server.connect());
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /no server/);
});

test("what is more than a pipe holds waits, and keeps its order", async () => {
  await using server = await startServer(LOCAL);
  await using publisher = await server.connect();
  await using subscriber = await server.connect();
  const count = 5000;
  const subscription = subscriber.subscribe("flood", { max: count });
  await subscriber.flush();
  const filler = "x".repeat(1000);
  for (let i = 0; i < count; i++) publisher.publish("flood", `${i} ${filler}`);
  await publisher.flush();
  const numbers = (await texts(subscription)).map((text) => parseInt(text));
  assert.deepEqual(numbers, [...Array(count).keys()]);
});

test("a client that never rests leaves others their turn", async () => {
  await using server = await startServer(LOCAL);
  await using client = await server.connect();
  let hadTurn = false;
  const timer = setTimeout(() => hadTurn = true, 0);
  while (!hadTurn) await client.flush();
  clearTimeout(timer);
});

async function texts(messages: AsyncIterable<Msg>): Promise<string[]> {
  const all: string[] = [];
  for await (const message of messages) all.push(message.string());
  return all;
}
