/** What servers tell each other about the wishes of their clients. */
import assert from "node:assert/strict";
import { InternalClient } from "../../src/accounts/internal.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import { startCluster } from "../../src/faces/cluster.ts";
import { accountWithUser } from "../accounts/account_options.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  clientOf,
  connectClient,
  interests,
  join,
  lineOf,
  listen,
  roundTrip,
  routeCount,
  tell,
  welcome,
} from "./route_peer.ts";
import { until } from "../support/until.ts";

test("interest that was there before the route is told with its weights", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\nSUB foo 2\r\nSUB a.*.> 3\r\n");
  await tell(client, "SUB bar q1 4\r\nSUB bar q1 5\r\nSUB bar q2 6\r\n");
  const { lines } = await join(t, midge);
  assert.deepEqual(lines.toSorted(), [
    "RS+ $G a.*.>",
    "RS+ $G bar q1 2",
    "RS+ $G bar q2 1",
    "RS+ $G foo",
  ]);
});

test("plain interest is told once per subject, however many want it", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const [one, two] = [
    await connectClient(t, midge),
    await connectClient(t, midge),
  ];
  await tell(one, "SUB foo 1\r\nSUB foo 2\r\n");
  await tell(two, "SUB foo 1\r\n");
  await tell(one, "UNSUB 1\r\nUNSUB 2\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS+ $G foo"]);
  await tell(two, "UNSUB 1\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS- $G foo"]);
});

test("each change of a queue group's size is told", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const client = await connectClient(t, midge);
  await tell(client, "SUB bar q1 1\r\nSUB bar q1 2\r\nSUB bar q2 3\r\n");
  await tell(client, "UNSUB 1\r\nUNSUB 2\r\nUNSUB 3\r\n");
  assert.deepEqual(await roundTrip(peer), [
    "RS+ $G bar q1 1",
    "RS+ $G bar q1 2",
    "RS+ $G bar q2 1",
    "RS+ $G bar q1 1",
    "RS- $G bar q1",
    "RS- $G bar q2",
  ]);
});

test("the same sid twice does not raise a weight", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const client = await connectClient(t, midge);
  await tell(
    client,
    "SUB bar q 1\r\nSUB bar q 1\r\nSUB foo 2\r\nSUB foo 2\r\n",
  );
  assert.deepEqual(await roundTrip(peer), ["RS+ $G bar q 1", "RS+ $G foo"]);
  await tell(client, "UNSUB 1\r\nUNSUB 2\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS- $G bar q", "RS- $G foo"]);
});

test("a client that leaves takes each of its interests back once", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const [client, stays] = [
    await connectClient(t, midge),
    await connectClient(t, midge),
  ];
  await tell(
    client,
    "SUB foo 1\r\nSUB foo 2\r\nSUB bar q 3\r\nSUB bar q 4\r\n",
  );
  await tell(stays, "SUB bar q 1\r\n");
  const { peer } = await join(t, midge);
  await client.crash();
  const lines = [];
  for (let i = 0; i < 3; i++) lines.push(await lineOf(peer));
  assert.deepEqual(lines.toSorted(), [
    "RS+ $G bar q 1",
    "RS+ $G bar q 2",
    "RS- $G foo",
  ]);
});

test("a subscription that has had its messages is taken back", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\nUNSUB 1 2\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS+ $G foo"]);
  peer.send("RMSG $G foo 1\r\n1\r\n");
  assert.deepEqual(await roundTrip(peer), []);
  peer.send("RMSG $G foo 1\r\n2\r\nRMSG $G foo 1\r\n3\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS- $G foo"]);
  await client.expect("MSG foo 1 1\r\n1\r\nMSG foo 1 1\r\n2\r\n");
  await client.silence();
});

test("interest is not passed on to other servers", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const one = await join(t, midge, { id: "ONE" });
  const two = await join(t, midge, { id: "TWO" });
  await tell(one.peer, "RS+ $G foo\r\nRS+ $G bar q 3\r\nRS- $G foo\r\n");
  assert.deepEqual(await roundTrip(two.peer), []);
  const { lines } = await join(t, midge, { id: "THREE" });
  assert.deepEqual(lines, []);
});

test("interest is told again to a server that comes back", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\nSUB bar q 2\r\n");
  const expected = ["RS+ $G foo", "RS+ $G bar q 1"];
  for (let round = 0; round < 2; round++) {
    const { peer, lines } = await join(t, midge);
    assert.deepEqual(lines, expected);
    await peer.close();
    await until("end of the route", () => routeCount(midge) === 0);
  }
});

test("a configured server that is lost is dialled again and told everything", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  const first = await welcome(listener);
  assert.deepEqual(first.lines, ["RS+ $G foo"]);
  await first.peer.crash();
  const second = await welcome(listener);
  assert.deepEqual(second.lines, ["RS+ $G foo"]);
});

