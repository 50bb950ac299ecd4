/** Parameters that several pages have: subscriptions, and the window of a list. */
import assert from "node:assert/strict";
import { rowsIn, subsParam, windowParams } from "../../src/monitor/query.ts";
import { test } from "../support/test.ts";

test("subs has three levels", () => {
  const level = (text: string): string =>
    subsParam(new URLSearchParams({ subs: text }));
  assert.equal(level(""), "none");
  assert.equal(level("0"), "none");
  assert.equal(level("true"), "subjects");
  assert.equal(level("detail"), "detail");
  assert.equal(level("DETAIL"), "detail");
  assert.throws(() => level("details"), { name: "Refusal" });
});

// GHSA-q59r: a sum of offset and limit that was too large for its type.
test("any offset and limit make a window inside the list", () => {
  const rows: [query: string, shown: string][] = [
    ["", "abc"],
    ["offset=1", "bc"],
    ["offset=1&limit=1", "b"],
    ["offset=3", ""],
    ["offset=9223372036854775807&limit=9223372036854775807", ""],
    ["limit=9223372036854775807", "abc"],
    ["offset=-9223372036854775808&limit=-1", "abc"],
    ["limit=0", "abc"],
    ["offset=2&limit=9007199254740993", "c"],
  ];
  for (const [query, shown] of rows) {
    const window = windowParams(new URLSearchParams(query));
    assert.equal(rowsIn(["a", "b", "c"], window).join(""), shown, query);
  }
  const { offset, limit } = windowParams(new URLSearchParams("limit=-7"));
  assert.deepEqual({ offset, limit }, { offset: 0, limit: 1024 });
});
