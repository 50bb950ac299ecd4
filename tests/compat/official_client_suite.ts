/**
 * The official JavaScript client as a user would use it, against any broker:
 * whatever it does with nats-server it must do with Midge. Each test starts
 * brokers of its own.
 */
import assert from "node:assert/strict";
import {
  AuthorizationError,
  connect,
  type ConnectionOptions,
  createInbox,
  headers,
  type Msg,
  type NatsConnection,
  RequestError,
  type Status,
  type Subscription,
} from "@nats-io/transport-node";
import { test, type TestContext } from "../support/test.ts";
import type { RunningServer, StartServer } from "./server_process.ts";

/** Only a broker that does not answer at all takes this long. */
const PATIENCE_MS = 20_000;
const PATIENT = { timeout: PATIENCE_MS };
const TEST_DEADLINE_MS = 30_000;

/** Names a test and runs it with the broker of the suite. */
type Check = (
  name: string,
  run: (t: TestContext, start: StartServer) => Promise<void>,
) => void;

export function officialClientSuite(
  broker: string,
  startServer: StartServer,
): void {
  const check: Check = (name, run) => {
    test(`the official client and ${broker}: ${name}`, (t) =>
      inTime(run(t, startServer)));
  };
  checkMessages(check);
  checkRequests(check);
  checkClusters(check);
  checkLogins(check);
}

function checkMessages(check: Check): void {
  check("publish and subscribe, with wildcards", async (t, start) => {
    const [publisher, subscriber] = await twoClients(t, start);
    const one = subscriber.subscribe("greet.*.now", { max: 2 });
    const rest = subscriber.subscribe("greet.>", { max: 3 });
    await subscriber.flush();
    for (const subject of ["greet.joe", "greet.sue.now", "greet.pam.now"]) {
      publisher.publish(subject, `to ${subject}`);
    }
    assert.deepEqual(await textsOf(one), [
      "to greet.sue.now",
      "to greet.pam.now",
    ]);
    assert.deepEqual(await textsOf(rest), [
      "to greet.joe",
      "to greet.sue.now",
      "to greet.pam.now",
    ]);
  });

  check(
    "carry payloads of any bytes, from none to the limit",
    async (t, start) => {
      const [publisher, subscriber] = await twoClients(t, start);
      const limit = publisher.info!.max_payload;
      const payloads = [0, 1, 4096, limit].map((size) =>
        new Uint8Array(size).map((_, at) => at * 7)
      );
      const messages = subscriber.subscribe("bytes", { max: payloads.length });
      await subscriber.flush();
      for (const payload of payloads) publisher.publish("bytes", payload);
      const received = (await messagesOf(messages)).map(({ data }) => data);
      assert.deepEqual(
        received.map((data) => data.length),
        payloads.map((payload) => payload.length),
      );
      received.forEach((data, i) =>
        assert.ok(payloads[i]!.every((byte, at) => data[at] === byte))
      );
    },
  );

  check("keep the order of a publisher's messages", async (t, start) => {
    const [publisher, subscriber] = await twoClients(t, start);
    const count = 20_000;
    const messages = subscriber.subscribe("numbers", { max: count });
    await subscriber.flush();
    for (let n = 0; n < count; n++) publisher.publish("numbers", `${n}`);
    const texts = await textsOf(messages);
    assert.equal(texts.length, count);
    assert.ok(texts.every((text, n) => text === `${n}`));
  });

  check(
    "give each message to one member of a queue group",
    async (t, start) => {
      const server = await started(t, start);
      const publisher = await client(t, server);
      const members = [];
      for (let i = 0; i < 3; i++) {
        const member = await client(t, server);
        const work = member.subscribe("work", { queue: "workers" });
        await member.flush();
        members.push({ member, work });
      }
      const count = 300;
      for (let n = 0; n < count; n++) publisher.publish("work", `${n}`);
      await publisher.flush();
      // What was delivered to a member comes before the answer to its flush.
      await Promise.all(members.map(({ member }) => member.flush()));
      const shares = members.map(({ work }) => work.getReceived());
      assert.equal(shares.reduce((sum, share) => sum + share), count);
      assert.ok(shares.every((share) => share > 0), `shares are ${shares}`);
    },
  );

  check(
    "hear their own messages, unless they do not want to",
    async (t, start) => {
      const server = await started(t, start);
      for (const noEcho of [false, true]) {
        const speaker = await client(t, server, { noEcho });
        const listener = await client(t, server);
        const own = speaker.subscribe("talk");
        const foreign = listener.subscribe("talk");
        await Promise.all([speaker.flush(), listener.flush()]);
        speaker.publish("talk", "hello");
        await speaker.flush();
        await listener.flush();
        assert.equal(own.getReceived(), noEcho ? 0 : 1);
        assert.equal(foreign.getReceived(), 1);
      }
    },
  );

  check("end a subscription after its maximum", async (t, start) => {
    const [publisher, subscriber] = await twoClients(t, start);
    const limited = subscriber.subscribe("count");
    limited.unsubscribe(3);
    const all = subscriber.subscribe("count");
    await subscriber.flush();
    for (let n = 0; n < 5; n++) publisher.publish("count", `${n}`);
    await publisher.flush();
    await subscriber.flush();
    assert.deepEqual(await textsOf(limited), ["0", "1", "2"]);
    assert.equal(all.getReceived(), 5);
  });

  check("stop receiving once they have unsubscribed", async (t, start) => {
    const [publisher, subscriber] = await twoClients(t, start);
    const messages = subscriber.subscribe("news");
    messages.unsubscribe();
    await subscriber.flush();
    await assert.rejects(
      publisher.request("news", "", PATIENT),
      /no responders/,
    );
  });

  check("drain: what was on its way is still handled", async (t, start) => {
    const [publisher, subscriber] = await twoClients(t, start);
    const messages = subscriber.subscribe("last");
    const texts = textsOf(messages);
    await subscriber.flush();
    for (let n = 0; n < 1000; n++) publisher.publish("last", `${n}`);
    await publisher.drain();
    await subscriber.drain();
    assert.equal((await texts).length, 1000);
    assert.equal(await subscriber.closed(), undefined);
  });
}

