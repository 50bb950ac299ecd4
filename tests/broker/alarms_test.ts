/** Moments of many on one timer: each comes when it is due, and none is left behind. */
import assert from "node:assert/strict";
import { type Alarm, Alarms } from "../../src/broker/connections/alarms.ts";
import { type Clock, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** A clock of which a test sees how many timers are set. */
class CountedClock implements Clock {
  readonly timers = new Map<number, { at: number; run: () => void }>();
  #now = 0;
  #last = 0;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const id = ++this.#last;
    this.timers.set(id, { at: this.#now + delayMs, run });
    return { cancel: () => void this.timers.delete(id) };
  }

  advanceTo(end: number): void {
    while (true) {
      const due = [...this.timers].filter(([, { at }]) => at <= end)
        .sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      const [id, { at, run }] = due;
      this.timers.delete(id);
      this.#now = Math.max(this.#now, at);
      run();
    }
    this.#now = end;
  }
}

function alarm(due: () => void): Alarm {
  return { dueAt: 0, place: -1, due };
}

test("many alarms come in time, in order, and on one timer", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const clock = new CountedClock();
  const alarms = new Alarms(clock);
  const wanted = new Map<Alarm, number>();
  let latest = 0;
  const all = Array.from({ length: 500 }, () => {
    const one = alarm(() => {
      assert.equal(wanted.get(one), clock.monotonic(), `seed ${seed}`);
      assert.ok(clock.monotonic() >= latest, `seed ${seed}`);
      latest = clock.monotonic();
      wanted.delete(one);
    });
    return one;
  });
  for (let step = 0; step < 5000; step++) {
    const one = all[randomBelow(random, all.length)]!;
    const delayMs = 1 + randomBelow(random, 10_000);
    if (random.next() < 0.3) {
      alarms.cancel(one);
      wanted.delete(one);
    } else {
      alarms.set(one, delayMs);
      wanted.set(one, clock.monotonic() + delayMs);
    }
    assert.ok(clock.timers.size <= 1, `seed ${seed}`);
    clock.advanceTo(clock.monotonic() + randomBelow(random, 20));
  }
  clock.advanceTo(clock.monotonic() + 10_000);
  assert.equal(wanted.size, 0, `seed ${seed}`);
  assert.equal(alarms.count, 0);
  assert.equal(clock.timers.size, 0);
});

test("an alarm that is set anew at once has its turn the next time", () => {
  const clock = new CountedClock();
  const alarms = new Alarms(clock);
  let times = 0;
  const again = alarm(() => {
    times++;
    if (times < 3) alarms.set(again, 0);
  });
  alarms.set(again, 5);
  clock.advanceTo(5);
  assert.equal(times, 3);
});

test("one alarm that fails keeps no other from coming", () => {
  const clock = new CountedClock();
  const alarms = new Alarms(clock);
  const rang: string[] = [];
  alarms.set(
    alarm(() => {
      throw new Error("it fails");
    }),
    5,
  );
  alarms.set(alarm(() => rang.push("next")), 6);
  assert.throws(() => clock.advanceTo(5), /it fails/);
  clock.advanceTo(6);
  assert.deepEqual(rang, ["next"]);
});
