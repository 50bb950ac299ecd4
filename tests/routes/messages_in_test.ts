/** Messages from other servers: their forms on the wire, and which clients get them. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import {
  connectClient,
  join,
  lineOf,
  roundTrip,
  setting,
  tell,
} from "./route_peer.ts";
import { startMidge } from "../support/midge.ts";

const HEADERS = "NATS/1.0\r\n\r\n";

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

test("a routed message may be larger than max_payload, not than max_pending", async (t) => {
  const midge = await startMidge(t, {
    cluster: {},
    maxPayloadBytes: 1024,
    maxPendingBytes: 65_536,
  });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(client, "SUB foo 1\r\n");
  await roundTrip(peer);
  const payload = "x".repeat(16_384);
  await tell(peer, `RMSG $G foo 16384\r\n${payload}\r\n`);
  assert.equal(
    await client.expect(`${payload}\r\n`),
    `MSG foo 1 16384\r\n${payload}\r\n`,
  );
  for (
    const line of [
      "RMSG $G foo 65537",
      "RMSG $G foo 999999999",
      "HMSG $G foo 12 999999999",
      "PUB foo 999999999",
    ]
  ) {
    const { peer } = await join(t, midge, { id: `ZZ ${line}` });
    // No byte of the payload is waited for.
    peer.send(`${line}\r\n`);
    assert.equal(await lineOf(peer), "-ERR 'Maximum Payload Violation'");
    await peer.expectClosed();
  }
  assert.deepEqual(await roundTrip(client), []);
});

test("routed messages with the same line are heard by those who listen by then", async (t) => {
  const { client, peer } = await setting(t);
  const routed = (payload: string) => `RMSG $G foo rr 1\r\n${payload}\r\n`;
  const heard = (sid: number, payload: string) =>
    `MSG foo ${sid} rr 1\r\n${payload}\r\n`;
  await tell(client, "SUB foo 1\r\n");
  await roundTrip(peer);
  await tell(peer, routed("1") + routed("2") + routed("3"));
  const three = heard(1, "1") + heard(1, "2") + heard(1, "3");
  assert.equal(await client.expect(heard(1, "3")), three);
  await tell(client, "UNSUB 1\r\nSUB foo 2\r\n");
  await roundTrip(peer);
  await tell(peer, routed("4") + routed("5"));
  const two = heard(2, "4") + heard(2, "5");
  assert.equal(await client.expect(heard(2, "5")), two);
  await client.silence();
});
