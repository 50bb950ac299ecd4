/** An error that comes later, caught at once, so that no runtime calls it unhandled. */
import assert from "node:assert/strict";

/** The error that a promise rejects with; it may be waited for later. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("It should have been rejected"),
    (error: unknown) => error,
  );
}
