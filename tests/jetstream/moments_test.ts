/** Times as JetStream writes them. */
import assert from "node:assert/strict";
import { momentText } from "../../src/jetstream/moments.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

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
