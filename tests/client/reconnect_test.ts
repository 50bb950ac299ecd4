/** Many servers: the first connect, reconnects, gossip, and what is kept meanwhile. */
import assert from "node:assert/strict";
import {
  AuthorizationError,
  BufferFullError,
  ClosedConnectionError,
  ConnectionError,
  RequestError,
} from "../../src/client/api/errors.ts";
import { test } from "../support/test.ts";
import { eventsOf, Scene, withoutReasons } from "./scene.ts";
import { rejection } from "../support/rejection.ts";

test("the first connect tries each server in turn", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const dead = "127.0.0.1:1";
  const client = await scene.connect([dead, server]);
  assert.equal(client.getServer(), server.listen);
  assert.deepEqual(scene.dials.map(({ to }) => to), [dead, server.listen]);
});

test("the first connect tells about all servers", async (t) => {
  const scene = new Scene(t);
  const error = await scene.failure(
    scene.open(["127.0.0.1:1", "nowhere:2"]),
  );
  assert.ok(error instanceof ConnectionError);
  assert.equal(
    error.message,
    "Cannot connect to 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: " +
      "connection refused; Cannot connect to nowhere:2: lookup nowhere: " +
      "no such host",
  );
  await scene.clock.advance(100);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("a refusal by any server is what the first connect tells", async (t) => {
  const scene = new Scene(t);
  const strict = await scene.server({ refusal: "Authorization Violation" });
  const error = await scene.failure(scene.open([strict, "127.0.0.1:1"]));
  assert.ok(error instanceof AuthorizationError);
});

test("all addresses of a name are tried", async (t) => {
  const scene = new Scene(t, { cluster: ["10.0.0.1", "127.0.0.1"] });
  const server = await scene.server();
  const client = await scene.connect([`cluster:${server.port}`]);
  assert.equal(client.getServer(), `cluster:${server.port}`);
  assert.deepEqual(
    scene.dials.map(({ to }) => to),
    [`10.0.0.1:${server.port}`, `127.0.0.1:${server.port}`],
  );
});

test("a refusal at one address of a name is not hidden by the next", async (t) => {
  const scene = new Scene(t, { cluster: ["127.0.0.1", "10.0.0.1"] });
  const strict = await scene.server({ refusal: "Authorization Violation" });
  const error = await scene.failure(scene.open([`cluster:${strict.port}`]));
  assert.ok(error instanceof AuthorizationError);
  assert.equal(scene.dials.length, 2);
});

test("the first connect can wait for a server", async (t) => {
  const scene = new Scene(t);
  const connecting = scene.open(["127.0.0.1:5000"], {
    waitOnFirstConnect: true,
    maxReconnectAttempts: 1,
  });
  await scene.until(() => scene.dials.length === 5);
  await scene.server({ port: 5000 });
  const client = await scene.settled(connecting);
  assert.equal(client.getServer(), "127.0.0.1:5000");
});

test("after a loss the other servers are tried first", async (t) => {
  const scene = new Scene(t);
  const [a, b, c] = await Promise.all([
    scene.server(),
    scene.server(),
    scene.server(),
  ]);
  const client = await scene.connect([a!, b!, c!]);
  const events = eventsOf(client);
  b!.stop();
  a!.stop();
  await scene.until(() => client.getServer() === c!.listen);
  assert.deepEqual(
    scene.dials.map(({ to }) => to),
    [a!.listen, b!.listen, c!.listen],
  );
  assert.deepEqual(withoutReasons(events), [
    { type: "disconnect", server: a!.listen },
    { type: "reconnecting" },
    { type: "reconnecting" },
    { type: "reconnect", server: c!.listen },
  ]);
});

test("each server has its attempts, with the wait between them", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!], { maxReconnectAttempts: 3 });
  const events = eventsOf(client);
  await scene.clock.advance(10_000);
  const lostAt = scene.clock.monotonic();
  scene.dials.length = 0;
  a!.stop();
  b!.stop();
  const error = await scene.settled(client.closed());
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /connection refused$/);
  assert.deepEqual(
    scene.dials.map(({ to }) => to),
    [b!, a!, b!, a!, b!, a!].map(({ listen }) => listen),
  );
  const rounds = scene.dials.map(({ at }) => Math.floor((at - lostAt) / 1000));
  assert.deepEqual(rounds, [0, 0, 1, 1, 2, 2]);
  assert.deepEqual(events.at(-1), { type: "close" });
  await scene.clock.advance(100);
  assert.equal(scene.clock.pendingTimers, 0);
});

