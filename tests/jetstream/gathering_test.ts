/** A commit waits for publishers who have just been told of the one before. */
import assert from "node:assert/strict";
import { Gathering } from "../../src/jetstream/store/gathering.ts";

import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** One behind a sync of `messages` that took `tookMs`. */
async function behind(
  messages: number,
  tookMs: number,
): Promise<{ clock: VirtualClock; gathering: Gathering; overs: () => number }> {
  const clock = new VirtualClock();
  let overs = 0;
  const gathering = new Gathering(clock, () => overs++);
  gathering.syncBegins();
  await clock.advance(tookMs);
  gathering.syncEnded(messages);
  return { clock, gathering, overs: () => overs };
}

test("a commit waits until most of those that were told have come again", async () => {
  const { clock, gathering, overs } = await behind(100, 8);
  gathering.came(1);
  gathering.came(74);
  assert.ok(gathering.waits(74));
  gathering.came(75);
  assert.equal(overs(), 1);
  assert.ok(!gathering.waits(1));
  await clock.advance(10);
  assert.equal(overs(), 1);
});

test("a commit waits for a part of what the sync took", async () => {
  for (const [tookMs, waitMs] of [[0.1, 1], [8, 2], [1000, 5]] as const) {
    const { clock, gathering, overs } = await behind(100, tookMs);
    await clock.advance(waitMs - 0.5);
    assert.ok(gathering.waits(1));
    await clock.advance(0.5);
    assert.equal(overs(), 1);
    assert.ok(!gathering.waits(1));
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
