/** Pings of a session: when they go out, who gets which PONG, and what silence means. */
import assert from "node:assert/strict";
import type { Status } from "../../src/client/api/status.ts";
import { PingWatch } from "../../src/client/session/ping_watch.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

interface Watched {
  readonly clock: VirtualClock;
  readonly watch: PingWatch;
  readonly told: readonly Status[];
  /** How often something happened. */
  readonly counts: { pings: number; silences: number };
}

function watched(maxPingOut: number): Watched {
  const clock = new VirtualClock();
  const told: Status[] = [];
  const counts = { pings: 0, silences: 0 };
  const watch = new PingWatch({
    options: { pingIntervalMs: 1000, maxPingOut },
    clock,
    statuses: { tell: (status) => told.push(status) },
    events: { onResume: () => {} },
  }, {
    ping: () => counts.pings++,
    onSilence: () => counts.silences++,
  });
  return { clock, watch, told, counts };
}

test("a server is pinged from time to time, and each ping is told", async () => {
  const { clock, watch, told, counts } = watched(2);
  watch.start();
  await clock.advance(1000);
  watch.onPong();
  await clock.advance(1000);
  await clock.advance(1000);
  assert.equal(counts.pings, 3);
  assert.deepEqual(
    told,
    [1, 1, 2].map((pendingPings) => (
      { type: "ping", pendingPings }
    )),
  );
  watch.stop(new Error("over"));
  assert.equal(clock.pendingTimers, 0);
});

test("a server that leaves as many pings unanswered as the options allow is silent", async () => {
  const { clock, watch, counts } = watched(2);
  watch.start();
  await clock.advance(2999);
  assert.deepEqual(counts, { pings: 2, silences: 0 });
  await clock.advance(1);
  assert.deepEqual(counts, { pings: 2, silences: 1 });
});

test("PONGs go to the pings in their order", async () => {
  const { clock, watch } = watched(9);
  watch.start();
  const got: string[] = [];
  const ask = (name: string): void =>
    void watch.pong().then(() => got.push(name));
  ask("first");
  await clock.advance(1000); // a ping of its own
  ask("second");
  for (const expected of [["first"], ["first"], ["first", "second"]]) {
    watch.onPong();
    await Promise.resolve();
    assert.deepEqual(got, expected);
  }
});

test("whatever waits for a PONG fails with the reason of the end", async () => {
  const { watch } = watched(2);
  const cause = new Error("over");
  const waiting = rejection(watch.pong());
  watch.stop(cause);
  assert.equal(await waiting, cause);
});
