/**
 * Waiting for what says nothing when it comes, such as a line in a file or the
 * number of routes. What can be heard is waited for by its event instead.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

// Far beyond what a busy machine needs.
const DEADLINE_MS = 90_000;
const PAUSE_MS = 5;

/**
 * Resolves once `isTrue`. Fails, naming `what`, after a time that only a defect
 * can take, and before the time of its test is over.
 */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!await isTrue()) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await delay(PAUSE_MS);
  }
}
