/** Errors told from other values, wherever they come from. */
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { isError, MidgeError } from "../../src/core/errors.ts";
import { test } from "../support/test.ts";

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
