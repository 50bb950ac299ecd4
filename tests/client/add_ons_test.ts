/**
 * What the official add-on packages find on a connection beyond its public
 * members, piece by piece; `tests/compat/add_ons_test.ts` has them at work.
 */
import assert from "node:assert/strict";
import { errors as theirs, RequestOne } from "@nats-io/nats-core/internal";
import { loadNatsCore } from "../../src/client/api/nats_core.ts";
import * as ours from "../../src/client/api/errors.ts";
import { MidgeError } from "../../src/core/errors.ts";
import { headers, Match } from "../../src/core/headers.ts";
import type { Msg } from "../../src/client/api/message.ts";
import type { NatsConnection } from "../../src/client/connection.ts";
import type { ForeignRequest } from "../../src/client/messages/back_channel.ts";
import type { FakeServer } from "./fake_server.ts";
import { test } from "../support/test.ts";
import { eventsOf, Scene } from "./scene.ts";

const KIN: readonly [MidgeError, readonly (new (...args: never) => Error)[]][] =
  [
    [new ours.AuthorizationError("a"), [theirs.AuthorizationError]],
    [
      new ours.UserAuthenticationExpiredError("a"),
      [ours.AuthorizationError, theirs.UserAuthenticationExpiredError],
    ],
    [new ours.ClosedConnectionError(), [theirs.ClosedConnectionError]],
    [new ours.ConnectionError("a"), [theirs.ConnectionError]],
    [new ours.StaleConnectionError("a"), [theirs.ConnectionError]],
    [new ours.DrainingConnectionError(), [theirs.DrainingConnectionError]],
    [new ours.InvalidArgumentError("a"), [theirs.InvalidArgumentError]],
    [new ours.InvalidOperationError("a"), [theirs.InvalidOperationError]],
    [new ours.InvalidSubjectError("a", "b"), [theirs.InvalidSubjectError]],
    [new ours.MaxPayloadError(2, 1), [theirs.InvalidArgumentError]],
    [new ours.NoRespondersError("a"), [theirs.NoRespondersError]],
    [
      new ours.PermissionViolationError("a", "publish", "b"),
      [theirs.PermissionViolationError],
    ],
    [new ours.ServerError("a"), [theirs.ProtocolError]],
    [new ours.TimeoutError("a"), [theirs.TimeoutError]],
    [new ours.RequestError(new Error("a")), [theirs.RequestError]],
    [new ours.BufferFullError(1), []],
  ];

for (const [error, classes] of KIN) {
  const names = classes.map(({ name }) => name).join(" and ") || "Error alone";
  test(`${error.name} is an instance of ${names}, and Midge's`, async () => {
    await loadNatsCore();
    const own = error.constructor as new (...args: never) => Error;
    for (const one of [own, MidgeError, Error, ...classes]) {
      assert.ok(error instanceof one, one.name);
    }
    const others = Object.values(theirs).filter((one) =>
      !classes.includes(one)
    );
    for (const one of others) assert.ok(!(error instanceof one), one.name);
    assert.ok(!(new theirs.TimeoutError() instanceof MidgeError));
    assert.equal(typeof error.code, "string");
    assert.match(String(error), new RegExp(`^${error.name}: `));
  });
}

test("only objects of Midge's classes are instances of them", () => {
  for (const value of [undefined, null, 1, "a", {}, [], new Error("a")]) {
    assert.ok(!(value instanceof MidgeError), String(value));
  }
  assert.ok(!(Object.create(null) instanceof MidgeError));
  class Own extends ours.TimeoutError {}
  assert.ok(new Own("a") instanceof ours.TimeoutError);
  assert.ok(!(new ours.TimeoutError("a") instanceof Own));
});

test("a request to nobody says so, to both kinds of programs", () => {
  const error = new ours.RequestError(new ours.NoRespondersError("a"));
  assert.ok(error.isNoResponders());
  assert.ok(error.cause instanceof theirs.NoRespondersError);
});

test("the numbers that stand for ways to look a header up are understood", () => {
  const all = headers();
  all.set("content-type", "a", 1);
  all.append("CONTENT-TYPE", "b", 2);
  assert.deepEqual(all.keys(), ["Content-Type"]);
  assert.deepEqual(all.values("content-type", 2), ["a", "b"]);
  assert.equal(all.get("content-type", 0), "");
  assert.equal(all.get("content-type", 1), "a");
  assert.equal(all.last("Content-Type", Match.Exact), "b");
  assert.ok("toRecord" in all && typeof all.toRecord === "function");
  assert.deepEqual(all.toRecord(), { "Content-Type": ["a", "b"] });
});

async function scene(
  t: ConstructorParameters<typeof Scene>[0],
): Promise<{ all: Scene; server: FakeServer; client: NatsConnection }> {
  const all = new Scene(t);
  const server = await all.server({
    info: { version: "2.11.3", jetstream: true, api_lvl: 2 },
  });
  const client = await all.connect([server], { inboxPrefix: "my.box" });
  return { all, server, client };
}

