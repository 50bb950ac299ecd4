/** Doors as a table: who stands before which, and whether they come in. */
import assert from "node:assert/strict";
import {
  type Credentials,
  type Door,
  isRefused,
  type LoginRequest,
} from "../../src/auth/door.ts";
import {
  hasPlainPasswords,
  isBcrypt,
  makeDoor,
} from "../../src/auth/passwords.ts";
import { ClosedReason } from "../../src/core/closed.ts";
import type { AuthorizationOptions } from "../../src/options/options.ts";
import { test } from "../support/test.ts";

const HASH = "$2a$04$hash";

/** Takes each hash for that of the password "right". */
const compareHash = (secret: string): Promise<boolean> =>
  Promise.resolve(secret === "right");

function doorFor(
  authorization: Partial<AuthorizationOptions> | undefined,
  noAuthUser = "",
): Door {
  return makeDoor({
    authorization: authorization &&
      { users: [], timeoutMs: 1, ...authorization },
    noAuthUser,
    account: "A",
    compareHash,
  });
}

/** The user that comes in; undefined: nobody does. */
async function admitted(
  door: Door,
  brought: Partial<Credentials>,
): Promise<string | undefined> {
  const request: LoginRequest = {
    credentials: { user: "", pass: "", auth_token: "", ...brought },
    nonce: undefined,
    tls: undefined,
    remote: { host: "127.0.0.1", port: 1 },
    waiting: { isOver: false, hasLeft: false, begins: () => {} },
  };
  const verdict = await door.admit(request);
  if (isRefused(verdict)) {
    assert.deepEqual(verdict, {
      refused: ClosedReason.AUTHENTICATION_FAILURE,
      wire: "Authorization Violation",
    });
    return undefined;
  }
  assert.equal(verdict.account, "A");
  return verdict.user;
}

const TOKEN = doorFor({ token: "right" });
const HASHED_TOKEN = doorFor({ token: HASH });
const USER = doorFor({ user: "ann", password: "right" });
const USERS = doorFor({
  users: [{ user: "ann", password: "right" }, { user: "bob", password: HASH }],
});
const NO_AUTH = doorFor({ users: [{ user: "ann", password: "right" }] }, "ann");

const ROWS: readonly [
  title: string,
  door: Door,
  brought: Partial<Credentials>,
  user: string | undefined,
][] = [
  ["open, nothing", doorFor(undefined), {}, ""],
  ["open, anything", doorFor(undefined), { user: "x", pass: "y" }, ""],
  ["token, right", TOKEN, { auth_token: "right" }, "[REDACTED]"],
  ["token, wrong", TOKEN, { auth_token: "wrong" }, undefined],
  ["token, none", TOKEN, {}, undefined],
  ["token, as a password", TOKEN, { pass: "right" }, undefined],
  ["hashed token, right", HASHED_TOKEN, { auth_token: "right" }, "[REDACTED]"],
  [
    "hashed token, the hash itself",
    HASHED_TOKEN,
    { auth_token: HASH },
    undefined,
  ],
  ["user, right", USER, { user: "ann", pass: "right" }, "ann"],
  ["user, wrong password", USER, { user: "ann", pass: "wrong" }, undefined],
  ["user, unknown", USER, { user: "eve", pass: "right" }, undefined],
  ["user, none", USER, {}, undefined],
  ["users, plain", USERS, { user: "ann", pass: "right" }, "ann"],
  ["users, hashed", USERS, { user: "bob", pass: "right" }, "bob"],
  ["users, hashed, wrong", USERS, { user: "bob", pass: "no" }, undefined],
  ["no_auth_user, nothing", NO_AUTH, {}, "ann"],
  ["no_auth_user, wrong", NO_AUTH, { user: "ann", pass: "no" }, undefined],
  ["no_auth_user, unknown", doorFor({ token: "t" }, "ann"), {}, undefined],
];

for (const [title, door, brought, user] of ROWS) {
  test(`a door decides: ${title}`, async () => {
    assert.equal(await admitted(door, brought), user);
  });
}

test("a greeting says whether the door is open, and who comes without a word", () => {
  assert.deepEqual(doorFor(undefined).greet(), {
    isOpen: true,
    nonce: undefined,
    anonymous: { account: "A", user: "" },
  });
  assert.deepEqual(USERS.greet(), {
    isOpen: false,
    nonce: undefined,
    anonymous: undefined,
  });
  assert.deepEqual(NO_AUTH.greet().anonymous, { account: "A", user: "ann" });
});

test("only hashes of bcrypt are taken for hashes", () => {
  for (const hash of ["$2a$10$x", "$2b$04$", "$2x$31$a", "$2y$05$b"]) {
    assert.equal(isBcrypt(hash), true, hash);
  }
  for (const text of ["", "$2c$10$x", "2a$10$x", "$2a$1$x", "$1$10$x"]) {
    assert.equal(isBcrypt(text), false, text);
  }
});

test("passwords that stand in a configuration as they are are found", () => {
  const users = (password: string): AuthorizationOptions => ({
    users: [{ user: "ann", password }],
    timeoutMs: 1,
  });
  assert.equal(hasPlainPasswords(undefined), false);
  assert.equal(hasPlainPasswords(users(HASH)), false);
  assert.equal(hasPlainPasswords(users("")), false);
  assert.equal(hasPlainPasswords(users("secret")), true);
});
