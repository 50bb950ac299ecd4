/** Message ids that a stream remembers for a while. */
import assert from "node:assert/strict";
import { KnownIds } from "../../src/jetstream/stream/known_ids.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const WINDOW_US = 1000;

test("an id that is over is not known, however many are over before it", () => {
  const ids = new KnownIds(WINDOW_US);
  for (let seq = 1; seq <= 5000; seq++) ids.add(`id ${seq}`, seq, seq);
  assert.equal(ids.find("id 5000", 4999 + WINDOW_US), 5000);
  assert.equal(ids.find("id 4999", 4999 + WINDOW_US), undefined);
  assert.equal(ids.find("id 4998", 4999 + WINDOW_US), undefined);
});

test("an id that is over counts from the next message that has it", () => {
  const ids = new KnownIds(WINDOW_US);
  ids.add("a", 1, 0);
  ids.add("a", 2, WINDOW_US - 1);
  assert.equal(ids.find("a", WINDOW_US - 1), 1);
  ids.add("a", 3, WINDOW_US);
  assert.equal(ids.find("a", 2 * WINDOW_US - 1), 3);
  assert.equal(ids.find("a", 2 * WINDOW_US), undefined);
});

test("ids are known as long as those of a list of all that came", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const ids = new KnownIds(WINDOW_US);
  let windowUs = WINDOW_US;
  const all = new Map<
    string,
    { readonly seq: number; readonly atUs: number }
  >();
  let nowUs = 0;
  for (let seq = 1; seq <= 60_000; seq++) {
    // Now and then nothing comes for a while.
    nowUs += random.next() < 0.0005 ? 2000 : randomBelow(random, 2);
    if (random.next() < 0.0002) {
      windowUs = WINDOW_US * (1 + randomBelow(random, 40));
      ids.resize(windowUs);
      // What was over already may be forgotten.
      for (const [id, { atUs }] of all) {
        if (atUs + WINDOW_US <= nowUs) {
          all.delete(id);
          ids.forget(id);
        }
      }
    }
    const id = `id ${randomBelow(random, 20_000)}`;
    const known = all.get(id);
    const isKnown = known !== undefined && known.atUs + windowUs > nowUs;
    assert.equal(ids.find(id, nowUs), isKnown ? known.seq : undefined);
    if (random.next() < 0.1) {
      ids.forget(id);
      all.delete(id);
    } else {
      ids.add(id, seq, nowUs);
      if (!isKnown) all.set(id, { seq, atUs: nowUs });
    }
  }
});
