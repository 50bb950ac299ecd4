/** Times as JetStream writes them. */
import assert from "node:assert/strict";
import { Moments, momentText } from "../../src/jetstream/moments.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { platform } from "../../src/runtime/mod.ts";
import { startMidge } from "../support/midge.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { asker } from "./request.ts";

const US_PER_MS = 1000;
const LATEST_MS = Date.UTC(2200, 0);

test("a time is written as Go does, without zeros at its end", () => {
  const noon = Date.UTC(2024, 1, 29, 12) * US_PER_MS;
  const rows: [us: number, text: string][] = [
    [0, "0001-01-01T00:00:00Z"],
    [1, "1970-01-01T00:00:00.000001Z"],
    [noon, "2024-02-29T12:00:00Z"],
    [noon + 250_000, "2024-02-29T12:00:00.25Z"],
    [noon + 1_000_100, "2024-02-29T12:00:01.0001Z"],
    [noon - 1, "2024-02-29T11:59:59.999999Z"],
    [noon + 86_400_000_000, "2024-03-01T12:00:00Z"],
    // Of the first day once more.
    [noon, "2024-02-29T12:00:00Z"],
    [-1, "1969-12-31T23:59:59.999999Z"],
  ];
  for (const [us, text] of rows) assert.equal(momentText(us), text);
});

test("any time says the same as the calendar of the runtime", () => {
  const random = seededRandom(29);
  for (let n = 0; n < 2000; n++) {
    const ms = 1 + Math.floor(random.next() * LATEST_MS);
    const text = new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
    assert.equal(momentText(ms * US_PER_MS), text);
  }
});

/** A clock of which both times are set. */
class SetClock {
  wallMs = 1_795_966_290_709.9;
  monotonicMs = 5000.25;

  wall(): number {
    return Math.floor(this.wallMs);
  }

  monotonic(): number {
    return this.monotonicMs;
  }

  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }
}

function setMoments(): { clock: SetClock; moments: Moments } {
  const clock = new SetClock();
  return { clock, moments: new Moments(clock) };
}

test("a moment is not before what the wall clock shows to others, and not a millisecond behind it", () => {
  const { clock, moments } = setMoments();
  const random = seededRandom(31);
  for (let i = 0; i < 1000; i++) {
    clock.pass(1 + random.next() * 3);
    const us = moments.nowUs();
    assert.ok(us >= clock.wall() * US_PER_MS, `${i}`);
    assert.ok(us <= clock.wallMs * US_PER_MS + 1, `${i}`);
  }
});

test("moments go on by microseconds within a millisecond", () => {
  const { clock, moments } = setMoments();
  clock.wallMs = 1_795_966_290_709.1;
  const first = moments.nowUs();
  clock.pass(0.2);
  assert.equal(moments.nowUs(), first + 200);
  clock.pass(0.0005);
  assert.equal(moments.nowUs(), first + 200);
  clock.pass(0.0006);
  assert.equal(moments.nowUs(), first + 201);
});

test("moments are those of the wall clock behind a sleep, in which the other one stood", () => {
  const { clock, moments } = setMoments();
  const first = moments.nowUs();
  clock.wallMs += 3_600_000;
  clock.pass(2);
  const behind = moments.nowUs() - first;
  assert.ok(behind >= 3_600_002_000 && behind < 3_600_004_000, `${behind}`);
});

test("moments do not go back with the wall clock", () => {
  const { clock, moments } = setMoments();
  const first = moments.nowUs();
  clock.wallMs -= 3_600_000;
  clock.pass(10);
  assert.equal(moments.nowUs(), first + 10_000);
  clock.pass(10);
  assert.equal(moments.nowUs(), first + 20_000);
});

test("messages have the times of the wall clock, behind a sleep of the machine as well", async (t) => {
  let aheadMs = 0;
  const wall = (): number => platform.clock.now() + aheadMs;
  const clock: Clock = {
    now: wall,
    monotonic: () => platform.clock.monotonic(),
    after: (ms, run) => platform.clock.after(ms, run),
  };
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  }, { clock });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s"],
    storage: "memory",
  });
  for (const [i, ms] of [0, 3_600_000].entries()) {
    aheadMs += ms;
    const earliest = wall();
    await asking.publish("s", "hi");
    const latest = wall();
    const { message } = await asking.api("STREAM.MSG.GET.S", { seq: i + 1 });
    const at = Date.parse((message as { time: string }).time);
    assert.ok(at >= earliest && at <= latest, `${earliest} ${at} ${latest}`);
  }
});
