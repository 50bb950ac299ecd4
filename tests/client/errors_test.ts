/** The meaning of `-ERR` lines. */
import assert from "node:assert/strict";
import {
  AuthorizationError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from "../../src/client/api/errors.ts";
import {
  endsConnection,
  serverError,
} from "../../src/client/session/server_errors.ts";
import { test } from "../support/test.ts";

const TEXTS: readonly [string, string, boolean][] = [
  ["Authorization Violation", "AUTHORIZATION", true],
  ["Authentication Timeout", "AUTHORIZATION", true],
  ["User Authentication Expired", "AUTHORIZATION", true],
  ["Account Authentication Expired", "AUTHORIZATION", true],
  ["Unknown Protocol Operation", "SERVER", true],
  ["Maximum Payload Violation", "SERVER", true],
  ["maximum connections exceeded", "SERVER", true],
  ["Stale Connection", "SERVER", true],
  ["Invalid Subject", "SERVER", false],
  ["Invalid Publish Subject", "SERVER", false],
  ["maximum subscriptions exceeded", "SERVER", false],
  ['Permissions Violation for Publish to "a"', "PERMISSIONS_VIOLATION", false],
];

for (const [text, code, ends] of TEXTS) {
  test(`-ERR '${text}' is understood`, () => {
    const error = serverError(text);
    assert.equal(error.code, code);
    assert.equal(error.message, text);
    assert.equal(endsConnection(error), ends);
  });
}

const VIOLATIONS: readonly [string, (string | undefined)[]][] = [
  ['Publish to "a.b"', ["publish", "a.b", undefined]],
  ['Subscription to "a.*"', ["subscription", "a.*", undefined]],
  ['Subscription to "a" using queue "q"', ["subscription", "a", "q"]],
  ['Subscription to "a\\"b\\\\" (sid "1")', [
    "subscription",
    'a"b\\',
    undefined,
  ]],
];

for (const [text, expected] of VIOLATIONS) {
  test(`a violation tells its subject: ${text}`, () => {
    const error = serverError(`Permissions Violation for ${text}`);
    assert.ok(error instanceof PermissionViolationError);
    assert.deepEqual([error.operation, error.subject, error.queue], expected);
  });
}

test("a JWT whose time is over is a refusal of its own kind", () => {
  const error = serverError("User Authentication Expired");
  assert.ok(error instanceof UserAuthenticationExpiredError);
  assert.ok(error instanceof AuthorizationError);
  assert.equal(error.name, "UserAuthenticationExpiredError");
});
