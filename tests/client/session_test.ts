/** One connection: login, operations, what the server says, pings. */
import assert from "node:assert/strict";
import { InvalidOperationError } from "../../src/core/errors.ts";
import {
  AuthorizationError,
  ConnectionError,
  MaxPayloadError,
  PermissionViolationError,
  RequestError,
} from "../../src/client/api/errors.ts";
import { headers } from "../../src/core/headers.ts";
import { test } from "../support/test.ts";
import { eventsOf, Scene } from "./scene.ts";
import { rejection } from "../support/rejection.ts";

test("CONNECT has these fields and no others", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  await scene.connect([server]);
  assert.equal(
    server.client.login,
    'CONNECT {"verbose":false,"pedantic":false,"lang":"midge",' +
      '"version":"0.1.0","protocol":1,"headers":true,"no_responders":true,' +
      '"echo":true,"tls_required":false}',
  );
  await scene.connect([server], {
    name: "all <of> it",
    user: "ann",
    pass: 'x"y',
    noEcho: true,
    verbose: true,
    pedantic: true,
  });
  assert.equal(
    server.client.login,
    'CONNECT {"verbose":true,"pedantic":true,"user":"ann","pass":"x\\"y",' +
      '"name":"all \\u003cof\\u003e it","lang":"midge",' +
      '"version":"0.1.0","protocol":1,"headers":true,"no_responders":true,' +
      '"echo":false,"tls_required":false}',
  );
});

test("a URL's credentials win over those of the options", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const options = { user: "all", pass: "same" };
  await scene.connect([`nats://t0p%20s@${server.listen}`], options);
  assert.match(server.client.login, /"auth_token":"t0p s"/);
  assert.doesNotMatch(server.client.login, /"user"|"pass"/);
  await scene.connect([`nats://ann:x@${server.listen}`], options);
  assert.match(server.client.login, /"user":"ann","pass":"x"/);
});

test("a server without headers gets none", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { headers: false } });
  const client = await scene.connect([server]);
  assert.match(server.client.login, /"headers":false,"no_responders":false/);
  assert.throws(
    () => client.publish("a", "", { headers: headers() }),
    InvalidOperationError,
  );
});

test("operations are written byte for byte", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const subscription = client.subscribe("a.>");
  client.subscribe("b.*", { queue: "crew", max: 3 });
  client.publish("a");
  client.publish("a.b", "hi");
  client.publish("a", new Uint8Array([65, 66, 67]), { reply: "r" });
  const block = headers();
  block.append("K", "v");
  client.publish("a", "hi", { headers: block });
  client.publish("a", "hi", { headers: block, reply: "r" });
  subscription.unsubscribe(5);
  subscription.unsubscribe();
  await scene.settled(client.flush());
  assert.deepEqual(server.ops, [
    "SUB a.> 1",
    "SUB b.* crew 2",
    "UNSUB 2 3",
    "PUB a 0\r\n",
    "PUB a.b 2\r\nhi",
    "PUB a r 3\r\nABC",
    "HPUB a 18 20\r\nNATS/1.0\r\nK: v\r\n\r\nhi",
    "HPUB a r 18 20\r\nNATS/1.0\r\nK: v\r\n\r\nhi",
    "UNSUB 1 5",
    "UNSUB 1",
  ]);
});

test("messages arrive whole, wherever the stream is cut", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const seen: string[] = [];
  client.subscribe("a.*", {
    callback: (_error, m) =>
      void seen.push(
        `${m.subject} ${m.reply} ${m.string()} ${m.headers?.get("K")}`,
      ),
  });
  await scene.settled(client.flush());
  const stream = "MSG a.1 1 5\r\nh\r\nlo\r\nPING\r\nMSG a.2 1 r 0\r\n\r\n" +
    "HMSG a.3 1 r 18 20\r\nNATS/1.0\r\nK: v\r\n\r\nhi\r\n+OK\r\n";
  const expected = [
    "a.1 undefined h\r\nlo undefined",
    "a.2 r  undefined",
    "a.3 r hi v",
  ];
  for (let cut = 1; cut < stream.length; cut++) {
    seen.length = 0;
    server.client.send(stream.slice(0, cut));
    await scene.clock.advance(10);
    server.client.send(stream.slice(cut));
    await scene.clock.advance(10);
    assert.deepEqual(seen, expected, `cut at ${cut}`);
  }
});

test("a PING is answered", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  await scene.connect([server]);
  server.client.send("PING\r\n");
  await scene.until(() => server.client.ops.includes("PONG"));
});

test("a server that answers no pings is left", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], {
    pingInterval: 5000,
    maxPingOut: 2,
  });
  const events = eventsOf(client);
  server.client.answersPings = false;
  const start = scene.clock.monotonic();
  await scene.until(() => server.connections.length === 2);
  assert.ok(scene.clock.monotonic() - start >= 15_000);
  await scene.until(() => events.some(({ type }) => type === "reconnect"));
  assert.deepEqual(events.map(({ type }) => type), [
    "ping",
    "ping",
    "staleConnection",
    "disconnect",
    "reconnecting",
    "reconnect",
  ]);
});