test("options, features and INFO are told", async (t) => {
  const { client } = await scene(t);
  assert.equal(client.options.inboxPrefix, "my.box");
  assert.equal(client.info?.jetstream, true);
  assert.equal(client.info?.api_lvl, 2);
  assert.deepEqual(client.features.get("js_priority_groups"), {
    min: "2.11.0",
    ok: true,
  });
  assert.equal(client.features.get("js_consumer_reset").ok, false);
  assert.equal(client.features.supports("no such thing"), false);
  assert.equal(client.features.require("2.11.4"), false);
});

test("features are those of the server that is connected, and of none without a version", async (t) => {
  const { all, server, client } = await scene(t);
  const features = client.features;
  for (
    const [version, ok] of [["2.8.0", false], ["2.14.0", true], [
      "?",
      false,
    ]] as const
  ) {
    server.options = { info: { version } };
    const before = server.connections.length;
    await client.reconnect();
    await all.until(() => server.connections.length > before);
    await all.until(() => client.info?.version === version);
    assert.equal(client.features.supports("js_consumer_reset"), ok, version);
    assert.equal(client.features, features);
  }
});

test("who listens for the end is called once, and not after it was removed", async (t) => {
  const { all, client } = await scene(t);
  const heard: string[] = [];
  const listener = (name: string) => ({
    connectionClosedCallback: (error: Error | void) => {
      heard.push(`${name} ${error}`);
      throw new Error("must not matter to others");
    },
  });
  const [one, two, three] = [
    listener("one"),
    listener("two"),
    listener("three"),
  ];
  client.addCloseListener(one);
  client.addCloseListener(two);
  client.addCloseListener(three);
  client.removeCloseListener(two);
  await all.settled(client.close());
  await client.closed();
  client.addCloseListener(two);
  await all.settled(client.close());
  assert.deepEqual(heard, ["one undefined", "three undefined"]);
});

test("the events of status() end by stop(), behind those that came", async (t) => {
  const { all, server, client } = await scene(t);
  const stopped = client.status();
  const waiting = client.status();
  const end = waiting.next();
  waiting.stop();
  assert.deepEqual(await end, { done: true, value: undefined });
  const others = eventsOf(client);
  server.client.drop();
  await all.until(() => others.some(({ type }) => type === "reconnect"));
  stopped.stop();
  server.client.drop();
  await all.until(() =>
    others.filter(({ type }) => type === "reconnect").length === 2
  );
  const seen: string[] = [];
  for await (const { type } of stopped) seen.push(type);
  assert.deepEqual(seen, ["disconnect", "reconnecting", "reconnect"]);
});

test("a subscription moves to another subject, and hears nothing of the one before", async (t) => {
  const { all, server, client } = await scene(t);
  const heard: string[] = [];
  const subscription = client.subscribe("a", {
    queue: "q",
    callback: (_error, { subject, sid }) =>
      void heard.push(`${subject} ${sid}`),
  });
  client._resub(subscription, "b.*");
  assert.equal(subscription.getSubject(), "b.*");
  await all.settled(client.flush());
  assert.deepEqual(server.ops, ["SUB a q 1", "UNSUB 1", "SUB b.* q 2"]);
  server.client.deliver("a", 1, "stale");
  server.client.deliver("b.c", 2, "x");
  await all.settled(client.flush());
  assert.deepEqual(heard, ["b.c 2"]);
  server.client.drop();
  await all.until(() => server.connections.length === 2);
  await all.settled(client.flush());
  assert.deepEqual(server.ops, ["SUB b.* q 2"]);
  client._resub(subscription, "c", 2);
  for (let i = 0; i < 3; i++) server.client.deliver("c", 3, "x");
  await all.settled(client.flush());
  assert.deepEqual(server.ops.slice(1), ["UNSUB 2", "SUB c q 3", "UNSUB 3 2"]);
  assert.deepEqual(heard, ["b.c 2", "c 3", "c 3"]);
  assert.equal(subscription.isClosed(), true);
});

test("only what the connection holds is moved, to a subject that makes sense", async (t) => {
  const { all, server, client } = await scene(t);
  const live = client.subscribe("a");
  const ended = client.subscribe("b");
  ended.unsubscribe();
  const draining = client.subscribe("c");
  draining.drain();
  client._resub(ended, "x");
  client._resub(draining, "x");
  assert.throws(() => client._resub(live, "a..b"), ours.InvalidSubjectError);
  await all.settled(client.flush());
  assert.ok(!server.ops.some((op) => op.includes(" x ")), String(server.ops));
  const drained = client.drain();
  assert.throws(() => client._resub(live, "x"), ours.DrainingConnectionError);
  await all.settled(drained);
  assert.throws(() => client._resub(live, "x"), ours.ClosedConnectionError);
});

