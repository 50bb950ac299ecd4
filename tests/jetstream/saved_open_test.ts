/** What is kept of the open messages of a consumer: with a seed, as it goes on from there. */
import assert from "node:assert/strict";
import { Progress } from "../../src/jetstream/consumer/progress.ts";
import { courseOf } from "../../src/jetstream/consumer/saved_consumer.ts";
import {
  saveAllOpen,
  SavedOpen,
  savedOpen,
} from "../../src/jetstream/consumer/saved_open.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const START_US = 1_795_966_290_709_496;
const PLACE = { next: 1, hasLasts: false };
const BLOCK = 32;

/** Values by their names, as a store has them. */
class Values {
  readonly all = new Map<string, string>();

  put = (name: string, value: string | undefined): void => {
    if (value === undefined) {
      assert.ok(this.all.has(name), `${name} is there to be dropped`);
      this.all.delete(name);
    } else this.all.set(name, value);
  };

  under = (prefix: string): [string, string][] =>
    [...this.all].filter(([name]) => name.startsWith(prefix));
}

/** What goes on where `progress` is: what is to be delivered again is due at once. */
function open(progress: Progress): unknown {
  return courseOf(progress, PLACE).open.map(({ waiting, ...one }) => ({
    ...one,
    waiting: waiting && {
      ...waiting,
      dueUs: waiting.dueUs === Infinity ? 0 : waiting.dueUs,
    },
  }));
}

test("what was delivered and not acknowledged is kept, and nothing else", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 10; round++) {
    const values = new Values();
    const progress = new Progress(0);
    let saved = new SavedOpen();
    for (let step = 0; step < 3000; step++) {
      const dice = random.next();
      const nowUs = START_US + step * 1000;
      const known = 1 + randomBelow(random, progress.seq + 1);
      const dueUs = random.next() < 0.1 ? Infinity : nowUs + 30_000_000;
      const next = progress.seq + 1 + randomBelow(random, 3);
      const seq = dice < 0.5 ? next : known;
      if (dice < 0.55) progress.delivered(seq, nowUs, dueUs);
      else if (dice < 0.6) progress.abandon(seq);
      else progress.settle(seq);
      saved.touched(seq);
      if (random.next() > 0.05) continue;
      saved.save(values.put, "C", progress);
      const kept = savedOpen(values.under, "C");
      assert.deepEqual(kept, open(progress));
      const blocks = new Set(kept.map((one) => Math.floor(one.seq / BLOCK)));
      assert.equal(values.all.size, blocks.size);
      if (random.next() > 0.2) continue;
      // The server starts again.
      saved = new SavedOpen();
      saved.restored(kept);
    }
    saved.save(values.put, "C", progress);
    const other = new Values();
    saveAllOpen(other.put, "D", savedOpen(values.under, "C"));
    assert.deepEqual(savedOpen(other.under, "D"), savedOpen(values.under, "C"));
    saved.forget(values.put, "C");
    assert.equal(values.all.size, 0);
  }
});

test("what is delivered and acknowledged between two commits is not written", () => {
  const values = new Values();
  values.put = () => assert.fail("it is written");
  const progress = new Progress(0);
  const saved = new SavedOpen();
  for (let seq = 1; seq <= 1000; seq++) {
    progress.delivered(seq, START_US, START_US);
    progress.settle(seq);
    saved.touched(seq);
  }
  saved.save(values.put, "C", progress);
});
