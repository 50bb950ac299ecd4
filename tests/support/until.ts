/**
 * Waiting for what says nothing when it comes, such as a line in a file or the
 * number of routes. What can be heard is waited for by its event instead.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

// Far beyond what a busy machine needs.
const DEADLINE_MS = 90_000;
const PAUSE_MS = 5;
/** A wait that lasts looks less often: it leaves the machine to what it waits for. */
const PAUSE_MS_MAX = 40;

/**
 * Resolves once `isTrue`. Fails, naming `what`, after a time that only a defect
 * can take, and before the time of its test is over.
 */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (let pauseMs = PAUSE_MS; !await isTrue(); pauseMs *= 1.25) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await delay(Math.min(pauseMs, PAUSE_MS_MAX));
  }
}
