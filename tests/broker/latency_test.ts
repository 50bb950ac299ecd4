/** Records of how long services take, one for each request that is measured. */
import assert from "node:assert/strict";
import type {
  LatencyOptions,
  ServiceExport,
} from "../../src/options/options.ts";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
} from "../accounts/account_options.ts";
import { connectClient, roundTrip, tell } from "../routes/route_peer.ts";
import { startMidge } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

const EVERY: LatencyOptions = { subject: "lat.q", sampling: 100 };
const NANOSECONDS = /^\d+$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

interface Scene {
  /** Serves. */
  readonly service: Peer;
  /** Asks, and hears responses on `in.*`. */
  readonly asker: Peer;
  /** Hears the records. */
  readonly metrics: Peer;
}

async function scene(
  t: TestContext,
  changes: Partial<ServiceExport>,
  share = false,
): Promise<Scene> {
  const offered = serviceExport("q.>", { latency: EVERY, ...changes });
  const wanted = serviceImport("E", "q.one", { local: "my.one", share });
  const midge = await startMidge(t, {
    serverName: "S1",
    accounts: [
      accountWithUser("E", { exports: [offered] }),
      accountWithUser("I", { imports: [wanted] }),
    ],
  });
  const client = (user: string, name: string): Promise<Peer> =>
    connectClient(t, midge, { user, pass: "pw", name, lang: "ts" });
  const [service, asker, metrics] = [
    await client("e", "server"),
    await client("i", "asker"),
    await client("e", "metrics"),
  ];
  await tell(metrics, "SUB lat.> 1\r\n");
  await tell(asker, "SUB in.* 1\r\n");
  return { service, asker, metrics };
}

/** The next record. */
async function record(metrics: Peer): Promise<Record<string, unknown>> {
  // What the server says itself has an empty reply subject, as with nats-server.
  await metrics.expect(/MSG lat\.q 1 {2}\d+\r\n/);
  const text = await metrics.expectLine();
  return JSON.parse(text);
}

/** What varies in a record is checked for its form, and replaced by `0`. */
function settled(told: Record<string, unknown>): unknown {
  const { id, timestamp, start, service, system, total } = told;
  assert.match(String(id), /^[0-9A-Za-z]{22}$/);
  for (const moment of [timestamp, start]) assert.match(`${moment}`, MOMENT);
  for (const time of [service, system, total]) {
    assert.match(`${time}`, NANOSECONDS);
  }
  return JSON.parse(
    JSON.stringify(told, (key, value) => {
      const varies = ["id", "timestamp", "start", "rtt", "total", "service"];
      return varies.includes(key) || key === "system" ? 0 : value;
    }),
  );
}

const COMMON = {
  type: "io.nats.server.metric.v1.service_latency",
  id: 0,
  timestamp: 0,
  start: 0,
  service: 0,
  system: 0,
  total: 0,
};

const RESPONDER = {
  start: 0,
  host: "127.0.0.1",
  id: 0,
  acc: "E",
  user: "e",
  name: "server",
  lang: "ts",
  rtt: 0,
  server: "S1",
  kind: "Client",
  client_type: "nats",
};

async function replyOf(service: Peer): Promise<string> {
  const [, reply] = /HMSG q\.one 1 (\S+) /.exec(
    await service.expect(/HMSG [^]*hi\r\n/),
  )!;
  return reply!;
}

test("a request that is answered is told with both its ends and its times", async (t) => {
  const { service, asker, metrics } = await scene(t, {});
  await tell(service, "SUB q.> 1\r\n");
  asker.send("PUB my.one in.1 2\r\nhi\r\n");
  const reply = await replyOf(service);
  assert.match(reply, /^_R_\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{6}\.sQnRv29R\.T$/);
  await tell(service, `PUB ${reply} 2\r\nok\r\n`);
  assert.equal((await roundTrip(asker)).join("|"), "MSG in.1 1 2|ok");
  assert.deepEqual(settled(await record(metrics)), {
    ...COMMON,
    status: 200,
    requestor: { acc: "I", rtt: 0 },
    responder: RESPONDER,
  });
});

test("with share the requester is told of like the responder", async (t) => {
  const { service, asker, metrics } = await scene(t, {}, true);
  await tell(service, "SUB q.> 1\r\n");
  asker.send("PUB my.one in.1 2\r\nhi\r\n");
  await tell(service, `PUB ${await replyOf(service)} 2\r\nok\r\n`);
  const { requestor } = settled(await record(metrics)) as {
    requestor: unknown;
  };
  assert.deepEqual(requestor, {
    ...RESPONDER,
    acc: "I",
    user: "i",
    name: "asker",
  });
});

test("a request without a reply, one that nobody serves and one that is forgotten are told with their status", async (t) => {
  const { service, asker, metrics } = await scene(t, { thresholdMs: 50 });
  asker.send("PUB my.one in.1 2\r\nhi\r\n");
  const requestor = { acc: "I", rtt: 0 };
  const failed = (status: number, description: string): unknown => ({
    ...COMMON,
    status,
    description,
    requestor,
  });
  assert.deepEqual(
    settled(await record(metrics)),
    failed(503, "Service Unavailable"),
  );
  await tell(service, "SUB q.> 1\r\n");
  asker.send("PUB my.one 2\r\nhi\r\n");
  assert.deepEqual(settled(await record(metrics)), failed(400, "Bad Request"));
  asker.send("PUB my.one in.1 2\r\nhi\r\n");
  const late = failed(504, "Service Timeout");
  assert.deepEqual(settled(await record(metrics)), late);
});

test("a requester that is gone before the response is told with its status", async (t) => {
  const { service, asker, metrics } = await scene(t, {});
  await tell(service, "SUB q.> 1\r\n");
  asker.send("SUB in.2 2\r\nPUB my.one in.2 2\r\nhi\r\n");
  await replyOf(service);
  await asker.close();
  const { status, description } = await record(metrics);
  assert.deepEqual([status, description], [408, "Request Timeout"]);
});

test("headers that ask for a measurement are told in the record", async (t) => {
  const latency: LatencyOptions = { subject: "lat.q", sampling: "headers" };
  const { service, asker, metrics } = await scene(t, { latency });
  await tell(service, "SUB q.> 1\r\n");
  asker.send("PUB my.one in.1 2\r\nhi\r\n");
  const reply = await replyOf(service);
  assert.match(reply, /^_R_\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{6}$/);
  await tell(service, `PUB ${reply} 2\r\nok\r\n`);
  await metrics.silence();
  const block = "NATS/1.0\r\nB3: 1-2-1-3\r\n\r\n";
  const sizes = `${block.length} ${block.length + 2}`;
  asker.send(`HPUB my.one in.1 ${sizes}\r\n${block}hi\r\n`);
  await tell(service, `PUB ${await replyOf(service)} 2\r\nok\r\n`);
  const { status, header } = await record(metrics);
  assert.deepEqual([status, header], [200, { B3: ["1-2-1-3"] }]);
});
