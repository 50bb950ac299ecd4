/** Messages between servers: their forms on the wire, and who gets them. */
import assert from "node:assert/strict";
import type { Peer } from "../support/peer.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { platform } from "../../src/runtime/mod.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  connectClient,
  interests,
  join,
  meshed,
  roundTrip,
  routeTo,
  tell,
} from "./route_peer.ts";

interface Setting {
  readonly midge: TestServer;
  readonly client: Peer;
  readonly peer: Peer;
}

/** One server with a client and a route. */
async function setting(t: TestContext): Promise<Setting> {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  return { midge, client, peer };
}

const HEADERS = "NATS/1.0\r\n\r\n";

// --- out

const OUT = [
  ["PUB a 2\r\nhi", "RMSG $G a 2\r\nhi"],
  ["PUB a 0\r\n", "RMSG $G a 0\r\n"],
  ["PUB a rep.1 2\r\nhi", "RMSG $G a rep.1 2\r\nhi"],
  ["PUB q 2\r\nqq", "RMSG $G q | grp 2\r\nqq"],
  ["PUB q rep.2 2\r\nqq", "RMSG $G q + rep.2 grp 2\r\nqq"],
  [`HPUB a 12 14\r\n${HEADERS}hh`, `HMSG $G a 12 14\r\n${HEADERS}hh`],
  [
    `HPUB a r.3 12 12\r\n${HEADERS}`,
    `HMSG $G a r.3 12 12\r\n${HEADERS}`,
  ],
  [`HPUB q 12 14\r\n${HEADERS}hh`, `HMSG $G q | grp 12 14\r\n${HEADERS}hh`],
  [
    `HPUB q r.3 12 14\r\n${HEADERS}hh`,
    `HMSG $G q + r.3 grp 12 14\r\n${HEADERS}hh`,
  ],
  ["PUB m 1\r\n1", "RMSG $G m | g1 g2 1\r\n1"],
  ["PUB m r 1\r\n2", "RMSG $G m + r g1 g2 1\r\n2"],
  [`HPUB m r 12 13\r\n${HEADERS}3`, `HMSG $G m + r g1 g2 12 13\r\n${HEADERS}3`],
  ["PUB w.x.y 1\r\n1", "RMSG $G w.x.y 1\r\n1"],
] as const;

test("messages go out in the forms of the protocol, each once", async (t) => {
  const { client, peer } = await setting(t);
  // "m" is wanted plainly, twice, and by two groups: one message has it all.
  await tell(
    peer,
    "RS+ $G a\r\nRS+ $G q grp 2\r\nRS+ $G m\r\nRS+ $G *\r\nRS- $G *\r\n" +
      "RS+ $G m g1 1\r\nRS+ $G m g2 3\r\nRS+ $G w.>\r\nRS+ $G w.*.*\r\n",
  );
  for (const [published, routed] of OUT) {
    await tell(client, `${published}\r\n`);
    assert.equal(await peer.expect(`${routed}\r\n`), `${routed}\r\n`);
  }
  await peer.silence();
});

test("odd blanks of a publisher are not passed on", async (t) => {
  const { client, peer } = await setting(t);
  await tell(peer, "RS+ $G foo\r\nRS+ $G foo q 1\r\n");
  client.send("pub \t foo   rep\t 2\nhi\r\n");
  const routed = "RMSG $G foo + rep q 2\r\nhi\r\n";
  assert.equal(await peer.expect(routed), routed);
});

test("a message goes to each server that wants it, and to no other", async (t) => {
  const { midge, client, peer } = await setting(t);
  const other = await join(t, midge, { id: "OTHER" });
  const idle = await join(t, midge, { id: "IDLE" });
  await tell(peer, "RS+ $G foo\r\n");
  await tell(other.peer, "RS+ $G foo\r\nRS+ $G foo q 1\r\n");
  await tell(client, "PUB foo 2\r\nhi\r\n");
  assert.deepEqual(await roundTrip(peer), ["RMSG $G foo 2", "hi"]);
  assert.deepEqual(await roundTrip(other.peer), ["RMSG $G foo | q 2", "hi"]);
  assert.deepEqual(await roundTrip(idle.peer), []);
});

