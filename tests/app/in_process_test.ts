/** Clients in the broker's own process, joined to it in memory. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect as connectSocket } from "node:net";
import {
  AuthorizationError,
  connect,
  ConnectionError,
  headers,
  type Msg,
} from "../../client.ts";
import { startServer } from "../../server.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { rejection } from "../support/rejection.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

/** A busy machine may take longer than a request waits by itself. */
const PATIENCE_MS = 30_000;

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

test("headers and empty payloads come through", async () => {
  await using server = await startServer(LOCAL);
  await using one = await server.connect();
  await using other = await server.connect();
  const messages = one.subscribe("a", { max: 2 });
  await one.flush();
  const given = headers();
  given.append("Trace", "é€");
  given.append("Trace", "2");
  other.publish("a", "", { headers: given });
  other.publish("a");
  const seen: [length: number, trace: readonly string[]][] = [];
  for await (const { data, headers } of messages) {
    seen.push([data.length, headers?.values("Trace") ?? []]);
  }
  assert.deepEqual(seen, [[0, ["é€", "2"]], [0, []]]);
});

test("a payload may be larger than a pipe, up to the server's limit", async () => {
  const max_payload = 8 * 1024 * 1024;
  await using server = await startServer({ ...LOCAL, max_payload });
  await using one = await server.connect();
  await using other = await server.connect();
  const messages = one.subscribe("large", { max: 1 });
  await one.flush();
  const payload = new Uint8Array(max_payload);
  for (let i = 0; i < payload.length; i += 4096) payload[i] = i >> 12;
  other.publish("large", payload);
  for await (const { data } of messages) {
    assert.deepEqual(Buffer.compare(data, payload), 0);
  }
  assert.throws(
    () => other.publish("large", new Uint8Array(max_payload + 1)),
    { name: "MaxPayloadError" },
  );
});

test("many clients in the process work at once, and leave nothing behind", async () => {
  await using server = await startServer(LOCAL);
  await using service = await server.connect();
  service.subscribe("square", {
    callback: (_error, message) =>
      void message.respond(String(Number(message.string()) ** 2)),
  });
  await service.flush();
  const squares = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const client = await server.connect();
      const answers = await Promise.all(
        Array.from(
          { length: 20 },
          () => client.request("square", String(i), { timeout: PATIENCE_MS }),
        ),
      );
      await client.drain();
      return answers.map((answer) => Number(answer.string()));
    }),
  );
  squares.forEach((answers, i) =>
    assert.deepEqual(answers, Array(20).fill(i * i))
  );
  await until("all have left", () => server.connz().num_connections === 1);
  assert.equal(server.varz().total_connections, 101);
});

test("a client drains: what was published has arrived, and it is closed", async () => {
  await using server = await startServer(LOCAL);
  const client = await server.connect();
  await using other = await server.connect();
  const messages = other.subscribe("a", { max: 1000 });
  await other.flush();
  for (let i = 0; i < 1000; i++) client.publish("a", String(i));
  await client.drain();
  assert.equal(client.isClosed(), true);
  assert.equal(await client.closed(), undefined);
  assert.equal((await texts(messages)).at(-1), "999");
});

test("a client that is to reconnect is closed: it has one server, and one life", async () => {
  await using server = await startServer(LOCAL);
  const client = await server.connect();
  await client.reconnect();
  await client.closed();
  assert.throws(() => client.publish("a"), { name: "ClosedConnectionError" });
  await using another = await server.connect();
  await another.flush();
});

test("a signal ends a client, and an attempt at one", async () => {
  await using server = await startServer(LOCAL);
  const controller = new AbortController();
  const client = await server.connect({ signal: controller.signal });
  controller.abort(new Error("on purpose"));
  assert.match(String(await client.closed()), /on purpose/);
  const error = await rejection(
    server.connect({ signal: controller.signal }),
  );
  assert.match(String(error), /on purpose/);
});

test("requests that wait when the server stops are told", async () => {
  const server = await startServer(LOCAL);
  const client = await server.connect();
  client.subscribe("mute");
  const waiting = rejection(client.request("mute", "", { timeout: 60_000 }));
  await client.flush();
  await server.stop();
  assert.match(String(await waiting), /closed/i);
});

test("a publisher in the process waits for a slow reader outside, and loses nothing", async (t) => {
  const max_pending = 2 * 1024 * 1024;
  await using server = await startServer({ ...LOCAL, max_pending });
  await using publisher = await server.connect();
  const reader = connectSocket(server.address!.port, "127.0.0.1");
  t.after(() => reader.destroy());
  reader.write('CONNECT {"verbose":false}\r\nSUB flood 1\r\nPING\r\n');
  await until(
    "it has subscribed",
    () => server.subsz({ subs: true }).total === 1,
  );
  const [count, size] = [30, 1_000_000];
  const payload = new Uint8Array(size).fill(65);
  for (let i = 0; i < count; i++) publisher.publish("flood", payload);
  // Nothing was read yet: it is the publisher that holds what there is too much.
  await until(
    "the publisher is held up",
    () => (server.connz({ cid: 1 }).connections[0]?.stalls ?? 0) > 0,
  );
  let bytes = 0;
  reader.on("data", (chunk) => void (bytes += chunk.length));
  await publisher.flush();
  await until("all has come", () => bytes > count * size);
  assert.equal(server.varz().slow_consumers, 0);
});

async function texts(messages: AsyncIterable<Msg>): Promise<string[]> {
  const all: string[] = [];
  for await (const message of messages) all.push(message.string());
  return all;
}