function checkRequests(check: Check): void {
  check("request and reply", async (t, start) => {
    const [requester, responder] = await twoClients(t, start);
    answer(responder, "time", (request) => `${request.string()}: noon`);
    await responder.flush();
    const reply = await requester.request("time", "when", PATIENT);
    assert.equal(reply.string(), "when: noon");
    const replies = await Promise.all(
      Array.from(
        { length: 100 },
        (_, n) => requester.request("time", `${n}`, PATIENT),
      ),
    );
    replies.forEach((reply, n) => assert.equal(reply.string(), `${n}: noon`));
  });

  check(
    "talk to a broker that confirms and checks everything",
    async (t, start) => {
      const server = await started(t, start);
      const nc = await client(t, server, { verbose: true, pedantic: true });
      answer(nc, "time", () => "noon");
      const reply = await nc.request("time", "", PATIENT);
      assert.equal(reply.string(), "noon");
    },
  );

  check("request on an inbox of the request's own", async (t, start) => {
    const [requester, responder] = await twoClients(t, start);
    answer(responder, "time", () => "noon");
    await responder.flush();
    const reply = createInbox();
    const options = { ...PATIENT, noMux: true, reply };
    const message = await requester.request("time", "", options);
    assert.equal(message.subject, reply);
    assert.equal(message.string(), "noon");
  });

  check("request many replies", async (t, start) => {
    const [requester, responder] = await twoClients(t, start);
    for (const name of ["a", "b", "c"]) answer(responder, "who", () => name);
    await responder.flush();
    const replies = await requester.requestMany("who", "", {
      strategy: "count",
      maxMessages: 3,
      maxWait: PATIENCE_MS,
    });
    assert.deepEqual((await textsOf(replies)).sort(), ["a", "b", "c"]);
  });

  check("learn at once that nobody responds", async (t, start) => {
    const server = await started(t, start);
    const requester = await client(t, server);
    await assert.rejects(
      requester.request("nobody", "", PATIENT),
      (error) => error instanceof RequestError && error.isNoResponders(),
    );
  });

  check("carry headers there and back", async (t, start) => {
    const [requester, responder] = await twoClients(t, start);
    responder.subscribe("echo", {
      callback: (_error, request) => {
        request.respond(request.data, { headers: request.headers! });
      },
    });
    await responder.flush();
    const sent = headers();
    sent.append("Colour", "blue");
    sent.append("Colour", "grün");
    sent.set("Empty", "");
    const options = { ...PATIENT, headers: sent };
    const reply = await requester.request("echo", "body", options);
    assert.equal(reply.string(), "body");
    assert.deepEqual(reply.headers?.values("Colour"), ["blue", "grün"]);
    assert.equal(reply.headers?.has("Empty"), true);
  });
}