test("a success forgives earlier failures", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { maxReconnectAttempts: 3 });
  let current = server;
  for (let round = 0; round < 3; round++) {
    const dials = scene.dials.length;
    current.stop();
    await scene.until(() => scene.dials.length === dials + 2);
    current = await scene.server({ port: server.port });
    await scene.until(() => client.getServer() !== "");
  }
  assert.equal(client.isClosed(), false);
});

test("a server that hangs up at once is not hammered", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  await scene.connect([server], { maxReconnectAttempts: -1 });
  for (let round = 2; round <= 6; round++) {
    server.client.drop();
    await scene.until(() => server.connections.length === round);
    await scene.until(() => server.client.ops.includes("PING"));
  }
  const times = scene.dials.map(({ at }) => at);
  const waits = times.slice(1).map((at, i) => at - times[i]!);
  assert.deepEqual(waits.map(Math.round), [1000, 1000, 1000, 1000, 1000]);
});

test("two refusals in a row give a server up", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!], { maxReconnectAttempts: -1 });
  a!.options = { refusal: "Authorization Violation" };
  b!.options = a!.options;
  a!.client.drop();
  const error = await scene.settled(client.closed());
  assert.ok(error instanceof AuthorizationError);
  assert.deepEqual(
    [a!.connections.length, b!.connections.length],
    [3, 2],
  );
});

test("without reconnect a loss is the end", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { reconnect: false });
  server.client.send("-ERR 'User Authentication Expired'\r\n");
  await scene.clock.advance(10);
  server.client.drop();
  const error = await scene.settled(client.closed());
  assert.ok(error instanceof AuthorizationError);
  assert.equal(server.connections.length, 1);
});

test("the delay handler sets the wait", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], {
    reconnectDelayHandler: () => 7000,
    maxReconnectAttempts: 2,
  });
  await scene.clock.advance(10_000);
  server.stop();
  scene.dials.length = 0;
  await scene.settled(client.closed());
  const [first, second] = scene.dials.map(({ at }) => at);
  assert.equal(second! - first!, 7000);
});

test("jitter makes the wait longer, up to its bound", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], {
    reconnectTimeWait: 1000,
    reconnectJitter: 500,
    maxReconnectAttempts: 20,
  });
  server.stop();
  await scene.settled(client.closed());
  const times = scene.dials.map(({ at }) => at);
  const waits = times.slice(2).map((at, i) => at - times[i + 1]!);
  assert.ok(waits.every((wait) => wait >= 1000 && wait <= 1510), `${waits}`);
  assert.ok(Math.max(...waits) - Math.min(...waits) > 100, `${waits}`);
});

test("gossip adds servers and takes them back", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([`nats://ann:x@${a!.listen}`]);
  const events = eventsOf(client);
  const urls = [a!.listen, b!.listen, "127.0.0.1:9"];
  a!.client.sendInfo({ connect_urls: urls });
  a!.client.sendInfo({ connect_urls: urls.slice(0, 2) });
  a!.client.sendInfo({ connect_urls: urls.slice(0, 2) });
  a!.client.sendInfo({});
  await scene.until(() => events.length === 2);
  await scene.clock.advance(100);
  assert.deepEqual(events, [
    { type: "update", added: [b!.listen, "127.0.0.1:9"] },
    { type: "update", deleted: ["127.0.0.1:9"] },
  ]);
  a!.stop();
  await scene.until(() => client.getServer() === b!.listen);
  assert.match(b!.client.login, /"user":"ann","pass":"x"/);
});

test("gossip does not take away the server in use nor a named one", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!]);
  a!.client.sendInfo({ connect_urls: [a!.listen, b!.listen] });
  await scene.clock.advance(100);
  a!.client.drop();
  await scene.until(() => client.getServer() === b!.listen);
  b!.client.sendInfo({ connect_urls: ["127.0.0.1:9"] });
  await scene.clock.advance(100);
  scene.dials.length = 0;
  b!.client.drop();
  await scene.until(() => client.getServer() === a!.listen);
  // In the pool: a by name, b because it was in use, 9 by gossip.
  a!.stop();
  b!.stop();
  await scene.settled(client.closed());
  const tried = new Set(scene.dials.map(({ to }) => to));
  assert.deepEqual(tried, new Set([a!.listen, b!.listen, "127.0.0.1:9"]));
});

