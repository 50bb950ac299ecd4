/** What modules do when they are loaded: each start of a program waits for it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

test("no module makes an error before there is one: on Deno its stack would take a third of the start", async () => {
  const file = new URL("./loading_program.ts", import.meta.url);
  await using program = spawnProgram(currentRuntime(), fileURLToPath(file));
  await program.exited;
  assert.equal(program.stdout, "loaded\n");
});