function checkClusters(check: Check): void {
  check(
    "come back after a restart, with their subscriptions",
    async (t, start) => {
      const first = await started(t, start);
      const nc = await client(t, first);
      const messages = nc.subscribe("again", { max: 1 });
      await nc.flush();
      const reconnect = statusOf(nc, "reconnect");
      await first.kill();
      const second = await started(t, start, ["-p", `${first.port}`]);
      await reconnect;
      const other = await client(t, second);
      await nc.flush();
      other.publish("again", "welcome");
      assert.deepEqual(await textsOf(messages), ["welcome"]);
    },
  );

  for (const ending of ["kill", "shutDown"] as const) {
    check(
      `learn of the other nodes of a cluster and survive the ${ending} of theirs`,
      async (t, start) => {
        const first = await started(t, start, clusterArgs());
        const nc = await client(t, first);
        const messages = nc.subscribe("moved", { max: 1 });
        const second = await started(t, start, clusterArgs(first));
        await untilKnown(nc, second);
        const reconnect = statusOf(nc, "reconnect");
        await first[ending]();
        await reconnect;
        assert.equal(nc.getServer(), `127.0.0.1:${second.port}`);
        await nc.flush();
        const other = await client(t, second);
        other.publish("moved", "welcome");
        assert.deepEqual(await textsOf(messages), ["welcome"]);
      },
    );
  }

  check(
    "talk across nodes that know each other from hearsay only",
    async (t, start) => {
      const seed = await started(t, start, clusterArgs());
      const leftServer = await started(t, start, clusterArgs(seed));
      const rightServer = await started(t, start, clusterArgs(seed));
      const left = await client(t, leftServer);
      const right = await client(t, rightServer);
      await untilKnown(left, rightServer);
      answer(right, "far", (request) => `${request.string()} and back`);
      await right.flush();
      await seed.kill();
      const reply = await requestUntilHeard(left, "far", "there");
      assert.equal(reply.string(), "there and back");
    },
  );

  check("share the work of a queue group across nodes", async (t, start) => {
    const first = await started(t, start, clusterArgs());
    const second = await started(t, start, clusterArgs(first));
    const members = [await client(t, first), await client(t, second)];
    for (const [node, member] of members.entries()) {
      answer(member, "work", () => `${node}`, "workers");
      answer(member, `node.${node}`, () => "");
      await member.flush();
    }
    const requester = await client(t, first);
    // The group's interest went ahead of this one on the same route.
    await requestUntilHeard(requester, "node.1", "");
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => requester.request("work", "", PATIENT)),
    );
    const nodes = new Set(replies.map((reply) => reply.string()));
    assert.deepEqual([...nodes].sort(), ["0", "1"]);
  });

  check("hear that their server is about to leave", async (t, start) => {
    const server = await started(t, start);
    const nc = await client(t, server);
    await nc.flush();
    const notice = statusOf(nc, "ldm");
    server.enterLameDuckMode();
    assert.equal((await notice).server, `127.0.0.1:${server.port}`);
  });
}

