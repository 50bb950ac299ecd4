/** Many finders at one provider, and clocks that jump. */
import assert from "node:assert/strict";
import type { Clock, Timer } from "../../src/platform/clock.ts";
import { Finder } from "../../src/discovery/finding/finder.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { doors, FakeProvider, FakeWatched } from "./fake_provider.ts";
import { closestMs } from "./finder_scene.ts";

const HERD = 1000;
const SILENT = { onFound: (): void => {}, onAnswer: (): void => {} };

test("a thousand finders whose nodes and registry die ask once a second at most, and drift apart", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const providers = Array.from(
    { length: HERD },
    () => new FakeWatched(clock).says(doors(1)),
  );
  const finders = providers.map((provider) =>
    new Finder([provider], { clock, random }, SILENT)
  );
  finders.forEach((finder) => finder.start());
  await clock.advance(40_000);
  providers.forEach((provider) => {
    provider.fails();
    provider.breakWatches();
  });
  finders.forEach((finder) => finder.seek("round-failed"));
  await clock.advance(60_000);
  providers.forEach((provider) => provider.says(doors(2)));
  await clock.advance(60_000);
  finders.forEach((finder) => finder.stop());

  for (const provider of providers) {
    assert.ok(closestMs(provider.requestsAtMs) >= 1000 - 1e-6);
    assert.ok(provider.requestsAtMs.length > 8);
  }
  const late = providers.flatMap((provider) =>
    provider.requestsAtMs.filter((ms) => ms > 60_000)
  );
  assert.ok(mostPerSecond(late) < HERD / 2, `${mostPerSecond(late)} a second`);
  await clock.advance(0);
  assert.equal(clock.pendingTimers, 0);
});

for (const fires of ["late", "all at once"] as const) {
  test(`a process that was suspended, whose timers come ${fires}, makes no burst of questions`, async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const clock = new SuspendedClock();
    const restless = new FakeWatched(clock, "restless").says(doors(1))
      .streamBy(async function* () {});
    const hanging = new FakeWatched(clock, "hanging").hangs();
    const steady = new FakeProvider(clock, "steady").says(doors(1));
    const providers = [restless, hanging, steady];
    const finder = new Finder(providers, { clock, random }, SILENT);
    t.after(() => finder.stop());
    finder.start();
    const wokenAtMs: number[] = [];
    for (let round = 0; round < 40; round++) {
      if (round % 10 === 5) finder.seek("round-failed");
      if (round % 10 === 0) finder.rest();
      void finder.ask("manual");
      await clock.advance(20_000 * random.next());
      void finder.ask("manual");
      clock.suspend(3_600_000 * random.next(), fires === "all at once");
      wokenAtMs.push(clock.monotonic());
    }
    await clock.advance(20_000);
    for (const { name, requestsAtMs } of providers) {
      assert.ok(closestMs(requestsAtMs) >= 1000 - 1e-6, name);
      assert.ok(requestsAtMs.length > 20, name);
      for (const wokenMs of wokenAtMs) {
        const soon = requestsAtMs.filter((ms) =>
          ms >= wokenMs && ms < wokenMs + 5000
        );
        assert.ok(soon.length <= 5, `${name}: ${soon}`);
      }
    }
  });
}

test("after a long sleep the periodic question comes at once", async (t) => {
  const clock = new SuspendedClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const random = seededRandom(1);
  const finder = new Finder([provider], { clock, random }, SILENT);
  t.after(() => finder.stop());
  finder.start();
  await clock.advance(1000);
  clock.suspend(8 * 3_600_000, true);
  await clock.advance(0);
  assert.equal(provider.asked.length, 2);
});

/** A clock of a process that was suspended, and whose wall clock nobody may trust. */
class SuspendedClock implements Clock {
  readonly #running: VirtualClock = new VirtualClock();
  readonly #timers = new Set<{ atMs: number; run: () => void }>();
  #sleptMs = 0;

  now(): number {
    throw new Error("The wall clock jumps");
  }

  monotonic(): number {
    return this.#running.monotonic() + this.#sleptMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const due = { atMs: this.monotonic() + delayMs, run: fire };
    const timer = this.#running.after(delayMs, fire);
    const timers = this.#timers;
    timers.add(due);
    return { cancel };

    function cancel(): void {
      timers.delete(due);
      timer.cancel();
    }
    function fire(): void {
      cancel();
      run();
    }
  }

  advance(ms: number): Promise<void> {
    return this.#running.advance(ms);
  }

  /** Time passes and nothing runs. Then what is due does, or stays late by as much. */
  suspend(ms: number, runsWhatIsDue: boolean): void {
    this.#sleptMs += ms;
    if (!runsWhatIsDue) return;
    [...this.#timers]
      .filter(({ atMs }) => atMs <= this.monotonic())
      .sort((a, b) => a.atMs - b.atMs)
      .forEach(({ run }) => run());
  }
}

function mostPerSecond(times: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const ms of times) {
    const second = Math.floor(ms / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}
