/** Errors and promises that come from another realm, as Node's do in jest. */
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { isError, MidgeError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import { UnfailingLog } from "../../src/core/unfailing_log.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

test("an error is one in every realm, and nothing else is", () => {
  const foreign: unknown = runInNewContext('new TypeError("x")');
  assert.ok(!(foreign instanceof Error), "it is of another realm");
  const errors = [
    foreign,
    new MidgeError("X", "x"),
    new DOMException("x", "AbortError"),
    AbortSignal.abort().reason,
  ];
  for (const error of errors) assert.ok(isError(error), String(error));
  for (const other of [undefined, null, "x", 7, {}, { message: "x" }]) {
    assert.ok(!isError(other), String(other));
  }
});

test("a logger may return a promise of another realm, and it may be rejected", async () => {
  const notice = (): unknown => runInNewContext('Promise.reject("full")');
  const log = new UnfailingLog({ ...silentLogger, notice });
  log.notice("a line");
  await until("the rejection to be heard", () => log.lost === 1);
});
