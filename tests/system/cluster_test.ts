/** The system account of a cluster: all servers answer, and tell one another. */
import assert from "node:assert/strict";
import { startMidge, type TestServer } from "../support/midge.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  connectAs,
  type Json,
  SYSTEM_OPTIONS,
  systemUser,
} from "./system_client.ts";

async function startPair(t: TestContext): Promise<[TestServer, TestServer]> {
  const one = await startMidge(t, {
    ...SYSTEM_OPTIONS,
    serverName: "one",
    cluster: {},
  });
  const other = await startMidge(t, {
    ...SYSTEM_OPTIONS,
    serverName: "other",
    cluster: {
      routes: [{
        host: "127.0.0.1",
        port: one.clusterPort,
        user: "",
        password: "",
      }],
    },
  });
  await until("they have a route", () =>
    one.server.routez().num_routes === 1 &&
    other.server.routez().num_routes === 1);
  return [one, other];
}

async function answersTo(
  t: TestContext,
  midge: TestServer,
  user: string,
  subject: string,
  body: string = "",
): Promise<Json[]> {
  const client = await connectAs(t, midge, user);
  const answers: Json[] = [];
  client.subscribe("answers", {
    callback: (_error, message) => void answers.push(message.json()),
  });
  client.publish(subject, body, { reply: "answers" });
  await until("both have answered", () => answers.length === 2);
  return answers;
}

function namesIn(answers: readonly Json[]): unknown[] {
  return answers.map(({ server }) => (server as Json)["name"]).sort();
}

test("all servers answer, and one that is named alone", async (t) => {
  const [one, other] = await startPair(t);
  const pings = await answersTo(t, one, "sys", "$SYS.REQ.SERVER.PING");
  assert.deepEqual(namesIn(pings), ["one", "other"]);
  const { ask } = await systemUser(t, one);
  const { id } = other.server.broker.identity;
  const { data } = await ask(`$SYS.REQ.SERVER.${id}.VARZ`);
  assert.equal((data as Json)["server_name"], "other");
  await until("each knows of the other", async () => {
    const { statsz } = await ask("$SYS.REQ.SERVER.PING");
    return (statsz as Json)["active_servers"] === 2;
  });
});

test("an account hears of its connections on all servers", async (t) => {
  const [one, other] = await startPair(t);
  await connectAs(t, other, "a");
  await connectAs(t, one, "a");
  const answers = await answersTo(t, one, "a", "$SYS.REQ.ACCOUNT.PING.CONNZ");
  assert.deepEqual(namesIn(answers), ["one", "other"]);
  const counts = answers.map(({ data }) => (data as Json)["num_connections"]);
  assert.deepEqual(counts.sort(), [1, 2]);
});

test("only the server that a client is connected to tells it who it is", async (t) => {
  const [one, other] = await startPair(t);
  // It has the same number on both servers.
  const clients = [
    await connectAs(t, one, "a"),
    await connectAs(t, other, "a"),
  ];
  for (const [index, client] of clients.entries()) {
    const answers: Json[] = [];
    client.subscribe("answers", {
      callback: (_error, message) => void answers.push(message.json()),
    });
    client.publish("$SYS.REQ.USER.INFO", "", { reply: "answers" });
    await until("it is told", () => answers.length > 0);
    await client.rtt();
    assert.deepEqual(namesIn(answers), [index === 0 ? "one" : "other"]);
  }
});

test("events of one server are heard at the other", async (t) => {
  const [one, other] = await startPair(t);
  const { hear } = await systemUser(t, one);
  const heard = await hear("$SYS.ACCOUNT.B.>");
  const isHeard = (what: string, server: string): boolean =>
    heard.some(([subject, body]) =>
      subject.endsWith(what) && (body["server"] as Json)["name"] === server
    );
  await until(
    "the other server knows who listens",
    () =>
      other.server.accountz({ acc: "$SYS" }).account_detail!.subscriptions > 50,
  );
  await until("it is told", async () => {
    await (await connectAs(t, other, "b")).close();
    return isHeard(".CONNECT", "other") && isHeard(".DISCONNECT", "other");
  });
});

test("each knows how many clients an account has at the other, until that is gone", async (t) => {
  const [one, other] = await startPair(t);
  const remote = ({ server }: TestServer): number | undefined =>
    server.broker.host.accounts.awake("A")?.remoteClients;
  await connectAs(t, one, "a");
  const clients = [
    await connectAs(t, other, "a"),
    await connectAs(t, other, "a"),
  ];
  await until("both know", () => remote(one) === 2 && remote(other) === 1);
  await clients[0]!.close();
  await until("one has gone", () => remote(one) === 1);
  await other.server.stop();
  await until("the server has gone", () => remote(one) === 0);
});

test("subscriptions are counted over the cluster", async (t) => {
  const [one, other] = await startPair(t);
  const far = await connectAs(t, other, "sys");
  far.subscribe("x");
  await far.flush();
  const { ask, client } = await systemUser(t, one);
  client.subscribe("x");
  await until(
    "both are counted",
    async () => Number(await ask("$SYS.DEBUG.SUBSCRIBERS", "x")) === 2,
  );
});