test("so many groups fit into one message as there are", async (t) => {
  const { client, peer } = await setting(t);
  const groups = Array.from({ length: 2000 }, (_, i) => `group.${i}`);
  await tell(peer, groups.map((group) => `RS+ $G foo ${group} 1\r\n`).join(""));
  await tell(client, "PUB foo 2\r\nhi\r\n");
  const [line = "", payload] = await roundTrip(peer);
  assert.equal(payload, "hi");
  const [verb, account, subject, bar, ...rest] = line.split(" ");
  assert.deepEqual([verb, account, subject, bar], ["RMSG", "$G", "foo", "|"]);
  assert.equal(rest.pop(), "2");
  assert.deepEqual(rest.toSorted(), groups.toSorted());

  // And such a message is understood: what nobody has here goes back.
  await tell(client, "SUB foo group.7 1\r\n");
  await roundTrip(peer);
  peer.send(`RMSG $G foo | ${groups.join(" ")} 2\r\nho\r\n`);
  await client.expect("MSG foo 1 2\r\nho\r\n");
  const others = groups.filter((group) => group !== "group.7").join(" ");
  assert.deepEqual(await roundTrip(peer), [`RMSG $G foo | ${others} 2`, "ho"]);
});

// --- in

test("routed messages are understood in every form", async (t) => {
  const { client, peer } = await setting(t);
  await tell(client, "SUB foo 1\r\n");
  await roundTrip(peer);
  const cases = [
    ["RMSG $G foo 2\r\nhi\r\n", "MSG foo 1 2\r\nhi\r\n"],
    ["rmsg\t$G  foo rr 2\r\nhi\r\n", "MSG foo 1 rr 2\r\nhi\r\n"],
    ["RMSG $G foo | q 2\r\nhi\r\n", "MSG foo 1 2\r\nhi\r\n"],
    ["RMSG $G foo + rr q1 q2 2\r\nhi\r\n", "MSG foo 1 rr 2\r\nhi\r\n"],
    [
      `HMSG $G foo 12 14\r\n${HEADERS}hi\r\n`,
      `HMSG foo 1 12 14\r\n${HEADERS}hi\r\n`,
    ],
    [
      `HMSG $G foo + rr q 12 14\r\n${HEADERS}hi\r\n`,
      `HMSG foo 1 rr 12 14\r\n${HEADERS}hi\r\n`,
    ],
  ] as const;
  for (const [routed, delivered] of cases) {
    await tell(peer, routed);
    assert.equal(await client.expect(delivered), delivered);
  }
  await client.silence();
});

test("queue groups get a routed message only when it names them", async (t) => {
  const { client, peer } = await setting(t);
  await tell(client, "SUB bar q1 1\r\nSUB bar q2 2\r\n");
  await roundTrip(peer);
  await tell(peer, "RMSG $G bar 2\r\nno\r\nRMSG $G bar | q3 2\r\nno\r\n");
  await client.silence();
  await tell(peer, "RMSG $G bar + rr q1 2\r\nhi\r\n");
  assert.equal(await client.expect("hi\r\n"), "MSG bar 1 rr 2\r\nhi\r\n");
  await tell(peer, "RMSG $G bar | q2 q1 2\r\nho\r\n");
  const text = await client.expect("ho\r\n") + await client.expect("ho\r\n");
  assert.equal(text, "MSG bar 2 2\r\nho\r\nMSG bar 1 2\r\nho\r\n");
  await client.silence();
});

test("one member of a named group gets a routed message", async (t) => {
  const { client, peer } = await setting(t);
  for (let sid = 1; sid <= 10; sid++) client.send(`SUB bar q ${sid}\r\n`);
  await roundTrip(client);
  await roundTrip(peer);
  await tell(peer, "RMSG $G bar | q 2\r\nhi\r\n".repeat(500));
  const lines = (await roundTrip(client)).filter((line) => line !== "hi");
  assert.equal(lines.length, 500);
  const sids = new Set(lines.map((line) => line.split(" ")[2]));
  assert.equal(sids.size, 10);
});

test("a client of another server gets headers only if it wants them", async (t) => {
  const { midge, peer } = await setting(t);
  const plain = await connectClient(t, midge, {
    headers: false,
    no_responders: false,
  });
  await tell(plain, "SUB foo 1\r\n");
  await roundTrip(peer);
  await tell(peer, `HMSG $G foo 12 14\r\n${HEADERS}hi\r\n`);
  assert.equal(await plain.expect("hi\r\n"), "MSG foo 1 2\r\nhi\r\n");
});

// --- one hop

