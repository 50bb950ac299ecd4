/** `/subsz`: the counters of the look-up, and the subscriptions of clients. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { type MonitoredMidge, startMonitored, type Subsz } from "./pages.ts";
import { shapeOf } from "./shape.ts";
import { until } from "../support/until.ts";

function subjects(midge: MonitoredMidge, query: string): unknown[] {
  const { subscriptions_list = [] } = midge.page<Subsz>(`subsz?${query}`);
  return subscriptions_list.map(({ subject }) => subject);
}

test("without subs the page has the counters, in nats-server's order", async (t) => {
  const midge = await startMonitored(t);
  const peer = await midge.client();
  await midge.say(
    peer,
    "SUB a 1\r\nSUB a 2\r\nSUB b 3\r\nUNSUB 3\r\n" +
      // A line that is the one before once more is not looked up again.
      "PUB a 0\r\n\r\nPUB  a 0\r\n\r\n".repeat(2),
  );
  const page = midge.page<Subsz>("subsz");
  assert.deepEqual(shapeOf(page), [
    "server_id: string",
    "now: time",
    "num_subscriptions: number",
    "num_cache: number",
    "num_inserts: number",
    "num_removes: number",
    "num_matches: number",
    "cache_hit_rate: number",
    "max_fanout: number",
    "avg_fanout: number",
    "total: number",
    "offset: number",
    "limit: number",
  ]);
  assert.equal(page["num_subscriptions"], 2);
  assert.equal(page["num_inserts"], 3);
  assert.equal(page["num_removes"], 1);
  assert.ok(Number(page["num_matches"]) > 0);
  assert.deepEqual([page["max_fanout"], page["avg_fanout"]], [2, 2]);
  assert.equal(page.total, 0);
});

test("with subs each subscription is listed with its account and its client", async (t) => {
  const midge = await startMonitored(t);
  const peer = await midge.client();
  await midge.say(peer, "SUB a q 7\r\nUNSUB 7 3\r\nPUB a 0\r\n\r\n");
  const { subscriptions_list } = midge.page<Subsz>("subsz?subs=1");
  assert.deepEqual(subscriptions_list, [
    {
      account: "$G",
      account_tag: "$G",
      subject: "a",
      qgroup: "q",
      sid: "7",
      msgs: 1,
      max: 3,
      cid: 1,
    },
  ]);
});

test("the list is in the order of clients, then of their sids as texts", async (t) => {
  const midge = await startMonitored(t);
  await midge.say(await midge.client(), "SUB a 9\r\nSUB b 10\r\nSUB c 1\r\n");
  await midge.say(await midge.client(), "SUB d 0\r\n");
  assert.deepEqual(subjects(midge, "subs=1"), ["c", "b", "a", "d"]);
  assert.deepEqual(subjects(midge, "subs=1&limit=2&offset=2"), ["a", "d"]);
  assert.deepEqual(subjects(midge, "subs=1&limit=1&offset=1"), ["b"]);
});

test("offset and limit divide the list into pages", async (t) => {
  const midge = await startMonitored(t);
  await midge.say(await midge.client(), "SUB a 1\r\nSUB b 2\r\n");
  await midge.say(await midge.client(), "SUB c 1\r\n");
  assert.deepEqual(subjects(midge, "subs=1"), ["a", "b", "c"]);
  assert.deepEqual(subjects(midge, "subs=1&limit=2"), ["a", "b"]);
  assert.deepEqual(subjects(midge, "subs=1&limit=2&offset=2"), ["c"]);
  assert.deepEqual(subjects(midge, "subs=1&offset=9223372036854775807"), []);
  const page = midge.page<Subsz>("subsz?subs=1&limit=2&offset=1");
  assert.deepEqual([page.total, page["offset"], page["limit"]], [3, 1, 2]);
  const past = midge.page<Subsz>("subsz?subs=1&offset=3");
  assert.ok(!("subscriptions_list" in past));
  assert.deepEqual(subjects(midge, "limit=2"), [], "nobody asked for it");
});

test("test selects the subscriptions that match a subject", async (t) => {
  const midge = await startMonitored(t);
  const peer = await midge.client();
  await midge.say(
    peer,
    "SUB a.* 1\r\nSUB a.> 2\r\nSUB a.b 3\r\nSUB h\xc3\xb6re 4\r\n",
  );
  assert.deepEqual(subjects(midge, "subs=1&test=a.b"), ["a.*", "a.>", "a.b"]);
  assert.deepEqual(subjects(midge, "subs=1&test=a.c.d"), ["a.>"]);
  assert.deepEqual(subjects(midge, "subs=1&test=h%C3%B6re"), ["höre"]);
  assert.equal(midge.page<Subsz>("subsz?subs=1&test=a.c").total, 2);
  for (const subject of ["foo.*", ">", "a..b", ".", "a."]) {
    assert.equal(
      midge.refusal(`subsz?test=${subject}`),
      `invalid test subject, must be valid publish subject: ${subject}`,
    );
  }
});

test("an account that does not exist has no subscriptions", async (t) => {
  const midge = await startMonitored(t);
  await midge.say(await midge.client(), "SUB a 1\r\n");
  assert.deepEqual(subjects(midge, "subs=1&acc=$G"), ["a"]);
  const none = midge.page<Subsz>("subsz?subs=1&acc=zz");
  assert.deepEqual([none.total, none["num_subscriptions"]], [0, 0]);
  assert.deepEqual([none["max_fanout"], none["avg_fanout"]], [0, 0]);
});

test("subscriptions of other servers are counted but not listed", async (t) => {
  const a = await startMonitored(t, { cluster: {} });
  const route = { host: "127.0.0.1", port: a.clusterPort };
  const b = await startMonitored(t, { cluster: { routes: [route] } });
  await a.say(await a.client(), "SUB far 1\r\n");
  await b.say(await b.client(), "SUB near 1\r\n");
  await until(
    "two subscriptions",
    () => b.page("subsz")["num_subscriptions"] === 2,
  );
  assert.deepEqual(subjects(b, "subs=1"), ["near"]);
});

test("/subscriptionsz is a second name of /subsz", async (t) => {
  const midge = await startMonitored(t);
  await midge.say(await midge.client(), "SUB a 1\r\n");
  const { subscriptions_list } = midge.page<Subsz>("subscriptionsz?subs=1");
  assert.equal(subscriptions_list?.length, 1);
  const { http_req_stats } = midge.page("varz");
  assert.deepEqual(http_req_stats, { "/subsz": 1, "/varz": 1 });
});
