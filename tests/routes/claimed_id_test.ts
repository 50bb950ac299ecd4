/**
 * A connection that claims the id of a standing route's peer: the standing
 * route is asked first, and only one that is silent is replaced, whichever side
 * dialled and whichever id is the smaller one.
 */
import assert from "node:assert/strict";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer, PeerListener } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  connectClient,
  connectText,
  FIRST_ID,
  infoText,
  interests,
  knock,
  LAST_ID,
  listen,
  logged,
  roundTrip,
  routeCount,
  tell,
} from "./route_peer.ts";

const SIDES = ["accepted", "dialled"] as const;
type Side = typeof SIDES[number];

/** Longer than any answer is waited for. */
const PATIENCE_MS = 5000;
const MESSAGES = 100;

interface Scene {
  readonly midge: TestServer;
  readonly clock: VirtualClock;
  readonly client: Peer;
  /** The peer that was there first; it wants "foo". */
  readonly standing: Peer;
  /** One that says that it is the same server, and wants "foo" and "bar". */
  readonly claimant: Peer;
}

async function scene(
  t: TestContext,
  id: string,
  sides: readonly [Side, Side],
): Promise<Scene> {
  const clock = new VirtualClock();
  const listeners = await Promise.all(sides.map(() => listen(t)));
  const routes = listeners
    .filter((_, at) => sides[at] === "dialled")
    .map(({ port }) => ({ host: "127.0.0.1", port }));
  const midge = await startMidge(t, { cluster: { routes } }, { clock });
  const client = await connectClient(t, midge);
  const [standing, claimant] = [
    await open(t, midge, sides[0], listeners[0]!),
    await open(t, midge, sides[1], listeners[1]!),
  ];
  await tell(standing, `${connectText({ id })}${infoText({ id })}`);
  await tell(standing, "RS+ $G foo\r\n");
  await interests(midge, 1);
  claimant.send(connectText({ id }) + infoText({ id }));
  await tell(claimant, "RS+ $G foo\r\nRS+ $G bar\r\n");
  return { midge, clock, client, standing, claimant };
}

/** A connection on which the server has said what it says at once. */
async function open(
  t: TestContext,
  midge: TestServer,
  side: Side,
  listener: PeerListener,
): Promise<Peer> {
  if (side === "accepted") return await knock(t, midge);
  const peer = await listener.accept();
  await peer.expect(/INFO .*\r\n/);
  return peer;
}

/** Messages to both subjects, and how many of them each of the two got. */
async function publish(
  { client, standing, claimant }: Scene,
): Promise<number[]> {
  const count = (): number[] =>
    [standing, claimant].map(({ received }) =>
      received.split("\r\nhi\r\n").length - 1
    );
  const before = count();
  await tell(client, "PUB foo 2\r\nhi\r\nPUB bar 2\r\nhi\r\n".repeat(MESSAGES));
  for (const peer of [standing, claimant]) {
    // One of them may be closed.
    await roundTrip(peer).catch(() => []);
  }
  return count().map((now, at) => now - before[at]!);
}

for (const id of [FIRST_ID, LAST_ID]) {
  for (const first of SIDES) {
    for (const second of SIDES) {
      const who = `${id}, ${first}, then claimed by one ${second}`;

      test(`${who}: a route that answers stays`, async (t) => {
        const all = await scene(t, id, [first, second]);
        const { midge, clock, standing, claimant } = all;
        // It was asked, and has not answered yet.
        await standing.expect("PING\r\n");
        assert.deepEqual(await publish(all), [MESSAGES, 0]);
        standing.send("PONG\r\n");
        await roundTrip(standing);
        await clock.advance(PATIENCE_MS);
        await claimant.expectClosed();
        assert.equal(routeCount(midge), 1);
        assert.deepEqual(await publish(all), [MESSAGES, 0]);
        await interests(midge, 1);
      });

      test(`${who}: a route that only sends stays as well`, async (t) => {
        const all = await scene(t, id, [first, second]);
        const { midge, clock, standing, claimant } = all;
        await standing.expect("PING\r\n");
        await clock.advance(1);
        await tell(standing, "RS+ $G baz\r\n");
        await clock.advance(PATIENCE_MS);
        await claimant.expectClosed();
        assert.deepEqual(await publish(all), [MESSAGES, 0]);
        await interests(midge, 2);
      });

      test(`${who}: a silent route is replaced`, async (t) => {
        const all = await scene(t, id, [first, second]);
        const { midge, clock, standing } = all;
        await standing.expect("PING\r\n");
        await clock.advance(PATIENCE_MS);
        await standing.expectClosed();
        await until("the claimant's interest", () => routeCount(midge) === 1);
        assert.deepEqual(await publish(all), [0, 2 * MESSAGES]);
        await interests(midge, 2);
      });
    }
  }
}

test("a claimant that goes leaves nothing behind", async (t) => {
  const all = await scene(t, LAST_ID, ["accepted", "accepted"]);
  await all.claimant.close();
  await logged(all.midge, "Router connection closed: Client Closed");
  await all.clock.advance(PATIENCE_MS);
  assert.deepEqual(await publish(all), [MESSAGES, 0]);
  await interests(all.midge, 1);
});

test("many that claim one id are asked about together, and none takes it", async (t) => {
  const all = await scene(t, FIRST_ID, ["accepted", "accepted"]);
  const { midge, clock, standing } = all;
  const others = await Promise.all(
    Array.from({ length: 20 }, () => knock(t, midge)),
  );
  for (const other of others) {
    const hello = connectText({ id: FIRST_ID }) + infoText({ id: FIRST_ID });
    await tell(other, `${hello}RS+ $G foo\r\n`);
  }
  assert.equal((await standing.expect("PING\r\n")).split("PING").length, 2);
  standing.send("PONG\r\n");
  await roundTrip(standing);
  await clock.advance(PATIENCE_MS);
  for (const other of others) await other.expectClosed();
  assert.deepEqual(await publish(all), [MESSAGES, 0]);
});
