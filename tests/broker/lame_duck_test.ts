/** How a server lets its clients go: in lame duck mode one by one, at a stop all at once. */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, serverIdAt } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { startStillMidge, type StillPeer } from "./still_midge.ts";

const QUIET_PINGS = { pingIntervalMs: 3_600_000 };

test("lame duck mode: told at once, closed one by one after the grace period", async (t) => {
  const still = await startStillMidge(t, {
    ...QUIET_PINGS,
    lameDuckDurationMs: 12_000,
    lameDuckGraceMs: 10_000,
  });
  const peers: StillPeer[] = [];
  for (let i = 0; i < 4; i++) peers.push(await still.login({ protocol: 1 }));
  const { server } = still.midge;
  let over = false;
  const startedAt = still.clock.monotonic();
  server.lameDuck().then(() => over = true);
  await still.clock.advance(0);
  for (const peer of peers) {
    const line = peer.take();
    assert.match(line, /^INFO \{.*"ldm":true.*\} \r\n$/);
    assert.doesNotMatch(line, /connect_urls/);
  }
  assert.equal(server.address, undefined);
  await assert.rejects(still.connect(), { code: "ECONNREFUSED" });
  await peers[0]!.say("SUB a 1\r\nPUB a 0\r\n\r\n");
  assert.equal(peers[0]!.take(), "MSG a 1 0\r\n\r\n");

  const goneAt: number[] = [];
  for (let gone = 1; gone <= peers.length; gone++) {
    await still.clock.advanceUntil(() =>
      peers.filter(({ closed }) => closed !== undefined).length >= gone
    );
    goneAt.push(still.clock.monotonic() - startedAt);
  }
  assert.ok(goneAt[0]! >= 10_000, `the first went after ${goneAt[0]} ms`);
  for (let i = 1; i < goneAt.length; i++) {
    // A share of 500 ms each, of which a random half to whole is taken.
    const spacing = goneAt[i]! - goneAt[i - 1]!;
    assert.ok(spacing >= 250 && spacing <= 500, `${goneAt}`);
  }
  await still.clock.advance(0);
  assert.ok(over);
  for (const peer of peers) assert.doesNotMatch(peer.unread, /-ERR/);
  assert.deepEqual(
    server.broker.clients.closed.list().map(({ reason }) => reason),
    peers.map(() => ClosedReason.SERVER_SHUTDOWN),
  );
});

test("lame duck mode spreads few clients by a second at most", async (t) => {
  const still = await startStillMidge(t, {
    ...QUIET_PINGS,
    lameDuckDurationMs: 120_000,
    lameDuckGraceMs: 1_000,
  });
  const peers = [await still.login(), await still.login()];
  const leaving = still.midge.server.lameDuck();
  await still.clock.advance(1000);
  assert.equal(peers.filter(({ closed }) => closed).length, 1);
  await still.clock.advance(1000);
  assert.equal(peers.filter(({ closed }) => closed).length, 2);
  await leaving;
});

test("lame duck mode is told to those who understand and have had a PONG", async (t) => {
  const still = await startStillMidge(t, QUIET_PINGS);
  const modern = await still.login({ protocol: 1 });
  const old = await still.login({ protocol: 0 });
  const hasty = await still.connect();
  await hasty.say('CONNECT {"verbose":false,"protocol":1}\r\n');
  const newcomer = await still.connect();
  still.midge.server.broker.enterLameDuck();
  await still.clock.advance(0);
  assert.match(modern.take(), /"ldm":true/);
  assert.equal(old.take(), "");
  assert.equal(hasty.take(), "");
  assert.equal(newcomer.take(), "");
  // What was missed comes with the first PONG.
  await hasty.say("PING\r\n");
  assert.match(hasty.take(), /^PONG\r\nINFO \{.*"ldm":true.*\} \r\n$/);
});

test("lame duck mode without clients is over at once", async (t) => {
  const still = await startStillMidge(t);
  await still.midge.server.lameDuck();
  await assert.rejects(still.connect(), { code: "ECONNREFUSED" });
});

test("lame duck mode is over as soon as the last client left by itself", async (t) => {
  const still = await startStillMidge(t, { lameDuckGraceMs: 60_000 });
  await still.login();
  const leaving = still.midge.server.lameDuck();
  await still.clock.advance(0);
  still.newest.connection.socket.destroy();
  await still.clock.advance(0);
  await leaving;
});

test("a stop ends lame duck mode", async (t) => {
  const still = await startStillMidge(t);
  const peer = await still.login();
  const leaving = still.midge.server.lameDuck();
  await still.clock.advance(0);
  await still.midge.server.stop();
  await leaving;
  await still.clock.advance(0);
  assert.ok(peer.closed);
});

test("a stop sends what is pending, then closes everybody without a word", async (t) => {
  const { server, port } = await startMidge(t);
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake();
  peer.send("SUB a 1\r\n");
  await peer.silence();
  const { broker } = server;
  const [session] = broker.clients.sessions.values();
  session!.connection.send(new TextEncoder().encode("MSG a 1 2\r\nhi\r\n"));
  await server.stop();
  assert.equal(await peer.expectClosed(), "MSG a 1 2\r\nhi\r\n");
  assert.equal(session!.connection.closedReason, ClosedReason.SERVER_SHUTDOWN);
  assert.notEqual(await serverIdAt({ port }), peer.info.server_id);
  await server.stop();
});