test("a message handed to a subscription reaches the program", async (t) => {
  const { all, server, client } = await scene(t);
  const read = client.subscribe("a");
  const called: (string | undefined)[] = [];
  const other = client.subscribe("b", {
    callback: (error, message) =>
      void called.push(error?.message ?? message.string()),
  });
  await all.settled(client.flush());
  server.client.deliver("a", 1, "x");
  const [message] = await all.settled(taken(read, 1));
  other.callback(null, message!);
  other.callback(new Error("no more"), message!);
  assert.deepEqual(called, ["x", "no more"]);
  assert.equal(other.isClosed(), true);
  read.callback(null, message!);
  assert.equal((await taken(read, 1))[0], message);
});

async function taken(
  messages: AsyncIterable<Msg>,
  count: number,
): Promise<Msg[]> {
  const iterator = messages[Symbol.asyncIterator]();
  const all: Msg[] = [];
  while (all.length < count) all.push((await iterator.next()).value);
  return all;
}

/** The members of a message that `@nats-io/jetstream` uses, as it has them typed. */
interface Inner {
  readonly publisher: {
    readonly muxSubscriptions: {
      readonly baseInbox: string;
      cancel(request: ForeignRequest): void;
    };
    request(request: ForeignRequest): unknown;
    publish(subject: string, data: string, options: { reply: string }): void;
  };
  size(): number;
}

async function received(
  { all, server, client }: Awaited<ReturnType<typeof scene>>,
  payload: string,
): Promise<Inner> {
  const read = client.subscribe("a.>", { max: 1 });
  await all.settled(client.flush());
  server.client.send(payload);
  const [message] = await all.settled(taken(read, 1));
  return message as unknown as Inner;
}

test("a message tells its size with subjects and headers", async (t) => {
  const stage = await scene(t);
  const plain = await received(stage, "MSG a.b 1 3\r\nabc\r\n");
  assert.equal(plain.size(), 6);
  const block = "NATS/1.0\r\nA: b\r\n\r\n";
  const full = await received(
    stage,
    `HMSG a.\xc3\xb6 2 r.s ${block.length} ${
      block.length + 2
    }\r\n${block}ab\r\n`,
  );
  assert.equal(full.size(), 4 + 3 + block.length + 2);
});

test("requests of an add-on's own are answered, fail and are given up", async (t) => {
  const stage = await scene(t);
  const { all, server, client } = stage;
  const { publisher } = await received(stage, "MSG a.b 1 0\r\n\r\n");
  const mux = publisher.muxSubscriptions;
  const prefix = mux.baseInbox;
  assert.match(prefix, /^my\.box\.[0-9A-Za-z]{22}\.$/);
  const ask = (subject: string): RequestOne => {
    const request = new RequestOne(mux as never, subject, { timeout: 60_000 });
    t.after(() => request.cancel());
    for (const one of [request.deferred, request.timer]) one.catch(() => {});
    publisher.request(request as unknown as ForeignRequest);
    publisher.publish(subject, "+ACK", { reply: prefix + request.token });
    return request;
  };
  const [good, nobody, late] = [ask("one"), ask("two"), ask("three")];
  await all.settled(client.flush());
  assert.deepEqual(server.ops.slice(-3), [
    `PUB one ${prefix}${good.token} 4\r\n+ACK`,
    `PUB two ${prefix}${nobody.token} 4\r\n+ACK`,
    `PUB three ${prefix}${late.token} 4\r\n+ACK`,
  ]);
  const sid = /^SUB my\.box\.\S+ (\d+)$/.exec(
    server.ops.find((op) => op.startsWith("SUB my.box")) ?? "",
  )![1]!;
  server.client.deliver(prefix + good.token, Number(sid), "yes");
  const status = "NATS/1.0 503\r\n\r\n";
  server.client.send(
    `HMSG ${prefix}${nobody.token} ${sid} ${status.length} ${status.length}\r\n${status}\r\n`,
  );
  assert.equal((await all.settled(good.deferred)).string(), "yes");
  const error = await all.failure(nobody.deferred);
  assert.ok(error instanceof theirs.RequestError && error.isNoResponders());
  await all.settled(client.close());
  const closed = await all.failure(late.deferred);
  assert.ok(closed instanceof theirs.RequestError, String(closed));
  assert.ok(closed.cause instanceof theirs.ClosedConnectionError);
});

test("a request that its maker gave up gets no answer", async (t) => {
  const stage = await scene(t);
  const { all, server, client } = stage;
  const { publisher } = await received(stage, "MSG a.b 1 0\r\n\r\n");
  const answers: unknown[] = [];
  const request: ForeignRequest = {
    token: "token",
    requestSubject: "a",
    resolver: (error, message) => answers.push([error, message]),
  };
  publisher.request(request);
  publisher.muxSubscriptions.cancel(request);
  publisher.muxSubscriptions.cancel(request);
  await all.settled(client.flush());
  const reply = publisher.muxSubscriptions.baseInbox + request.token;
  server.client.deliver(reply, 2, "late");
  await all.settled(client.flush());
  await all.settled(client.close());
  assert.deepEqual(answers, []);
});