test("a routed message goes to no other server", async (t) => {
  const { midge, client, peer } = await setting(t);
  const other = await join(t, midge, { id: "OTHER" });
  await tell(peer, "RS+ $G foo\r\n");
  await tell(other.peer, "RS+ $G foo\r\n");
  await tell(client, "SUB foo 1\r\n");
  await roundTrip(other.peer);
  await roundTrip(peer);
  await tell(peer, "RMSG $G foo 2\r\nhi\r\n");
  await client.expect("MSG foo 1 2\r\nhi\r\n");
  await other.peer.silence();
  await peer.silence();
});

test("a named group that has gone is served by another server", async (t) => {
  const { midge, peer } = await setting(t);
  const other = await join(t, midge, { id: "OTHER" });
  await tell(peer, "RS+ $G q g 5\r\nRS+ $G q\r\n");
  await tell(other.peer, "RS+ $G q g 1\r\n");
  await tell(peer, "RMSG $G q | g 2\r\n1q\r\nRMSG $G q + rr g 2\r\n2q\r\n");
  assert.deepEqual(await roundTrip(other.peer), [
    "RMSG $G q | g 2",
    "1q",
    "RMSG $G q + rr g 2",
    "2q",
  ]);
  await peer.silence();
});

test("a named group that only its sender has is served by the sender", async (t) => {
  const { client, peer } = await setting(t);
  await tell(peer, "RS+ $G q g 1\r\nRS+ $G q h 0\r\n");
  await tell(client, "SUB q h 1\r\nUNSUB 1\r\n");
  await roundTrip(peer);
  peer.send(`HMSG $G q + rr g h 12 14\r\n${HEADERS}hi\r\n`);
  const text = await peer.expect("hi\r\n");
  assert.equal(text, `HMSG $G q + rr g 12 14\r\n${HEADERS}hi\r\n`);
  await peer.silence();
});

test("a group with a member here is served here", async (t) => {
  const { midge, client, peer } = await setting(t);
  const other = await join(t, midge, { id: "OTHER" });
  await tell(other.peer, "RS+ $G q g 100\r\n");
  await tell(client, "SUB q g 1\r\n");
  await roundTrip(other.peer);
  peer.send("RMSG $G q | g 2\r\nhi\r\n".repeat(50));
  await roundTrip(peer);
  assert.equal((await roundTrip(client)).length, 100);
  await other.peer.silence();
});

// --- choice among the members of a whole cluster

test("members of a group share by number, wherever they are", async (t) => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const midge = await startMidge(t, { cluster: {} }, {
    random: { next: random.next, fill: platform.random.fill },
  });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  const other = await join(t, midge, { id: "OTHER" });
  await tell(client, "SUB foo q 1\r\nSUB foo q 2\r\n");
  await roundTrip(peer);
  await roundTrip(other.peer);
  await tell(peer, "RS+ $G foo q 3\r\nRS+ $G none z 0\r\n");
  await tell(other.peer, "RS+ $G foo q 1\r\nRS+ $G foo q 5\r\n");
  const publisher = await connectClient(t, midge);
  const total = 5000;
  await tell(publisher, "PUB foo 2\r\nhi\r\n".repeat(total));
  const counts = [];
  for (const receiver of [client, peer, other.peer]) {
    counts.push((await roundTrip(receiver)).length / 2);
  }
  assert.equal(counts.reduce((sum, count) => sum + count), total);
  for (const [index, members] of [2, 3, 5].entries()) {
    const expected = total * members / 10;
    // Six times the standard deviation of a fair draw.
    const tolerance = 6 * Math.sqrt(total * members / 10 * (1 - members / 10));
    const off = Math.abs(counts[index]! - expected);
    assert.ok(off < tolerance, `${counts} at seed ${seed}`);
  }
});

test("a group whose weight is no number is never chosen", async (t) => {
  const { midge, client, peer } = await setting(t);
  const other = await join(t, midge, { id: "OTHER" });
  await tell(peer, "RS+ $G foo q x\r\nRS+ $G bar q 0\r\nRS+ $G baz q -1\r\n");
  await tell(other.peer, "RS+ $G foo q 1\r\n");
  await tell(client, "PUB foo 2\r\nhi\r\n".repeat(50));
  assert.equal((await roundTrip(other.peer)).length, 100);
  await tell(client, "SUB reply 1\r\n");
  client.send("PUB bar reply 0\r\n\r\n");
  await client.expect("HMSG reply 1 16 16\r\nNATS/1.0 503\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS+ $G reply"]);
});

// --- requests

