/** The garbage collector, asked by the server after a long start. */
import assert from "node:assert/strict";
import { nextTurn } from "../../src/runtime/process/turn.ts";
import { collectGarbage } from "../../src/runtime/process/garbage.ts";
import { test } from "../support/test.ts";

test("what nobody holds any more is gone after the collector was asked", async () => {
  const references = Array.from(
    { length: 100 },
    () => new WeakRef({ text: "left behind" }),
  );
  const held = { text: "held" };
  const kept = new WeakRef(held);
  // A reference that was just made holds its object for the rest of the turn.
  await nextTurn();
  collectGarbage();
  const left = references.filter((reference) => reference.deref());
  // Bun looks for references on its stack as well, and may find old ones.
  assert(left.length < 10, `${left.length} are left`);
  assert.equal(kept.deref(), held);
});
