/** Lookups of accounts, 64 of them at one time. */
import assert from "node:assert/strict";
import { LookupLanes } from "../../src/auth/resolver/lookup_lanes.ts";
import { deferred } from "../../src/core/deferred.ts";
import { test } from "../support/test.ts";

test("64 lookups are under way at one time, and the others follow in their order", async () => {
  const lanes = new LookupLanes();
  const answers: ReturnType<typeof deferred<number>>[] = [];
  const begun: number[] = [];
  const lookups = Array.from({ length: 200 }, (_, index) =>
    lanes.run(() => {
      begun.push(index);
      const answer = deferred<number>();
      answers.push(answer);
      return answer.promise;
    }).catch((error: Error) => error.message));
  await Promise.resolve();
  assert.equal(begun.length, 64);
  // One that fails leaves its place to the next, as one that succeeds does.
  answers[0]!.reject(new Error("gone"));
  answers[1]!.resolve(1);
  assert.deepEqual(await Promise.all(lookups.slice(0, 2)), ["gone", 1]);
  assert.deepEqual(begun.slice(64), [64, 65]);
  for (let at = 2; at < 200; at++) {
    answers[at]!.resolve(at);
    assert.equal(await lookups[at], at);
  }
  assert.deepEqual(begun, Array.from({ length: 200 }, (_, index) => index));
  // All lanes are free again.
  let more = 0;
  const last = Array.from(
    { length: 65 },
    () => lanes.run(() => new Promise(() => more++)),
  );
  await Promise.resolve();
  assert.equal(more, 64);
  assert.equal(last.length, 65);
});

test("what is known at once is told through a lane, too", async () => {
  const lanes = new LookupLanes();
  const told = Array.from({ length: 100 }, (_, at) => lanes.run(() => at));
  assert.equal((await Promise.all(told)).at(-1), 99);
});
