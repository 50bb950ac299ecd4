/** Audiences become plain subscribers and queue groups. */
import assert from "node:assert/strict";
import { gather } from "../../src/core/gather.ts";
import { test } from "../support/test.ts";

const one = { subject: "a", queue: "", weight: 1 };
const member = { subject: "a", queue: "q", weight: 1 };
const heavy = { subject: "a.*", queue: "q", weight: 3 };
const other = { subject: "a.*", queue: "r", weight: 1 };

test("members of one name are one queue group, through whatever pattern they hear", () => {
  const match = gather([[one, member], [heavy, other]]);
  assert.deepEqual(match, {
    plain: [one],
    queues: [
      {
        name: "q",
        members: [member, heavy],
        weight: 4,
        uniform: false,
        sums: [1, 4],
      },
      { name: "r", members: [other], weight: 1, uniform: true },
    ],
  });
});

test("all subjects that nobody hears have the same match", () => {
  assert.equal(gather([]), gather([]));
  assert.deepEqual(gather([]), { plain: [], queues: [] });
});