test("a server that is interested counts as a responder", async (t) => {
  const { client, peer } = await setting(t);
  await tell(client, "SUB reply 1\r\n");
  await roundTrip(peer);
  await tell(peer, "RS+ $G plain\r\nRS+ $G queued q 1\r\n");
  await tell(client, "PUB plain reply 0\r\n\r\nPUB queued reply 0\r\n\r\n");
  await roundTrip(peer);
  await tell(peer, "RS- $G plain\r\nRS- $G queued q\r\n");
  client.send("PUB plain reply 0\r\n\r\nPUB queued reply 0\r\n\r\n");
  const text = await client.expect(/(.*503[^]*){2}/);
  assert.equal(text.match(/HMSG reply 1 16 16/g)?.length, 2);
});

// --- several servers

test("each message reaches each client of a cluster once", async (t) => {
  const servers = [await startMidge(t, { cluster: {} })];
  const seed = routeTo(servers[0]!);
  for (let i = 0; i < 2; i++) {
    servers.push(await startMidge(t, { cluster: { routes: [seed] } }));
  }
  await meshed(servers);
  const clients: Peer[] = [];
  for (const midge of [...servers, ...servers]) {
    const client = await connectClient(t, midge);
    await tell(client, "SUB foo.* 1\r\nSUB foo.> q 2\r\n");
    clients.push(client);
  }
  // Two clients of its own with two subscriptions each, and two for each other server.
  for (const midge of servers) await interests(midge, 8);
  const rounds = 100;
  const publishers = clients.slice(0, servers.length);
  for (const [index, publisher] of publishers.entries()) {
    publisher.send(`PUB foo.${index} 1\r\n${index}\r\n`.repeat(rounds));
  }
  const plain = clients.length * rounds * servers.length;
  const queued = rounds * servers.length;
  const count = (sid: number): number =>
    clients.reduce(
      (sum, { received }) =>
        sum + received.split(new RegExp(`MSG foo\\.\\d ${sid} `)).length - 1,
      0,
    );
  // The last word of each publisher to each client comes behind all others.
  for (const [index, publisher] of publishers.entries()) {
    publisher.send(`PUB foo.end${index} 0\r\n\r\n`);
  }
  for (const client of clients) {
    await client.expect(/(MSG foo\.end\d 1 0[^]*){3}/);
    await roundTrip(client);
  }
  assert.equal(count(1), plain);
  assert.equal(count(2), queued);
});

test("a request finds its service on any server, and its reply the way back", async (t) => {
  const first = await startMidge(t, { cluster: {} });
  const second = await startMidge(t, { cluster: { routes: [routeTo(first)] } });
  await meshed([first, second]);
  const service = await connectClient(t, second);
  const asker = await connectClient(t, first);
  await tell(service, "SUB help workers 1\r\n");
  await tell(asker, "SUB answer.* 1\r\n");
  await interests(first, 2);
  await interests(second, 2);
  for (let i = 0; i < 20; i++) {
    asker.send(`HPUB help answer.${i} 12 14\r\n${HEADERS}hi\r\n`);
    await service.expect(`HMSG help 1 answer.${i} 12 14\r\n${HEADERS}hi\r\n`);
    service.send(`PUB answer.${i} 2\r\nho\r\n`);
    await asker.expect(`MSG answer.${i} 1 2\r\nho\r\n`);
  }
});

test("no request is lost while members of a group come and go", async (t) => {
  const first = await startMidge(t, { cluster: {} });
  const second = await startMidge(t, { cluster: { routes: [routeTo(first)] } });
  const third = await startMidge(t, { cluster: { routes: [routeTo(first)] } });
  await meshed([first, second, third]);
  const stays = await connectClient(t, third);
  const leaves = await connectClient(t, second);
  await tell(stays, "SUB work q 1\r\n");
  for (let sid = 1; sid <= 20; sid++) leaves.send(`SUB work q ${sid}\r\n`);
  await roundTrip(leaves);
  await interests(first, 2);
  await interests(second, 21);
  await interests(third, 2);
  const publisher = await connectClient(t, first);
  const total = 500;
  // The members on the second server leave while messages for them are under way.
  for (let i = 0; i < total; i++) {
    publisher.send("PUB work 2\r\nhi\r\n");
    if (i % 25 === 0) leaves.send(`UNSUB ${i / 25 + 1}\r\n`);
    if (i % 10 === 0) await roundTrip(publisher);
  }
  await roundTrip(publisher);
  await interests(first, 1);
  publisher.send("PUB work 3\r\nend\r\n");
  await stays.expect("end\r\n");
  const count = (peer: Peer): number =>
    peer.received.split("hi\r\n").length - 1;
  await roundTrip(leaves);
  assert.equal(count(stays) + count(leaves), total);
});