test("a PONG in time keeps the connection", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  await scene.connect([server], { pingInterval: 5000, maxPingOut: 1 });
  await scene.clock.advance(60_000);
  assert.equal(server.connections.length, 1);
  assert.ok(server.client.ops.filter((op) => op === "PING").length >= 12);
});

test("INFO may lower the payload limit at any time", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  client.publish("a", "12345");
  server.client.sendInfo({ max_payload: 4 });
  await scene.until(() => client.info?.max_payload === 4);
  assert.throws(() => client.publish("a", "12345"), MaxPayloadError);
  client.publish("a", "1234");
});

test("a refused publish fails its requests and nothing else", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const events = eventsOf(client);
  const refused = rejection(client.request("a.b", "", { timeout: 9e5 }));
  const other = client.request("c", "", { timeout: 9e5 });
  await scene.settled(client.flush());
  server.client.send(
    `-ERR 'Permissions Violation for Publish to "a.b"'\r\n`,
  );
  const error = await scene.settled(refused);
  assert.ok(error instanceof RequestError);
  assert.ok(error.cause instanceof PermissionViolationError);
  const reply = /^PUB c (\S+) 0/.exec(server.ops.at(-1)!)![1]!;
  server.client.deliver(reply, 1, "ok");
  assert.equal((await scene.settled(other)).string(), "ok");
  assert.deepEqual(events.map(({ type }) => type), ["error"]);
});

test("a refused inbox fails the requests, and the next one tries again", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const refused = rejection(client.request("a", "", { timeout: 9e5 }));
  await scene.settled(client.flush());
  const inbox = /^SUB (\S+) 1/.exec(server.ops[0]!)![1]!;
  server.client.send(
    `-ERR 'Permissions Violation for Subscription to "${inbox}"'\r\n`,
  );
  assert.ok(await scene.settled(refused) instanceof RequestError);
  const again = rejection(client.request("a", "", { timeout: 1000 }));
  await scene.settled(again);
  assert.match(server.ops.at(-2)!, /^SUB \S+ 2$/);
});

test("a late answer is dropped", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const late = rejection(client.request("a", "", { timeout: 1000 }));
  await scene.settled(late);
  const reply = /^PUB a (\S+) 0/.exec(server.ops.at(-1)!)![1]!;
  const next = client.request("a", "", { timeout: 1000 });
  server.client.deliver(reply, 1, "late");
  await scene.settled(client.flush());
  const nextReply = /^PUB a (\S+) 0/.exec(server.ops.at(-1)!)![1]!;
  server.client.deliver(nextReply, 1, "in time");
  assert.equal((await scene.settled(next)).string(), "in time");
});

test("a callback that throws is told as a status, and does no harm", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const events = eventsOf(client);
  let calls = 0;
  client.subscribe("a", {
    callback: () => {
      calls++;
      if (calls === 1) throw new Error("at once");
      return Promise.reject(new Error("later"));
    },
  });
  server.client.deliver("a", 1, "1");
  server.client.deliver("a", 1, "2");
  await scene.until(() => events.length === 2);
  assert.deepEqual(
    events.map((event) => event.type === "error" && event.error.message),
    ["at once", "later"],
  );
});

test("a subscription may limit the wait for its first message", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const punctual = client.subscribe("a", { timeout: 1000 });
  const late = client.subscribe("b", { timeout: 1000 });
  server.client.deliver("a", 1, "x");
  const error = await scene.failure(late[Symbol.asyncIterator]().next());
  assert.equal((error as { code?: string }).code, "TIMEOUT");
  await scene.clock.advance(5000);
  assert.deepEqual([punctual.isClosed(), late.isClosed()], [false, true]);
  assert.equal(server.ops.at(-1), "UNSUB 2");
});

test("a broken protocol ends the connection, and another follows", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  await scene.connect([server]);
  server.client.send("NONSENSE\r\n");
  await scene.until(() => server.connections.length === 2);
});

test("refusals at login have names", async (t) => {
  const scene = new Scene(t);
  const refusal = async (text: string): Promise<unknown> => {
    const server = await scene.server({ refusal: text });
    return await scene.failure(scene.open([server]));
  };
  assert.ok(
    await refusal("Authorization Violation") instanceof AuthorizationError,
  );
  const full = await refusal("maximum connections exceeded");
  assert.ok(full instanceof ConnectionError);
  assert.match(
    full.message,
    /^Cannot connect to 127.0.0.1:\d+: maximum connections exceeded$/,
  );
});

test("a mute server is given up in time", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ mute: true });
  const error = await scene.failure(
    scene.open([server], { timeout: 3000 }),
  );
  assert.match(String(error), /did not answer within 3000 ms/);
  assert.ok(scene.clock.monotonic() >= 3000);
  await scene.clock.advance(100);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("a server that wants TLS is refused clearly", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { tls_required: true } });
  const error = await scene.failure(scene.open([server]));
  assert.match(String(error), /TLS/);
  assert.equal(server.client.login, "");
});
