/** Messages and requests between the clients of several servers. */
import assert from "node:assert/strict";
import { startCluster } from "../../src/faces/cluster.ts";
import type { Peer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { clientOf, roundTrip, setting, tell } from "./route_peer.ts";

const HEADERS = "NATS/1.0\r\n\r\n";

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
  assert.equal(
    text.match(/HMSG reply 1 \d+ \d+\r\nNATS\/1\.0 503/g)?.length,
    2,
  );
});

test("each message reaches each client of a cluster once", async (t) => {
  const nodes = [0, 1, 2];
  await using cluster = await startCluster({ size: nodes.length });
  const clients: Peer[] = [];
  for (const node of [...nodes, ...nodes]) {
    const client = await clientOf(t, cluster, node);
    await tell(client, "SUB foo.* 1\r\nSUB foo.> q 2\r\n");
    clients.push(client);
  }
  await cluster.settled();
  const rounds = 100;
  const publishers = clients.slice(0, nodes.length);
  for (const [index, publisher] of publishers.entries()) {
    publisher.send(`PUB foo.${index} 1\r\n${index}\r\n`.repeat(rounds));
  }
  const plain = clients.length * rounds * nodes.length;
  const queued = rounds * nodes.length;
  const count = (sid: number): number =>
    clients.reduce(
      (sum, { received }) =>
        sum + received.split(new RegExp(`MSG foo\\.\\d ${sid} `)).length - 1,
      0,
    );
  // The last message of each publisher reaches each client behind all others.
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
  await using cluster = await startCluster({ size: 2 });
  const service = await clientOf(t, cluster, 1);
  const asker = await clientOf(t, cluster, 0);
  await tell(service, "SUB help workers 1\r\n");
  await tell(asker, "SUB answer.* 1\r\n");
  await cluster.settled();
  for (let i = 0; i < 20; i++) {
    asker.send(`HPUB help answer.${i} 12 14\r\n${HEADERS}hi\r\n`);
    await service.expect(`HMSG help 1 answer.${i} 12 14\r\n${HEADERS}hi\r\n`);
    service.send(`PUB answer.${i} 2\r\nho\r\n`);
    await asker.expect(`MSG answer.${i} 1 2\r\nho\r\n`);
  }
});

test("no request is lost while members of a group come and go", async (t) => {
  await using cluster = await startCluster({ size: 3 });
  const stays = await clientOf(t, cluster, 2);
  const leaves = await clientOf(t, cluster, 1);
  await tell(stays, "SUB work q 1\r\n");
  for (let sid = 1; sid <= 20; sid++) leaves.send(`SUB work q ${sid}\r\n`);
  await roundTrip(leaves);
  await cluster.settled();
  const publisher = await clientOf(t, cluster, 0);
  const total = 500;
  // The members on node 1 leave while messages for them are under way.
  for (let i = 0; i < total; i++) {
    publisher.send("PUB work 2\r\nhi\r\n");
    if (i % 25 === 0) leaves.send(`UNSUB ${i / 25 + 1}\r\n`);
    if (i % 10 === 0) await roundTrip(publisher);
  }
  await roundTrip(publisher);
  await roundTrip(leaves);
  await cluster.settled();
  publisher.send("PUB work 3\r\nend\r\n");
  await stays.expect("end\r\n");
  const count = (peer: Peer): number =>
    peer.received.split("hi\r\n").length - 1;
  await roundTrip(leaves);
  assert.equal(count(stays) + count(leaves), total);
});
