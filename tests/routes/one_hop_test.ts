/** A routed message goes to clients only; queue groups that have gone are the exception. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { join, roundTrip, setting, tell } from "./route_peer.ts";

const HEADERS = "NATS/1.0\r\n\r\n";

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