test("gossip can be ignored", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({
    info: { connect_urls: ["127.0.0.1:9"] },
  });
  const client = await scene.connect([server], {
    ignoreClusterUpdates: true,
    maxReconnectAttempts: 1,
  });
  server.stop();
  await scene.settled(client.closed());
  assert.ok(scene.dials.every(({ to }) => to === server.listen));
});

test("a new connection is told of every subscription, then gets what was kept", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!]);
  client.subscribe("gone").unsubscribe();
  client.subscribe("plain");
  client.subscribe("some", { queue: "crew", max: 5 });
  client.publish("sent", "before");
  await scene.settled(client.flush());
  a!.client.deliver("some", 3, "1");
  a!.client.deliver("some", 3, "2");
  await scene.settled(client.flush());
  a!.stop();
  await scene.until(() => client.getServer() === "");
  client.publish("kept", "1");
  client.subscribe("late");
  client.publish("kept", "2", { reply: "r" });
  const flushed = client.flush();
  await scene.settled(flushed);
  assert.deepEqual(b!.ops, [
    "SUB plain 2",
    "SUB some crew 3",
    "UNSUB 3 3",
    "SUB late 4",
    "PUB kept 1\r\n1",
    "PUB kept r 1\r\n2",
  ]);
  assert.deepEqual(b!.client.ops.slice(0, 2), [b!.client.login, "PING"]);
});

test("what a dead connection was given is not sent again", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!]);
  client.publish("a", "lost");
  a!.stop();
  await scene.until(() => client.getServer() === b!.listen);
  client.publish("a", "new");
  await scene.settled(client.flush());
  assert.deepEqual(b!.ops, ["PUB a 3\r\nnew"]);
});

test("the buffer for publishes has its limit", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { maxBufferedBytes: 1000 });
  server.stop();
  await scene.until(() => client.getServer() === "");
  let kept = 0;
  assert.throws(() => {
    for (; kept < 1000; kept++) client.publish("a", "0123456789");
  }, BufferFullError);
  assert.ok(kept > 10 && client.bufferedBytes <= 1000, `${kept} kept`);
  const again = await scene.server({ port: server.port });
  await scene.until(() => client.getServer() !== "");
  await scene.settled(client.flush());
  assert.equal(again.ops.length, kept);
  assert.equal(client.bufferedBytes, 0);
});

test("a flush under way fails with its connection", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  server.client.answersPings = false;
  const flushed = rejection(client.flush());
  await scene.clock.advance(10);
  server.client.drop();
  assert.ok(await scene.settled(flushed) instanceof ConnectionError);
});

test("closing while it reconnects settles everything", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { maxReconnectAttempts: -1 });
  server.stop();
  await scene.until(() => scene.dials.length === 4);
  const flushed = rejection(client.flush());
  const asked = rejection(client.request("a", "", { timeout: 9e5 }));
  const next = client.subscribe("a")[Symbol.asyncIterator]().next();
  await client.close();
  assert.ok(await scene.settled(flushed) instanceof ClosedConnectionError);
  assert.ok(await scene.settled(asked) instanceof RequestError);
  assert.equal((await next).done, true);
  await scene.clock.advance(100);
  assert.equal(scene.clock.pendingTimers, 0);
  assert.equal(scene.dials.length, 4);
});

test("draining without a connection closes it, and rejects", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  server.stop();
  await scene.until(() => client.getServer() === "");
  assert.ok(await scene.failure(client.drain()) instanceof ConnectionError);
  assert.equal(client.isClosed(), true);
});

test("a connection that breaks while it is disposed of is closed without an error", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  server.client.answersPings = false;
  const disposed = client[Symbol.asyncDispose]();
  await scene.clock.advance(10);
  assert.equal(client.isDraining(), true);
  server.client.drop();
  await scene.settled(disposed);
  assert.equal(client.isClosed(), true);
});

test("a subscription that drains across a loss does not come back", async (t) => {
  const scene = new Scene(t);
  const [a, b] = await Promise.all([scene.server(), scene.server()]);
  const client = await scene.connect([a!, b!]);
  const subscription = client.subscribe("a");
  a!.stop();
  await scene.until(() => client.getServer() === "");
  await scene.settled(subscription.drain());
  assert.deepEqual(b!.ops, []);
  assert.equal(subscription.isClosed(), true);
});

test("lame duck mode is told", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const events = eventsOf(client);
  server.client.sendInfo({ ldm: true });
  await scene.until(() => events.length === 1);
  assert.deepEqual(events, [{ type: "ldm", server: server.listen }]);
});
