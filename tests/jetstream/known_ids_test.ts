/** Message ids that a stream remembers for a while. */
import assert from "node:assert/strict";
import { KnownIds } from "../../src/jetstream/stream/known_ids.ts";
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
