/** The choice among the members of a queue group that is spread over a cluster. */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { platform } from "../../src/runtime/mod.ts";
import { test } from "../support/test.ts";
import { connectClient, join, roundTrip, setting, tell } from "./route_peer.ts";

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
  await client.expect(/HMSG reply 1 \d+ \d+\r\nNATS\/1\.0 503\r\n/);
  assert.deepEqual(await roundTrip(peer), ["RS+ $G reply"]);
});
