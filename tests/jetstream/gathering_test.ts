/** A commit waits for publishers who have just been told of the one before. */
import assert from "node:assert/strict";
import { Gathering } from "../../src/jetstream/store/gathering.ts";

import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

interface Scene {
  readonly clock: VirtualClock;
  readonly gathering: Gathering;
  readonly overs: () => number;
}

/**
 * One behind a sync of `messages` that took `tookMs`; they had come within `cameMs`,
 * and `there` came while the disk wrote.
 */
async function behind(
  messages: number,
  tookMs: number,
  { cameMs = 0, there = 0 } = {},
): Promise<Scene> {
  const clock = new VirtualClock();
  let overs = 0;
  const gathering = new Gathering(clock, () => overs++);
  gathering.came(1);
  await clock.advance(cameMs);
  gathering.syncBegins(messages);
  await clock.advance(tookMs);
  gathering.syncEnded(messages, there);
  return { clock, gathering, overs: () => overs };
}

test("behind a slow sync a commit waits until most of those that are under way have come", async () => {
  const { clock, gathering, overs } = await behind(80, 8, { there: 20 });
  gathering.came(21);
  gathering.came(74);
  assert.ok(gathering.waits(74));
  assert.ok(!gathering.isEnough(74));
  gathering.came(75);
  assert.equal(overs(), 1);
  assert.ok(!gathering.waits(1));
  assert.ok(gathering.isEnough(75));
  await clock.advance(10);
  assert.equal(overs(), 1);
});

test("behind a sync that took less time than they take to come it waits for half of them", async () => {
  for (const tookMs of [0.3, 8]) {
    const { gathering, overs } = await behind(100, tookMs, { cameMs: 10 });
    assert.ok(gathering.waits(49));
    gathering.came(50);
    assert.equal(overs(), 1);
    assert.ok(gathering.isEnough(50));
  }
});

test("where enough came while the disk wrote nothing waits", async () => {
  const { gathering } = await behind(50, 4, { cameMs: 10, there: 50 });
  assert.ok(!gathering.waits(50));
  assert.ok(gathering.isEnough(50));
  gathering.syncBegins(50);
  assert.ok(!gathering.isEnough(50));
});

test("a commit waits for a part of what the sync took", async () => {
  for (const [tookMs, waitMs] of [[0.1, 1], [8, 2], [1000, 5]] as const) {
    const { clock, gathering, overs } = await behind(100, tookMs);
    await clock.advance(waitMs - 0.5);
    assert.ok(gathering.waits(1));
    await clock.advance(0.5);
    assert.equal(overs(), 1);
    assert.ok(!gathering.waits(1));
    assert.ok(!gathering.isEnough(100));
  }
});

test("a commit waits for nobody where few were told, or no time has passed", async () => {
  for (const [messages, tookMs] of [[7, 8], [100, 0]] as const) {
    const { clock, gathering, overs } = await behind(messages, tookMs);
    assert.ok(!gathering.waits(0));
    await clock.advance(10);
    assert.equal(overs(), 0);
  }
});