test("a lost server's interest is forgotten", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G foo\r\nRS+ $G bar q 7\r\n");
  await interests(midge, 2);
  await peer.crash();
  await interests(midge, 0);
  await tell(client, "SUB reply 1\r\n");
  client.send("PUB foo reply 0\r\n\r\n");
  await client.expect("NATS/1.0 503\r\n");
});

test("RS- ends plain interest and queue interest apart", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G foo\r\nRS+ $G foo q 1\r\nRS- $G foo\r\n");
  await tell(client, "PUB foo 1\r\n1\r\n");
  assert.equal(await lineOf(peer), "RMSG $G foo | q 1");
  await peer.expect("1\r\n");
  await tell(peer, "RS- $G foo q\r\nRS- $G foo\r\nRS- $G never.told\r\n");
  await tell(client, "PUB foo 1\r\n2\r\n");
  await peer.silence();
});

test("interest in an account that is not there is ignored", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $SYS $SYS.REQ.>\r\nRS+ OTHER foo\r\nRS- OTHER foo\r\n");
  await tell(peer, "RMSG OTHER foo 2\r\nhi\r\nHMSG OTHER foo 0 2\r\nhi\r\n");
  await tell(client, "PUB foo 1\r\n1\r\n");
  await peer.silence();
  assert.equal(midge.server.broker.host.accounts.global.sublist.size, 0);
});

test("interest in an account that comes later is not lost, nor in one that comes back", async (t) => {
  const midge = await startMidge(t, { cluster: {}, accounts: [] });
  const { peer } = await join(t, midge);
  const { accounts } = midge.server.broker.host;
  await tell(peer, "RS+ A foo\r\nRS+ A bar q 2\r\nRS+ A gone\r\n");
  await tell(peer, "RS- A gone\r\n");
  for (let round = 0; round < 3; round++) {
    accounts.configure([accountWithUser("A")]);
    const client = new InternalClient(
      accounts.named("A")!,
      midge.server.broker.host.delivery,
    );
    client.publish("foo", asciiBytes("1"));
    client.publish("bar", asciiBytes("2"));
    assert.equal(client.publish("gone", asciiBytes("3")), 0);
    peer.send("PING\r\n");
    const lines = (await peer.expect("PONG\r\n")).split("\r\n")
      .filter((line) => line.startsWith("RMSG"));
    assert.deepEqual(lines, ["RMSG A foo 1", "RMSG A bar | q 1"]);
    accounts.configure([]);
    assert.equal(accounts.has("A"), false);
  }
  await tell(peer, "RS- A foo\r\n");
  accounts.configure([accountWithUser("A")]);
  assert.equal(accounts.named("A")!.sublist.size, 1);
});

test("what a peer says of an account that is not there is logged, once for its interest", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ ZZ foo\r\nRS+ ZZ bar\r\nRMSG ZZ x 0\r\n\r\n");
  const lines = midge.log.lines.filter((line) => line.includes("Unknown"))
    .map((line) => line.replace(/127\S+ - rid:\d+ - /, ""));
  assert.deepEqual(lines, [
    'ERR Unknown account "ZZ" for remote subject "foo"',
    'DBG Unknown account "ZZ" for routed message on subject: "x"',
  ]);
});

test("interest in an account that came later ends with its route", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { accounts } = midge.server.broker.host;
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ A foo\r\n");
  accounts.configure([accountWithUser("A")]);
  assert.equal(accounts.named("A")!.sublist.size, 1);
  await peer.close();
  await until("the route's end", () => accounts.named("A")!.sublist.size === 0);
});

test("a client's interest is forgotten by the whole cluster", async (t) => {
  await using cluster = await startCluster({ size: 2 });
  for (let round = 0; round < 50; round++) {
    const client = await clientOf(t, cluster, 0);
    await tell(client, "SUB foo 1\r\nSUB bar q 2\r\nSUB bar q 3\r\n");
    await client.crash();
  }
  const client = await clientOf(t, cluster, 0);
  await tell(client, "SUB last 1\r\n");
  for (const server of cluster.servers) await interests({ server }, 1);
});

test("SUB and UNSUB in quick turn never lose the last word", async (t) => {
  await using cluster = await startCluster({ size: 2 });
  const client = await clientOf(t, cluster, 0);
  let text = "";
  for (let i = 0; i < 1000; i++) {
    text += `SUB foo 1\r\nSUB bar q 2\r\nUNSUB 1\r\nUNSUB 2\r\n`;
  }
  await tell(client, text + "SUB foo 1\r\nSUB bar q 2\r\n");
  const publisher = await clientOf(t, cluster, 1);
  await cluster.settled();
  await tell(publisher, "PUB foo 2\r\nhi\r\nPUB bar 2\r\nho\r\n");
  await client.expect("MSG foo 1 2\r\nhi\r\nMSG bar 2 2\r\nho\r\n");
});
