/**
 * What the client library must do with a real broker, whichever it is. Each
 * test starts its own brokers, so one file can run this on nats-server and
 * another on Midge.
 */
import assert from "node:assert/strict";
import {
  AuthorizationError,
  ClosedConnectionError,
  connect,
  DrainingConnectionError,
  headers,
  MaxPayloadError,
  NoRespondersError,
  RequestError,
  TimeoutError,
} from "../../client.ts";
import { freePort } from "../support/free_port.ts";
import { requestsSuite } from "./requests_suite.ts";
import {
  declareWith,
  readAll,
  type SuiteOptions,
  untilStatus,
} from "./stage.ts";
import { rejection } from "../support/rejection.ts";

/** Declares all tests; `name` is the broker's. */
export function clientSuite(name: string, suite: SuiteOptions): void {
  const declare = declareWith(name, suite);
  requestsSuite(declare);

  declare("an iterator reads messages and ends at its max", async (stage) => {
    const client = await stage.client();
    const subscription = client.subscribe("greet.*", { max: 3 });
    client.publish("greet.ann", "one");
    client.publish("greet.joe", new Uint8Array([0, 255]));
    client.publish("greet.größe", "dreißig €");
    const messages = await readAll(subscription);
    assert.deepEqual(
      messages.map(({ subject }) => subject),
      ["greet.ann", "greet.joe", "greet.größe"],
    );
    assert.equal(messages[0]!.string(), "one");
    assert.deepEqual(messages[1]!.data, new Uint8Array([0, 255]));
    assert.equal(messages[2]!.string(), "dreißig €");
    assert.equal(subscription.isClosed(), true);
    assert.equal(await subscription.closed, undefined);
  });

  declare("a subscription counts and can be ended later", async (stage) => {
    const client = await stage.client();
    const subscription = client.subscribe("a");
    for (let i = 0; i < 3; i++) client.publish("a", `${i}`);
    await client.flush();
    assert.equal(subscription.getReceived(), 3);
    assert.equal(subscription.getPending(), 3);
    subscription.unsubscribe(5);
    for (let i = 3; i < 9; i++) client.publish("a", `${i}`);
    const texts = (await readAll(subscription)).map((m) => m.string());
    assert.deepEqual(texts, ["0", "1", "2", "3", "4"]);
    assert.equal(subscription.getProcessed(), 5);
  });

  declare("a callback gets messages until it unsubscribes", async (stage) => {
    const client = await stage.client();
    const seen: string[] = [];
    const subscription = client.subscribe("a", {
      callback: (_error, message) => {
        seen.push(message.string());
        if (seen.length === 2) subscription.unsubscribe();
      },
    });
    for (let i = 0; i < 5; i++) client.publish("a", `${i}`);
    await client.flush();
    assert.deepEqual(seen, ["0", "1"]);
  });

  declare("one member of a queue group gets a message", async (stage) => {
    const client = await stage.client();
    const other = await stage.client();
    let count = 0;
    const callback = (): void => void count++;
    client.subscribe("work", { queue: "crew", callback });
    client.subscribe("work", { queue: "crew", callback });
    other.subscribe("work", { queue: "crew", callback });
    await other.flush();
    for (let i = 0; i < 50; i++) client.publish("work", "x");
    await client.flush();
    await other.flush();
    assert.equal(count, 50);
  });

  declare("requests get their own answers", async (stage) => {
    const client = await stage.client();
    const service = await stage.client();
    service.subscribe("double", {
      callback: (_error, message) =>
        void message.respond(message.string().repeat(2)),
    });
    await service.flush();
    const answers = await Promise.all(
      ["a", "b", "c"].map((text) => client.request("double", text)),
    );
    assert.deepEqual(answers.map((m) => m.string()), ["aa", "bb", "cc"]);
  });

  declare("a request carries headers both ways", async (stage) => {
    const client = await stage.client();
    client.subscribe("trace", {
      callback: (_error, message) => {
        const answer = headers();
        for (const value of message.headers?.values("Id") ?? []) {
          answer.append("Seen", value);
        }
        message.respond("", { headers: answer });
      },
    });
    const question = headers();
    question.append("Id", "1");
    question.append("Id", "zwölf");
    const answer = await client.request("trace", "", { headers: question });
    assert.deepEqual(answer.headers?.values("Seen"), ["1", "zwölf"]);
    assert.equal(answer.data.length, 0);
  });

  declare("a request that nobody serves fails at once", async (stage) => {
    const client = await stage.client();
    for (const noMux of [false, true]) {
      const failure = await rejection(
        client.request("nobody", "", { timeout: 60_000, noMux }),
      );
      assert.ok(failure instanceof RequestError);
      assert.ok(failure.cause instanceof NoRespondersError);
      assert.equal(failure.cause.subject, "nobody");
      assert.equal(failure.isNoResponders(), true);
    }
  });

  declare("a request that nobody answers times out", async (stage) => {
    const client = await stage.client();
    client.subscribe("silent", { callback: () => {} });
    for (const noMux of [false, true]) {
      const failure = await rejection(
        client.request("silent", "", { timeout: 20, noMux }),
      );
      assert.ok(failure instanceof TimeoutError);
    }
  });

  declare("a request may name its reply subject", async (stage) => {
    const client = await stage.client();
    let reply: string | undefined;
    client.subscribe("ask", {
      callback: (_error, message) => {
        reply = message.reply;
        message.respond("yes");
      },
    });
    const answer = await client.request("ask", "", {
      noMux: true,
      reply: "my.answers",
    });
    assert.equal(answer.string(), "yes");
    assert.equal(reply, "my.answers");
  });

  declare("a client without echo does not hear itself", async (stage) => {
    const client = await stage.client({ noEcho: true });
    const other = await stage.client();
    const seen: string[] = [];
    client.subscribe("a", {
      callback: (_error, m) => void seen.push(m.string()),
    });
    await client.flush();
    client.publish("a", "own");
    await client.flush();
    other.publish("a", "foreign");
    await other.flush();
    await client.flush();
    assert.deepEqual(seen, ["foreign"]);
  });

  declare("verbose and pedantic change nothing for users", async (stage) => {
    const client = await stage.client({ verbose: true, pedantic: true });
    const subscription = client.subscribe("a", { max: 1 });
    client.publish("a", "x");
    assert.equal((await readAll(subscription)).length, 1);
  });

  declare("payloads reach the limit and not beyond", async (stage) => {
    const client = await stage.client({}, { config: { max_payload: 100_000 } });
    const subscription = client.subscribe("big", { max: 1 });
    const payload = new Uint8Array(100_000).map((_, i) => i * 7);
    client.publish("big", payload);
    const [message] = await readAll(subscription);
    assert.deepEqual(message!.data, payload);
    assert.throws(
      () => client.publish("big", new Uint8Array(100_001)),
      MaxPayloadError,
    );
    await client.flush();
  });

  declare("many messages keep their order", async (stage) => {
    const client = await stage.client();
    const other = await stage.client();
    const count = 20_000;
    const subscription = other.subscribe("seq", { max: count });
    await other.flush();
    for (let i = 0; i < count; i++) client.publish("seq", String(i));
    const messages = await readAll(subscription);
    const wrong = messages.findIndex((m, i) => m.string() !== String(i));
    assert.equal(wrong, -1);
    assert.deepEqual(
      [client.stats().outMsgs, other.stats().inMsgs],
      [count, count],
    );
    assert.equal(client.stats().outBytes, other.stats().inBytes);
  });

  declare("a round trip is measured", async (stage) => {
    const client = await stage.client();
    assert.ok(await client.rtt() > 0);
  });

  declare("user and password open the door", async (stage) => {
    const config = { authorization: { user: "ann", password: "s3/cr@t" } };
    const broker = await stage.broker({ config });
    const servers = `127.0.0.1:${broker.port}`;
    await stage.connect({ servers, user: "ann", pass: "s3/cr@t" });
    await stage.connect({ servers: `nats://ann:s3%2Fcr%40t@${servers}` });
    const wrong = { servers, user: "ann", pass: "wrong" };
    for (const options of [{ servers }, wrong]) {
      const failure = await rejection(connect(options));
      assert.ok(failure instanceof AuthorizationError);
      assert.equal(failure.code, "AUTHORIZATION");
    }
  });

  declare("a token opens the door", async (stage) => {
    const broker = await stage.broker({
      config: { authorization: { token: "t0p" } },
    });
    const servers = `127.0.0.1:${broker.port}`;
    await stage.connect({ servers, token: "t0p" });
    await stage.connect({ servers: `nats://t0p@${servers}` });
    const failure = await rejection(connect({ servers, token: "no" }));
    assert.ok(failure instanceof AuthorizationError);
  });

  declare("a drained subscription keeps what has arrived", async (stage) => {
    const client = await stage.client();
    const subscription = client.subscribe("a");
    client.publish("a", "1");
    client.publish("a", "2");
    await subscription.drain();
    client.publish("a", "3");
    await client.flush();
    const texts = (await readAll(subscription)).map((m) => m.string());
    assert.deepEqual(texts, ["1", "2"]);
  });

  declare("a draining connection answers what is under way", async (stage) => {
    const client = await stage.client();
    const service = await stage.client();
    service.subscribe("echo", {
      callback: (_error, message) => void message.respond(message.data),
    });
    await service.flush();
    const answer = client.request("echo", "last");
    await client.flush();
    const drained = service.drain();
    assert.throws(() => service.subscribe("x"), DrainingConnectionError);
    assert.equal((await answer).string(), "last");
    await drained;
    assert.equal(service.isClosed(), true);
    assert.equal(await service.closed(), undefined);
    assert.throws(() => service.publish("x"), ClosedConnectionError);
  });

  declare("closing settles everything that waits", async (stage) => {
    const client = await stage.client();
    client.subscribe("silent", { callback: () => {} });
    const iterator = client.subscribe("a")[Symbol.asyncIterator]();
    const next = iterator.next();
    const request = rejection(client.request("silent"));
    await client.flush();
    const flush = rejection(client.flush());
    await client.close();
    assert.equal((await next).done, true);
    assert.ok(await request instanceof RequestError);
    assert.ok(await flush instanceof ClosedConnectionError);
    assert.ok(await rejection(client.flush()) instanceof ClosedConnectionError);
  });

  declare("a restarted broker is found again", async (stage) => {
    const broker = await stage.broker({ port: await freePort() });
    const client = await stage.connect({
      servers: `127.0.0.1:${broker.port}`,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      maxReconnectAttempts: -1,
    });
    const status = client.status();
    const subscription = client.subscribe("a", { max: 3 });
    client.publish("a", "before");
    await client.flush();
    await broker.stop();
    await untilStatus(status, "disconnect");
    client.publish("a", "meanwhile");
    const reconnected = untilStatus(status, "reconnect");
    await stage.broker({ port: broker.port });
    await reconnected;
    client.publish("a", "after");
    const texts = (await readAll(subscription)).map((m) => m.string());
    assert.deepEqual(texts, ["before", "meanwhile", "after"]);
  });

  declare("a client moves to a server that it learnt of", async (stage) => {
    const first = await stage.broker({ routes: [] });
    const client = await stage.connect({
      servers: `127.0.0.1:${first.port}`,
      reconnectTimeWait: 20,
      maxReconnectAttempts: 50,
    });
    const status = client.status();
    const second = await stage.broker({ routes: [first.clusterPort] });
    const news = await untilStatus(
      status,
      "update",
      (event) =>
        event.type === "update" &&
        event.added?.includes(`127.0.0.1:${second.port}`) === true,
    );
    assert.ok(news);
    const subscription = client.subscribe("a", { max: 1 });
    await first.stop();
    await untilStatus(status, "reconnect");
    assert.equal(client.getServer(), `127.0.0.1:${second.port}`);
    const other = await stage.connect({ servers: `127.0.0.1:${second.port}` });
    await client.flush();
    other.publish("a", "here");
    const [message] = await readAll(subscription);
    assert.equal(message!.string(), "here");
  });

  declare("without any server left the connection closes", async (stage) => {
    const broker = await stage.broker();
    const client = await stage.connect({
      servers: `127.0.0.1:${broker.port}`,
      reconnectTimeWait: 10,
      maxReconnectAttempts: 2,
    });
    const subscription = client.subscribe("a");
    await broker.stop();
    const error = await client.closed();
    assert.ok(error instanceof Error);
    assert.match(error.message, /connection refused/);
    assert.deepEqual(await readAll(subscription), []);
    assert.throws(() => client.publish("a"), ClosedConnectionError);
  });
}
