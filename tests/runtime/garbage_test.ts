/** The garbage collector, asked by the server after a long start. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { nextTurn } from "../../src/runtime/process/turn.ts";
import { collectGarbage } from "../../src/runtime/process/garbage.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

/** The bytes that a Node keeps for new objects behind many that stay. */
function roomForNew(...args: string[]): number {
  const [command, ...rest] = currentRuntime().command;
  const program = fileURLToPath(new URL("room_program.ts", import.meta.url));
  const text = execFileSync(command!, [...rest, program, ...args], {
    encoding: "utf8",
  });
  return Number(text.trim().split(" ")[1]);
}

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

test("on Node the room for new objects does not grow once it was told so", {
  skip: currentRuntime().name !== "node" && "other runtimes cannot be told",
}, () => {
  assert.ok(roomForNew() < roomForNew("grow") / 2);
});
