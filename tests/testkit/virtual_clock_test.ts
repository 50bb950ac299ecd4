/** The virtual clock, and seeded randomness. */
import assert from "node:assert/strict";
import { seededRandom, VirtualClock } from "../../src/faces/cluster.ts";
import { test } from "../support/test.ts";

/** Notes the time at which each timer runs. */
function schedule(clock: VirtualClock, ...delays: number[]): string[] {
  const ran: string[] = [];
  for (const delay of delays) {
    clock.after(delay, () => ran.push(`${delay} at ${clock.monotonic()}`));
  }
  return ran;
}

test("timers run in the order in which they are due, each at its time", async () => {
  const clock = new VirtualClock(1000);
  const ran = schedule(clock, 30, 10, 20, 10, 100);
  await clock.advance(50);
  assert.deepEqual(ran, ["10 at 10", "10 at 10", "20 at 20", "30 at 30"]);
  assert.equal(clock.monotonic(), 50);
  assert.equal(clock.now(), 1050);
  assert.equal(clock.pendingTimers, 1);
});

test("what a timer's promises set off comes before the next timer", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(1, async () => {
    for (let step = 0; step < 10; step++) await Promise.resolve();
    ran.push("promises");
  });
  clock.after(1, () => ran.push("timer"));
  await clock.advance(1);
  assert.deepEqual(ran, ["promises", "timer"]);
});

test("a timer that was cancelled does not run, and cancelling twice is fine", async () => {
  const clock = new VirtualClock();
  const ran = schedule(clock, 1);
  const timer = clock.after(2, () => ran.push("cancelled"));
  timer.cancel();
  timer.cancel();
  await clock.advance(10);
  assert.deepEqual(ran, ["1 at 1"]);
});

test("time passes until a condition holds, and no longer than it may", async () => {
  const clock = new VirtualClock();
  const ran = schedule(clock, 10, 20, 30);
  await clock.advanceUntil(() => ran.length === 2);
  assert.equal(clock.monotonic(), 20);
  await assert.rejects(clock.advanceUntil(() => ran.length > 3, 100), {
    name: "TooLate",
    message: /did not come within 100 ms of virtual time/,
  });
  assert.equal(clock.monotonic(), 120);
});

test("several wait at once, each for its own", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const note = (name: string) => (): void =>
    void ran.push(`${name} at ${clock.monotonic()}`);
  schedule(clock, 15, 35);
  await Promise.all([
    clock.advance(30).then(note("long")),
    clock.advance(10).then(note("short")),
    clock.run(new Promise<void>((resolve) => void clock.after(20, resolve)))
      .then(note("run")),
    clock.advanceUntil(() => clock.monotonic() >= 15).then(note("until")),
  ]);
  assert.deepEqual(ran, [
    "short at 10",
    "until at 15",
    "run at 20",
    "long at 30",
  ]);
});

test("run gives what the work gives, and waits for it only so long", async () => {
  const clock = new VirtualClock();
  const later = <T>(ms: number, value: T): Promise<T> =>
    new Promise((resolve) => void clock.after(ms, () => resolve(value)));
  assert.equal(await clock.run(later(1000, "done")), "done");
  await assert.rejects(clock.run(later(1000, "late"), 999), {
    name: "TooLate",
  });
  await assert.rejects(clock.run(Promise.reject(new Error("mine"))), {
    message: "mine",
  });
});

test("the time that others asked for does not count for run", async () => {
  const clock = new VirtualClock();
  const work = async (): Promise<string> => {
    await clock.advance(10_000);
    await new Promise<void>((resolve) => void clock.after(90, resolve));
    await clock.advance(10_000);
    return "patient";
  };
  assert.equal(await clock.run(work(), 100), "patient");
});

test("time stands still while something is held", async () => {
  const clock = new VirtualClock();
  const ran = schedule(clock, 5);
  let release = (): void => {};
  const work = new Promise<void>((resolve) => release = resolve);
  const held = clock.hold(work);
  const advanced = clock.advance(10);
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.deepEqual(ran, []);
  release();
  await Promise.all([held, advanced]);
  assert.deepEqual(ran, ["5 at 5"]);
});

test("a timer that throws fails those who wait, and the clock goes on", async () => {
  const clock = new VirtualClock();
  clock.after(1, () => {
    throw new Error("in a timer");
  });
  await assert.rejects(clock.advance(10), { message: "in a timer" });
  const ran = schedule(clock, 5);
  await clock.advance(10);
  assert.deepEqual(ran, ["5 at 6"]);
});

test("equal seeds give equal chance, and it is spread evenly", () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, () => random.next());
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(7).every((value) => value >= 0 && value < 1));
  const halves = draw(7).filter((value) => value < 0.5).length;
  assert.ok(halves > 400 && halves < 600, `${halves}`);
  const bytes = new Uint8Array(64);
  seededRandom(7).fill(bytes);
  assert.ok(new Set(bytes).size > 32);
});
