/** Who is pinged when, and who is given up. NATS client protocol: keep-alive. */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import type { Random } from "../../src/platform/clock.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { startStillMidge } from "./still_midge.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STALE = "-ERR 'Stale Connection'\r\n";

function always(value: number): Random {
  return { ...seededRandom(1), next: () => value };
}

for (const [random, dueMs] of [[0, 2000], [0.5, 2200], [0.999, 2399.6]]) {
  test(`the first PING comes ${dueMs} ms after CONNECT when the die says ${random}`, async (t) => {
    const still = await startStillMidge(t, {}, { random: always(random!) });
    const peer = await still.login();
    await still.clock.advance(dueMs! - 1);
    assert.equal(peer.take(), "");
    await still.clock.advance(1);
    assert.equal(peer.take(), "PING\r\n");
  });
}

test("a client without CONNECT is pinged after the interval", async (t) => {
  const still = await startStillMidge(t);
  const peer = await still.connect();
  await still.clock.advance(2 * MINUTE_MS - 1);
  assert.equal(peer.take(), "");
  await still.clock.advance(1);
  assert.equal(peer.take(), "PING\r\n");
});

test("a second CONNECT does not start the PINGs anew", async (t) => {
  const still = await startStillMidge(t, {}, { random: always(0) });
  const peer = await still.login();
  await still.clock.advance(1500);
  await peer.say('CONNECT {"verbose":false}\r\n');
  await still.clock.advance(500);
  assert.equal(peer.take(), "PING\r\n");
});

test("a client that answers no PING is given up at the third", async (t) => {
  const options = { pingIntervalMs: 1000, pingMax: 2 };
  const still = await startStillMidge(t, options, { random: always(0.5) });
  const peer = await still.login();
  await still.clock.advance(3099);
  assert.equal(peer.take(), "PING\r\nPING\r\n");
  assert.equal(peer.closed, undefined);
  await still.clock.advance(1);
  assert.equal(peer.take(), STALE);
  assert.ok(peer.closed);
  const [closed] = still.midge.server.broker.clients.closed.list();
  assert.equal(closed?.reason, ClosedReason.STALE_CONNECTION);
});

test("a client that only talks is given up all the same, later", async (t) => {
  const options = { pingIntervalMs: 1000, pingMax: 1 };
  const still = await startStillMidge(t, options, { random: always(0) });
  const peer = await still.login();
  await still.clock.advance(1000);
  assert.equal(peer.take(), "PING\r\n");
  for (let i = 0; i < 5; i++) {
    await peer.say("PUB a 0\r\n\r\n");
    await still.clock.advance(900);
  }
  assert.equal(peer.take(), "");
  await still.clock.advance(2000);
  assert.equal(peer.take(), STALE);
});

test("a client that answers lives on", async (t) => {
  const options = { pingIntervalMs: 1000, pingMax: 1 };
  const still = await startStillMidge(t, options);
  const peer = await still.login();
  for (let i = 0; i < 20; i++) {
    await still.clock.advanceUntil(() => peer.unread !== "");
    assert.equal(peer.take(), "PING\r\n");
    await peer.say("PONG\r\n");
  }
});

test("any PONG clears the count of PINGs", async (t) => {
  const options = { pingIntervalMs: 1000, pingMax: 2 };
  const still = await startStillMidge(t, options, { random: always(0) });
  const peer = await still.login();
  for (let i = 0; i < 5; i++) {
    await still.clock.advance(2000);
    assert.equal(peer.take(), "PING\r\nPING\r\n");
    await peer.say("PONG\r\nPONG\r\n");
  }
});

for (const line of ["PUB a 0\r\n\r\n", "PING\r\n", "SUB a 1\r\n"]) {
  test(`${JSON.stringify(line)} puts off the next PING`, async (t) => {
    const options = { pingIntervalMs: 10_000 };
    const still = await startStillMidge(t, options, { random: always(0) });
    const peer = await still.login();
    await still.clock.advance(2000);
    await peer.say("PONG\r\n");
    peer.take();
    for (let i = 0; i < 10; i++) {
      await still.clock.advance(9000);
      await peer.say(line);
    }
    assert.doesNotMatch(peer.take(), /PING/);
    await still.clock.advance(10_000);
    assert.equal(peer.take(), "PING\r\n");
  });
}

test("the round trip is measured, and anew after an hour", async (t) => {
  const still = await startStillMidge(t, {}, { random: always(0) });
  const peer = await still.connect();
  await still.clock.advance(7);
  await peer.say('CONNECT {"verbose":false}\r\n');
  assert.equal(still.newest.connection.keepAlive.rttMs, 7);
  await still.clock.advance(2000);
  assert.equal(peer.take(), "PING\r\n");
  await still.clock.advance(30);
  await peer.say("PONG\r\n");
  assert.equal(still.newest.connection.keepAlive.rttMs, 30);
  // Busy enough to need no PING for its own sake.
  for (let ms = 0; ms < HOUR_MS; ms += MINUTE_MS) {
    await peer.say("PUB a 0\r\n\r\n");
    await still.clock.advance(MINUTE_MS);
  }
  assert.equal(peer.take(), "");
  await peer.say("PUB a 0\r\n\r\n");
  await still.clock.advance(2 * MINUTE_MS);
  assert.equal(peer.take(), "PING\r\n");
});

test("nothing is left on the clock when the last client is gone", async (t) => {
  const authorization = { users: [], token: "t", timeoutMs: 60_000 };
  const still = await startStillMidge(t, { authorization });
  const before = still.clock.pendingTimers;
  const peer = await still.login({ auth_token: "t" });
  await peer.say("ZZZ\r\n");
  const stranger = await still.connect();
  await stranger.say("ZZZ\r\n");
  assert.ok(peer.closed && stranger.closed);
  await still.clock.advance(0);
  assert.equal(still.clock.pendingTimers, before);
});
