/** Waiting for what tells nobody when it comes, such as a line in a file. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

// Far beyond what a busy machine needs.
const DEADLINE_MS = 90_000;
const PAUSE_MS = 20;

/** Resolves once `isTrue`; fails, naming `what`, after a time that only a defect can take. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!await isTrue()) {
    assert.ok(Date.now() < deadline, `${what} did not come true`);
    await delay(PAUSE_MS);
  }
}
