/** The wall clock is set: moments follow it, durations do not. */
import assert from "node:assert/strict";
import { SteadyClock } from "../../src/broker/steady_clock.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { platform } from "../../src/runtime/mod.ts";
import { join } from "../routes/route_peer.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const HOUR_MS = 3_600_000;

/** The machine's clock, whose wall clock the test sets. */
class SetClock implements Clock {
  aheadMs = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.aheadMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, run: () => void): ReturnType<Clock["after"]> {
    return this.#clock.after(delayMs, run);
  }
}

for (const aheadMs of [HOUR_MS, -HOUR_MS, 1000 * HOUR_MS]) {
  test(`a wall clock that is set by ${aheadMs / HOUR_MS} h changes no duration`, async (t) => {
    const clock = new SetClock(platform.clock);
    const midge = await startMidge(t, {
      http: { host: "127.0.0.1", port: 0 },
      cluster: {},
    }, { clock });
    const { server, port } = midge;
    const client = await connectPeer({ port });
    t.after(() => client.close());
    await client.handshake();
    const gone = await connectPeer({ port });
    await gone.handshake();
    await join(t, midge);
    const start = server.varz().start;
    clock.aheadMs = aheadMs;
    gone.close();
    await until("it is gone", () => server.varz().connections === 1);
    const { now, uptime, start: later } = server.varz();
    assert.match(uptime, SHORT);
    assert.equal(later, start);
    assertNear(now, clock.now());
    const { connections } = server.connz({ state: "all" });
    assert.equal(connections.length, 2);
    for (const row of connections) {
      assert.match(row.uptime, SHORT);
      assert.match(row.idle, SHORT);
      assertNear(row.last_activity, clock.now());
    }
    const { routes } = server.routez();
    assert.equal(routes.length, 1);
    for (const row of routes) {
      assert.match(row.uptime, SHORT);
      assert.match(row.idle, SHORT);
    }
    const page = await fetch(`http://127.0.0.1:${server.monitorAddress!.port}`);
    assert.doesNotMatch(await page.text(), /\d+h\d+m|-\d+s/);
  });
}

/** What a test takes, and not an hour. */
const SHORT = /^(?:[01]m)?\d{1,2}s$/;

function assertNear(text: string, ms: number): void {
  assert(Math.abs(Date.parse(text) - ms) < 120_000, `${text}, ${ms}`);
}

test("a steady clock goes on by the monotonic one, and knows its lag", async () => {
  const virtual = new VirtualClock(1_000_000);
  const set = new SetClock(virtual);
  const steady = new SteadyClock(set);
  await virtual.advance(5000);
  assert.deepEqual([steady.now(), steady.shiftMs], [1_005_000, 0]);
  set.aheadMs = 20;
  assert.deepEqual([steady.now(), steady.shiftMs], [1_005_000, 0]);
  set.aheadMs = -HOUR_MS;
  assert.deepEqual([steady.now(), steady.shiftMs], [1_005_000, -HOUR_MS]);
  set.aheadMs = -HOUR_MS + 40;
  assert.equal(steady.shiftMs, -HOUR_MS, "a small change is none");
  await virtual.advance(1000);
  assert.equal(steady.now(), 1_006_000);
});
