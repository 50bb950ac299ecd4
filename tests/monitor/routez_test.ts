/** `/routez`, on both ends of a route. */
import assert from "node:assert/strict";
import { test, type TestContext } from "../support/test.ts";
import type { MonitoredMidge, Routez } from "./pages.ts";
import { startMonitored } from "./pages.ts";
import { shapeOf } from "./shape.ts";
import { until } from "../support/until.ts";

/** Two servers, of which the second dialled the first. */
async function startPair(
  t: TestContext,
): Promise<[MonitoredMidge, MonitoredMidge]> {
  const a = await startMonitored(t, { serverName: "a", cluster: {} });
  const route = { host: "127.0.0.1", port: a.clusterPort };
  const b = await startMonitored(t, {
    serverName: "b",
    cluster: { routes: [route] },
  });
  for (const server of [a, b]) {
    await until(
      "a route",
      () => server.page<Routez>("routez").num_routes === 1,
    );
  }
  return [a, b];
}

test("a row of a route has nats-server's fields in its order", async (t) => {
  const [a, b] = await startPair(t);
  const peer = await a.client();
  await a.say(peer, "SUB foo 1\r\nSUB rq grp 2\r\nSUB rq grp 3\r\n");
  const interest = (): unknown =>
    b.page<Routez>("routez").routes[0]?.["subscriptions"];
  await until("two interests", () => interest() === 2);
  assert.deepEqual(shapeOf(b.page("routez?subs=detail")), [
    "server_id: string",
    "server_name: string",
    "now: time",
    "num_routes: number",
    "routes: list",
    "routes[]: object",
    "routes[].rid: number",
    "routes[].remote_id: string",
    "routes[].remote_name: string",
    "routes[].did_solicit: boolean",
    "routes[].is_configured: boolean",
    "routes[].ip: string",
    "routes[].port: number",
    "routes[].start: time",
    "routes[].last_activity: time",
    "routes[].rtt: string",
    "routes[].uptime: string",
    "routes[].idle: string",
    "routes[].pending_size: number",
    "routes[].in_msgs: number",
    "routes[].out_msgs: number",
    "routes[].in_bytes: number",
    "routes[].out_bytes: number",
    "routes[].subscriptions: number",
    "routes[].subscriptions_list_detail: list",
    "routes[].subscriptions_list_detail[]: object",
    "routes[].subscriptions_list_detail[].subject: string",
    "routes[].subscriptions_list_detail[].sid: string",
    "routes[].subscriptions_list_detail[].msgs: number",
    "routes[].subscriptions_list_detail[].cid: number",
    "routes[].subscriptions_list_detail[].qgroup: string",
    "routes[].compression: string",
  ]);
  const [row = {}] = b.page<Routez>("routez?subs=detail").routes;
  const cid = row["rid"];
  assert.deepEqual(row["subscriptions_list_detail"], [
    { subject: "foo", sid: "$G foo", msgs: 0, cid },
    { subject: "rq", qgroup: "grp", sid: "$G rq grp", msgs: 0, cid },
  ]);
  const [subjects = {}] = b.page<Routez>("routez?subs=1").routes;
  assert.deepEqual(subjects["subscriptions_list"], ["foo", "rq"]);
  const [plain = {}] = b.page<Routez>("routez").routes;
  assert.ok(!Object.keys(plain).some((key) => key.includes("_list")));
});

test("both ends show the id of the other one, and which of them dialled", async (t) => {
  const [a, b] = await startPair(t);
  const [ofA = {}] = a.page<Routez>("routez").routes;
  const [ofB = {}] = b.page<Routez>("routez").routes;
  assert.deepEqual(
    [ofA["remote_name"], ofA["did_solicit"], ofA["is_configured"]],
    ["b", false, false],
  );
  assert.deepEqual(
    [ofB["remote_name"], ofB["did_solicit"], ofB["is_configured"]],
    ["a", true, true],
  );
  assert.equal(ofA["remote_id"], b.watched.broker.identity.id);
  assert.equal(ofB["port"], a.clusterPort);
});

test("routes are not listed as clients", async (t) => {
  const [a] = await startPair(t);
  assert.equal(a.connz().total, 0);
});

test("a server without a cluster has no routes", async (t) => {
  const midge = await startMonitored(t);
  const page = midge.page<Routez>("routez?subs=1");
  assert.deepEqual([page.num_routes, page.routes], [0, []]);
  assert.match(
    midge.refusal("routez?subs=x"),
    /^Error decoding boolean for 's/,
  );
});
