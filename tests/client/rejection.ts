import assert from "node:assert/strict";

/** The error that a promise rejects with; it may be waited for later. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("It should have been rejected"),
    (error: unknown) => error,
  );
}