function checkLogins(check: Check): void {
  check("log in with user and password", async (t, start) => {
    const args = ["--user", "joe", "--pass", "s3cret"];
    const server = await started(t, start, args);
    const nc = await client(t, server, { user: "joe", pass: "s3cret" });
    await nc.flush();
    await rejectsAuthorization(server, { user: "joe", pass: "wrong" });
    await rejectsAuthorization(server, { user: "sue", pass: "s3cret" });
    await rejectsAuthorization(server, {});
  });

  check("log in with a token", async (t, start) => {
    const server = await started(t, start, ["--auth", "t0ken"]);
    const nc = await client(t, server, { token: "t0ken" });
    await nc.flush();
    await rejectsAuthorization(server, { token: "wrong" });
    await rejectsAuthorization(server, {});
  });
}

/** A status or a message that never comes must not keep the tests for ever. */
async function inTime(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const late = new Error("What the test waits for did not come");
  const deadline = setTimeout(() => reject(late), TEST_DEADLINE_MS);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(deadline);
  }
}

async function started(
  t: TestContext,
  start: StartServer,
  args?: readonly string[],
): Promise<RunningServer> {
  const server = await start(args);
  t.after(() => server.kill());
  return server;
}

/** Arguments of a cluster's node that knows the given ones. */
function clusterArgs(...known: readonly RunningServer[]): string[] {
  const routes = known.map(({ clusterPort }) =>
    `nats://127.0.0.1:${clusterPort}`
  );
  return [
    ...["--cluster", "nats://127.0.0.1:-1", "--cluster_name", "C1"],
    ...(routes.length > 0 ? ["--routes", routes.join(",")] : []),
  ];
}

async function client(
  t: TestContext,
  server: RunningServer,
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  const nc = await connect({
    servers: `127.0.0.1:${server.port}`,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
    ...options,
  });
  t.after(() => nc.close());
  return nc;
}

async function twoClients(
  t: TestContext,
  start: StartServer,
): Promise<[NatsConnection, NatsConnection]> {
  const server = await started(t, start);
  return [await client(t, server), await client(t, server)];
}

function answer(
  nc: NatsConnection,
  subject: string,
  reply: (request: Msg) => string,
  queue = "",
): Subscription {
  const callback = (_error: Error | null, request: Msg): void => {
    request.respond(reply(request));
  };
  return nc.subscribe(subject, { queue, callback });
}

/** Waits until the client has heard of another node of its server's cluster. */
async function untilKnown(
  nc: NatsConnection,
  { port }: RunningServer,
): Promise<void> {
  const isKnown = (): boolean =>
    nc.info?.connect_urls?.includes(`127.0.0.1:${port}`) ?? false;
  const changes = nc.status();
  if (isKnown()) return;
  for await (const _change of changes) if (isKnown()) return;
}

/** Requests until the interest on another node has come round. */
async function requestUntilHeard(
  nc: NatsConnection,
  subject: string,
  text: string,
): Promise<Msg> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await nc.request(subject, text, PATIENT);
    } catch (error) {
      const isTooEarly = error instanceof RequestError &&
        error.isNoResponders() && performance.now() < end;
      if (!isTooEarly) throw error;
    }
  }
}

async function messagesOf(messages: AsyncIterable<Msg>): Promise<Msg[]> {
  const all = [];
  for await (const message of messages) all.push(message);
  return all;
}

async function textsOf(messages: AsyncIterable<Msg>): Promise<string[]> {
  return (await messagesOf(messages)).map((message) => message.string());
}

/** The next status of this type; listens from the moment of the call. */
async function statusOf<Type extends Status["type"]>(
  nc: NatsConnection,
  type: Type,
): Promise<Extract<Status, { type: Type }>> {
  for await (const status of nc.status()) {
    if (status.type === type) return status as Extract<Status, { type: Type }>;
  }
  throw new Error(`The connection ended without status "${type}"`);
}

async function rejectsAuthorization(
  server: RunningServer,
  options: ConnectionOptions,
): Promise<void> {
  const servers = `127.0.0.1:${server.port}`;
  await assert.rejects(
    connect({ servers, reconnect: false, ...options }),
    AuthorizationError,
  );
}
