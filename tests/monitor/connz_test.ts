/** `/connz`: which clients it lists, in which window, and with which fields. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { startMonitored } from "./pages.ts";
import { shapeOf } from "./shape.ts";
import { until } from "../support/until.ts";

const LANG = { lang: "test", version: "1.2.3", name: "worker" };

test("a row of a client has nats-server's fields in its order", async (t) => {
  const midge = await startMonitored(t, {
    authorization: {
      users: [{ user: "ann", password: "pw" }],
      timeoutMs: 1000,
    },
  });
  const peer = await midge.client({ ...LANG, user: "ann", pass: "pw" });
  await midge.say(peer, "SUB a.> q 7\r\nUNSUB 7 5\r\nPUB a.b 2\r\nhi\r\n");
  assert.deepEqual(shapeOf(midge.connz("auth=1&subs=detail")), [
    "server_id: string",
    "now: time",
    "num_connections: number",
    "total: number",
    "offset: number",
    "limit: number",
    "connections: list",
    "connections[]: object",
    "connections[].cid: number",
    "connections[].kind: string",
    "connections[].type: string",
    "connections[].ip: string",
    "connections[].port: number",
    "connections[].start: time",
    "connections[].last_activity: time",
    "connections[].rtt: string",
    "connections[].uptime: string",
    "connections[].idle: string",
    "connections[].pending_bytes: number",
    "connections[].in_msgs: number",
    "connections[].out_msgs: number",
    "connections[].in_bytes: number",
    "connections[].out_bytes: number",
    "connections[].subscriptions: number",
    "connections[].name: string",
    "connections[].lang: string",
    "connections[].version: string",
    "connections[].authorized_user: string",
    "connections[].subscriptions_list_detail: list",
    "connections[].subscriptions_list_detail[]: object",
    "connections[].subscriptions_list_detail[].subject: string",
    "connections[].subscriptions_list_detail[].qgroup: string",
    "connections[].subscriptions_list_detail[].sid: string",
    "connections[].subscriptions_list_detail[].msgs: number",
    "connections[].subscriptions_list_detail[].max: number",
    "connections[].subscriptions_list_detail[].cid: number",
    "connections[].name_tag: string",
  ]);
  const [row = {}] = midge.connz("auth=1&subs=detail").connections;
  assert.equal(row["authorized_user"], "ann");
  assert.deepEqual([row["in_msgs"], row["in_bytes"]], [1, 2]);
  assert.deepEqual([row["out_msgs"], row["out_bytes"]], [1, 2]);
  assert.deepEqual(row["subscriptions_list_detail"], [
    { subject: "a.>", qgroup: "q", sid: "7", msgs: 1, max: 5, cid: 1 },
  ]);
});

test("a client without name and language has no fields for them", async (t) => {
  const midge = await startMonitored(t);
  await midge.client();
  const [row = {}] = midge.connz("auth=1&subs=1").connections;
  const absent = ["name", "lang", "version", "authorized_user", "account"];
  const never = [
    "stop",
    "reason",
    "stalls",
    "subscriptions_list",
    "tls_version",
  ];
  for (const field of [...absent, ...never]) {
    assert.ok(!(field in row), field);
  }
  assert.deepEqual(
    [row["kind"], row["type"], row["ip"]],
    ["Client", "nats", "127.0.0.1"],
  );
});

test("subscriptions are listed on request", async (t) => {
  const midge = await startMonitored(t);
  const peer = await midge.client();
  await midge.say(peer, "SUB foo 1\r\nSUB h\xc3\xb6re.* 2\r\n");
  const row = (query: string) => midge.connz(query).connections[0] ?? {};
  assert.equal(row("")["subscriptions"], 2);
  assert.ok(!("subscriptions_list" in row("")));
  assert.deepEqual(row("subs=1")["subscriptions_list"], ["foo", "höre.*"]);
  assert.ok(!("subscriptions_list_detail" in row("subs=1")));
  assert.ok(!("subscriptions_list" in row("subs=detail")));
  assert.deepEqual(row("subs=Detail")["subscriptions_list_detail"], [
    { subject: "foo", sid: "1", msgs: 0, cid: 1 },
    { subject: "höre.*", sid: "2", msgs: 0, cid: 1 },
  ]);
});

test("offset and limit divide the list into pages", async (t) => {
  const midge = await startMonitored(t);
  for (let i = 0; i < 5; i++) await midge.client();
  assert.deepEqual(midge.cids("limit=2"), [1, 2]);
  assert.deepEqual(midge.cids("limit=2&offset=2"), [3, 4]);
  assert.deepEqual(midge.cids("limit=2&offset=4"), [5]);
  assert.deepEqual(midge.cids("offset=5"), []);
  assert.deepEqual(midge.cids("limit=-1&offset=-1"), [1, 2, 3, 4, 5]);
  const { num_connections, total, offset, limit } = midge.connz(
    "limit=2&offset=4",
  );
  assert.deepEqual(
    { num_connections, total, offset, limit },
    { num_connections: 1, total: 5, offset: 4, limit: 2 },
  );
});

test("extreme windows are accepted", async (t) => {
  const midge = await startMonitored(t);
  await midge.client();
  const huge = "9223372036854775807";
  assert.deepEqual(midge.cids(`limit=${huge}`), [1]);
  assert.deepEqual(midge.cids(`offset=${huge}&limit=${huge}`), []);
  assert.deepEqual(midge.cids(`offset=1&limit=${huge}`), []);
  assert.deepEqual(midge.cids("offset=-9223372036854775808"), [1]);
  for (const value of ["NaN", "1e309", "many", "0x1", "1.0", huge + "0"]) {
    for (const name of ["offset", "limit"]) {
      const text = midge.refusal(`connz?${name}=${value}`);
      assert.match(text, new RegExp(`^Error decoding int for '${name}': `));
    }
  }
});

test("cid selects one client", async (t) => {
  const midge = await startMonitored(t);
  await midge.client();
  const second = await midge.client();
  assert.deepEqual(midge.cids("cid=2"), [2]);
  assert.equal(midge.connz("cid=2").limit, 1);
  assert.equal(midge.connz("cid=2").total, 1);
  const absent = midge.connz("cid=99");
  assert.deepEqual([absent.num_connections, absent.connections], [0, []]);
  assert.deepEqual(midge.cids("cid=18446744073709551615"), []);
  await midge.leave(second);
  assert.deepEqual(midge.cids("cid=2"), []);
  assert.deepEqual(midge.cids("cid=2&state=closed"), [2]);
  assert.deepEqual(midge.cids("cid=2&state=any"), [2]);
  assert.deepEqual(midge.cids("cid=1&state=any"), [1]);
});

test("user and acc select clients", async (t) => {
  const users = ["ann", "bob"].map((user) => ({ user, password: "pw" }));
  const midge = await startMonitored(t, {
    authorization: { users, timeoutMs: 1000 },
  });
  await midge.client({ user: "ann", pass: "pw" });
  const bob = await midge.client({ user: "bob", pass: "pw" });
  assert.deepEqual(midge.cids("user=bob"), [2]);
  assert.deepEqual(midge.cids("user=bob&cid=1"), []);
  assert.deepEqual(midge.cids("user=eve"), []);
  assert.deepEqual(midge.cids("acc=$G"), [1, 2]);
  const nobody = midge.page("connz?acc=zz");
  assert.deepEqual([nobody["server_id"], nobody["connections"]], ["", null]);
  assert.deepEqual(midge.cids("mqtt_client=x"), []);
  await midge.leave(bob);
  assert.deepEqual(midge.cids("user=bob&state=closed"), [2]);
  assert.deepEqual(midge.cids("user=ann&state=closed"), []);
  assert.deepEqual(midge.cids("user=ann&state=all"), [1]);
});

test("a closed client is listed with the time and the reason of its end", async (t) => {
  const midge = await startMonitored(t);
  const peer = await midge.client(LANG);
  await midge.say(peer, "SUB foo 1\r\nSUB bar q 2\r\nUNSUB 2 9\r\n");
  await midge.leave(peer);
  assert.deepEqual(midge.cids(""), []);
  const page = midge.connz("state=closed&subs=detail");
  assert.deepEqual([page.total, page.num_connections], [1, 1]);
  const [row = {}] = page.connections;
  assert.deepEqual(Object.keys(row).slice(0, 10), [
    "cid",
    "kind",
    "type",
    "ip",
    "port",
    "start",
    "last_activity",
    "stop",
    "reason",
    "rtt",
  ]);
  assert.equal(row["reason"], "Client Closed");
  assert.equal(row["subscriptions"], 2);
  assert.equal(row["pending_bytes"], 0);
  assert.equal(row["name"], "worker");
  assert.deepEqual(row["subscriptions_list_detail"], [
    {
      account: "$G",
      account_tag: "$G",
      subject: "foo",
      sid: "1",
      msgs: 0,
      cid: 1,
    },
    {
      account: "$G",
      account_tag: "$G",
      subject: "bar",
      qgroup: "q",
      sid: "2",
      msgs: 0,
      cid: 1,
    },
  ]);
  const [subjects = {}] = midge.connz("state=closed&subs=1").connections;
  assert.deepEqual(subjects["subscriptions_list"], ["foo", "bar"]);
});

test("each way to end a client has its own reason", async (t) => {
  const midge = await startMonitored(t, { maxPayloadBytes: 4 });
  const protocol = await midge.client();
  protocol.send("NONSENSE\r\n");
  await protocol.expectClosed();
  const payload = await midge.client();
  payload.send("PUB a 5\r\n");
  await payload.expectClosed();
  const reasons = (query: string): unknown[] =>
    midge.connz(query).connections.map(({ reason }) => reason);
  const both = ["Protocol Violation", "Maximum Message Payload Exceeded"];
  assert.deepEqual(reasons("state=closed"), both);
  assert.deepEqual(reasons("state=closed&sort=reason"), both.toReversed());
  assert.deepEqual(midge.cids("state=closed&sort=stop&limit=1").length, 1);
});

test("states are accepted in upper and lower case, unknown ones are refused", async (t) => {
  const midge = await startMonitored(t);
  await midge.client();
  await midge.leave(await midge.client());
  const rows: [state: string, cids: number[], total: number][] = [
    ["", [1], 1],
    ["open", [1], 1],
    ["OPEN", [1], 1],
    ["Closed", [2], 1],
    ["any", [1, 2], 2],
    ["ALL", [1, 2], 2],
  ];
  for (const [state, cids, total] of rows) {
    assert.deepEqual(midge.cids(`state=${state}`), cids, state);
    assert.equal(midge.connz(`state=${state}`).total, total, state);
  }
  assert.equal(
    midge.refusal("connz?state=zork"),
    "Error decoding state for zork",
  );
});

test("the list of closed clients drops the oldest", async (t) => {
  const midge = await startMonitored(t, { maxClosedClients: 2 });
  for (let i = 0; i < 3; i++) await midge.leave(await midge.client());
  assert.deepEqual(midge.cids("state=closed"), [2, 3]);
  assert.equal(midge.connz("state=closed").total, 2);
});

test("of several bad parameters the first one is reported", async (t) => {
  const midge = await startMonitored(t);
  const rows: [query: string, complaint: RegExp][] = [
    ["sort=zork&limit=x", /for 'limit'/],
    ["auth=x&subs=x", /for 'auth'/],
    ["subs=x&offset=x", /for 'subs'/],
    ["offset=x&limit=x", /for 'offset'/],
    ["limit=x&cid=x", /for 'limit'/],
    ["cid=x&state=x", /uint64 for 'cid': strconv.ParseUint/],
    ["state=x&sort=zork", /^Error decoding state for x$/],
    ["sort=zork", /^invalid sorting option: zork$/],
    ["sort=stop", /^sort by stop only valid on closed connections$/],
    ["sort=reason&state=any", /^sort by reason only valid on closed conn/],
  ];
  for (const [query, complaint] of rows) {
    assert.match(midge.refusal(`connz?${query}`), complaint);
  }
});

test("sort=msgs_to and the like list clients by traffic", async (t) => {
  const midge = await startMonitored(t);
  const quiet = await midge.client();
  const loud = await midge.client();
  await midge.say(loud, "PUB a 1\r\nx\r\nPUB a 1\r\nx\r\n");
  await midge.say(quiet, "SUB b 1\r\nPUB b 3\r\nxyz\r\n");
  assert.deepEqual(midge.cids("sort=msgs_from"), [2, 1]);
  assert.deepEqual(midge.cids("sort=bytes_from"), [1, 2]);
  assert.deepEqual(midge.cids("sort=msgs_to"), [1, 2]);
  assert.deepEqual(midge.cids("sort=subs&limit=1"), [1]);
});

test("messages and subscriptions count as activity, a PING does not", async (t) => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const midge = await startMonitored(t, {}, { clock });
  const peer = await midge.client();
  const other = await midge.client();
  const idle = (): unknown => midge.connz("cid=1").connections[0]?.["idle"];
  const steps: [lines: string, idleAfter: string][] = [
    // `say` sends a PING after its lines.
    ["", "1s"],
    ["SUB a 1\r\n", "0s"],
    ["PUB b 0\r\n\r\n", "0s"],
    ["PONG\r\n", "1s"],
    ["UNSUB 9\r\n", "0s"],
  ];
  for (const [lines, idleAfter] of steps) {
    await clock.advance(1000);
    await midge.say(peer, lines);
    assert.equal(idle(), idleAfter, JSON.stringify(lines));
  }
  await clock.advance(1000);
  assert.equal(idle(), "1s");
  await midge.say(other, "PUB a 0\r\n\r\n");
  assert.equal(idle(), "0s", "a message that came in");
});

test("uptime and idle of a closed client do not grow", async (t) => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const midge = await startMonitored(t, {}, { clock });
  const peer = await midge.client();
  await clock.advance(3000);
  await midge.leave(peer);
  await clock.advance(60_000);
  const [row = {}] = midge.connz("state=closed").connections;
  assert.deepEqual([row["uptime"], row["idle"]], ["3s", "3s"]);
  assert.equal(row["start"], "2026-01-01T00:00:00Z");
  assert.equal(row["stop"], "2026-01-01T00:00:03Z");
});

test("an unknown round-trip time is measured for a client that named its language", async (t) => {
  const clock = new VirtualClock();
  const midge = await startMonitored(t, {}, { clock });
  const silent = await midge.client();
  const peer = await midge.client({ lang: "test" });
  const rtt = (): unknown => midge.connz("cid=2").connections[0]?.["rtt"];
  assert.equal(rtt(), "0s");
  await peer.expect("PING\r\n");
  // One question is enough, however often the page is read.
  assert.equal(rtt(), "0s");
  await clock.advance(250);
  await midge.say(peer, "PONG\r\n");
  assert.equal(rtt(), "250ms");
  assert.equal(midge.connz("sort=rtt").connections[0]?.["cid"], 2);
  await silent.silence();
  assert.ok(!silent.received.includes("PING"), "nobody asks a terminal");
});

test("text from a client is escaped", async (t) => {
  const midge = await startMonitored(t);
  await midge.client({ name: "</script>&" });
  const { body } = midge.ask("connz");
  assert.ok(body.includes("\\u003c/script\\u003e\\u0026"));
  assert.doesNotMatch(body, /[<>&]/);
});

test("stalls are shown once there are any", async (t) => {
  const midge = await startMonitored(t, { maxPendingBytes: 4_000_000 });
  const reader = await midge.client();
  await midge.say(reader, "SUB a 1\r\n");
  reader.pause();
  const writer = await midge.client();
  const message = `PUB a 100000\r\n${"x".repeat(100_000)}\r\n`;
  const stalls = (): unknown => midge.connz("cid=2").connections[0]?.["stalls"];
  let sent = 0;
  // The system's buffers take some before the broker has anything pending.
  while (stalls() === undefined && sent++ < 400) {
    writer.send(message);
    const { counters } = midge.watched.broker.host;
    await until(
      "what was sent has been read",
      () => counters.traffic.inMsgs >= sent || stalls() !== undefined,
    );
  }
  assert.equal(stalls(), 1);
  assert.equal(midge.page("varz")["stalled_clients"], 1);
  assert.equal(midge.cids("sort=pending")[0], 1);
  reader.resume();
});
