/** Doors as a table: who stands before which, and whether they come in. */
import assert from "node:assert/strict";
import { fromSeed } from "@nats-io/nkeys";
import { makeDoor } from "../../src/auth/configured_door.ts";
import {
  type Credentials,
  type Door,
  isRefused,
  type LoginRequest,
  type Principal,
} from "../../src/auth/door.ts";
import { ProxyDoor } from "../../src/auth/proxy_door.ts";
import { isBcrypt } from "../../src/auth/secret_check.ts";
import { hasPlainPasswords } from "../../src/auth/user_table.ts";
import { ClosedReason } from "../../src/core/closed.ts";
import type {
  AccountOptions,
  AuthorizationOptions,
  ConnectionType,
  UserOptions,
} from "../../src/options/options.ts";
import { platform } from "../../src/runtime/mod.ts";
import { accountOptions } from "../accounts/account_options.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const HASH = "$2a$04$hash";

/** Takes each hash for that of the password "right". */
const compareHash = (secret: string): Promise<boolean> =>
  Promise.resolve(secret === "right");

interface Shape {
  readonly authorization?: Partial<AuthorizationOptions> | undefined;
  readonly accounts?: readonly AccountOptions[];
  readonly noAuthUser?: string;
}

function shaped(
  { authorization, accounts = [], noAuthUser = "" }: Shape,
): Door {
  return makeDoor({
    authorization: authorization &&
      { users: [], timeoutMs: 1, ...authorization },
    accounts,
    noAuthUser,
    account: "A",
    systemAccount: "$SYS",
  }, { ...platform, compareHash, random: seededRandom(1) });
}

function doorFor(
  authorization: Partial<AuthorizationOptions> | undefined,
  noAuthUser = "",
): Door {
  return shaped({ authorization, noAuthUser });
}

/** Everybody has to come through a proxy, and there is none. */
function behindProxies(door: Door): Door {
  const settings = { trustedKeys: [], isRequired: true };
  return new ProxyDoor(door, settings, platform);
}

/** Who comes in; undefined: nobody does. What the log is told goes to `told`. */
async function comesIn(
  door: Door,
  brought: Partial<Credentials>,
  connectionType: ConnectionType = "STANDARD",
  told: string[] = [],
): Promise<Principal | undefined> {
  const request: LoginRequest = {
    credentials: {
      ...{ user: "", pass: "", auth_token: "", nkey: "", sig: "", jwt: "" },
      ...brought,
    },
    nonce: NONCE,
    tls: undefined,
    remote: { host: "127.0.0.1", port: 1 },
    connectionType,
    waiting: { isOver: false, hasLeft: false, begins: () => {} },
    log: {
      debug: (text) => told.push(`DBG ${text}`),
      warn: (text) => told.push(`WRN ${text}`),
      error: (text) => told.push(`ERR ${text}`),
    },
  };
  const verdict = await door.admit(request);
  if (!isRefused(verdict)) return verdict;
  const { refused, wire } = verdict;
  const isUnproxied = told.includes("DBG proxy connection required");
  assert.equal(
    refused,
    isUnproxied
      ? ClosedReason.PROXY_REQUIRED
      : ClosedReason.AUTHENTICATION_FAILURE,
  );
  assert.equal(wire, "Authorization Violation");
  return undefined;
}

/** The user that comes in. */
async function admitted(
  door: Door,
  brought: Partial<Credentials>,
): Promise<string | undefined> {
  return (await comesIn(door, brought))?.user;
}

const NONCE = "AAECAwQFBgcICQo";
/** The seed, the key and the signature of the reference's worked example. */
const SEED = "SUAEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRB4QE";
const KEY = "UDLVS6J3XQJ2FAM2QJ6HNLNW7OUKJGXOAB7UT4WQTEWZTOBFVUWEQTSF";
const SIG =
  "G0vpyu73BM0F1jlFR7NbofxhCzmlKDZATGmCZM2v5AP3P4nb2w0oYt0LlCtZkMxsBx-oFdVqb9gf9x8S1ORpBg";
const OTHER_KEY = "UBN3ZXH5CJPR7TXTOCXQIRMHJ7MTIWZRJNGFYQZLGYAHXOCLBYWC3UZA";

const TOKEN = doorFor({ token: "right" });
const HASHED_TOKEN = doorFor({ token: HASH });
const USER = doorFor({ user: "ann", password: "right" });
const USERS = doorFor({
  users: [{ user: "ann", password: "right" }, { user: "bob", password: HASH }],
});
const NO_AUTH = doorFor({ users: [{ user: "ann", password: "right" }] }, "ann");

const KEY_USER: UserOptions = { user: "", password: "", nkey: KEY };
const KEYS = doorFor({ users: [{ user: "ann", password: "right" }, KEY_USER] });
const KEY_NO_AUTH = doorFor({ users: [KEY_USER] }, KEY);
const PADDED = `${SIG.replaceAll("-", "+")}==`;

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
  ["a key, signed", KEYS, { nkey: KEY, sig: SIG }, KEY],
  ["a key, signed in padded base64", KEYS, { nkey: KEY, sig: PADDED }, KEY],
  [
    "a key before a name",
    KEYS,
    { nkey: KEY, user: "ann", pass: "right" },
    undefined,
  ],
  ["a name beside keys", KEYS, { user: "ann", pass: "right" }, "ann"],
  ["a key where none is known", USER, { nkey: KEY, sig: SIG }, undefined],
  ["a name where no key is known", USER, {
    nkey: KEY,
    user: "ann",
    pass: "right",
  }, "ann"],
  ["no_auth_user by key, nothing", KEY_NO_AUTH, {}, KEY],
  ["no_auth_user by key, unsigned", KEY_NO_AUTH, { nkey: KEY }, KEY],
  ["no_auth_user by key, another key", KEY_NO_AUTH, {
    nkey: OTHER_KEY,
    sig: SIG,
  }, undefined],
  [
    "a user without a name",
    doorFor({
      users: [{ user: "", password: "" }],
    }),
    {},
    undefined,
  ],
];

for (const [title, door, brought, user] of ROWS) {
  test(`a door decides: ${title}`, async () => {
    assert.equal(await admitted(door, brought), user);
  });
}

test("a greeting says whether the door is open, and who comes without a word", () => {
  assert.deepEqual(doorFor(undefined).greet(), {
    isOpen: true,
    asksLogin: false,
    anonymous: { account: "A", user: "" },
  });
  assert.deepEqual(USERS.greet(), {
    isOpen: false,
    asksLogin: true,
    anonymous: undefined,
  });
  assert.deepEqual(NO_AUTH.greet(), {
    isOpen: false,
    asksLogin: false,
    anonymous: { account: "A", user: "ann" },
  });
  assert.deepEqual(KEY_NO_AUTH.greet(), {
    isOpen: false,
    asksLogin: false,
    anonymous: undefined,
  });
});

test("what is wrong with a signature is told to the log, and lets nobody in", async () => {
  const base = { nkey: KEY, user: "ann", pass: "right" };
  const faults: readonly [sig: string, fault: string][] = [
    ["", "Signature missing"],
    ["%", "Signature not valid base64"],
    [`${SIG}==`, "Signature not valid base64"],
    [SIG.slice(0, -1), "Signature not valid base64"],
    [`A${SIG.slice(1)}`, "Signature not verified"],
    [SIG.slice(0, -2), "Signature not verified"],
    [`${SIG}AAAA`, "Signature not verified"],
    ["AA", "Signature not verified"],
  ];
  for (const [sig, fault] of faults) {
    const told: string[] = [];
    assert.equal(
      await comesIn(KEYS, { ...base, sig }, "STANDARD", told),
      undefined,
    );
    assert.deepEqual(told, [`DBG ${fault}`], sig);
  }
});

test("a nonce is made where a key is known, and never twice", () => {
  const nonces = Array.from({ length: 100 }, () => KEYS.makeNonce());
  for (const nonce of nonces) assert.match(nonce ?? "", /^[\w-]{15}$/);
  assert.equal(new Set(nonces).size, 100);
  assert.equal(USERS.makeNonce(), undefined);
  assert.equal(doorFor(undefined).makeNonce(), undefined);
});

test("users of accounts come into their accounts, with their permissions or the account's", async () => {
  const own = { publish: { deny: [">"] } };
  const defaults = { subscribe: { allow: ["x"] } };
  const door = shaped({
    accounts: [
      accountOptions("B", {
        users: [
          { user: "b", password: "right", permissions: own },
          { user: "c", password: HASH },
        ],
        defaultPermissions: defaults,
      }),
      accountOptions("C", { users: [KEY_USER] }),
    ],
  });
  const b = await comesIn(door, { user: "b", pass: "right" });
  assert.equal(b?.account, "B");
  assert.equal(b?.permissions, own);
  const c = await comesIn(door, { user: "c", pass: "right" });
  assert.equal(c?.permissions, defaults);
  const byKey = await comesIn(door, { nkey: KEY, sig: SIG });
  assert.equal(byKey?.account, "C");
  assert.equal(byKey?.claims?.issuerKey, "C");
  assert.equal(await comesIn(door, {}), undefined);
  assert.equal(await comesIn(door, { user: "b", pass: "no" }), undefined);
});

test("a user comes by the kinds of connection that it is allowed", async () => {
  const door = doorFor({
    users: [
      { user: "ann", password: "right", connectionTypes: ["IN_PROCESS"] },
      { ...KEY_USER, connectionTypes: ["WEBSOCKET", "STANDARD"] },
    ],
  });
  const ann = { user: "ann", pass: "right" };
  const key = { nkey: KEY, sig: SIG };
  assert.equal((await comesIn(door, ann, "IN_PROCESS"))?.user, "ann");
  assert.equal(await comesIn(door, ann, "STANDARD"), undefined);
  assert.equal((await comesIn(door, key, "STANDARD"))?.user, KEY);
  assert.equal(await comesIn(door, key, "IN_PROCESS"), undefined);
});

test("no_auth_user holds for the kinds of connection of that user", async () => {
  const door = doorFor({
    users: [{ user: "ann", password: "", connectionTypes: ["WEBSOCKET"] }],
  }, "ann");
  assert.equal(door.greet().anonymous, undefined);
  assert.equal(await comesIn(door, {}, "STANDARD"), undefined);
  assert.equal((await comesIn(door, {}, "WEBSOCKET"))?.user, "ann");
});

test("CVE-2023-47090: users of the system account alone close the door to nobody, and open that account to nobody", async () => {
  const system = accountOptions("$SYS", {
    users: [{ user: "admin", password: "right" }],
  });
  const door = shaped({ accounts: [system] });
  const hidden = await comesIn(door, {});
  assert.match(hidden?.user ?? "", /^nats-\w{8}$/);
  assert.equal(hidden?.account, "A");
  assert.equal(door.greet().asksLogin, true);
  assert.deepEqual(door.greet().anonymous, hidden);
  assert.equal(await comesIn(door, { user: "admin", pass: "no" }), undefined);
  assert.equal(
    await comesIn(door, { user: hidden?.user ?? "", pass: "" }),
    undefined,
  );
  const admin = await comesIn(door, { user: "admin", pass: "right" });
  assert.equal(admin?.account, "$SYS");
  const closed: readonly Shape[] = [
    { accounts: [system], authorization: {} },
    {
      accounts: [
        system,
        accountOptions("B", { users: [{ user: "b", password: "" }] }),
      ],
    },
    { accounts: [system], authorization: { token: "t" } },
  ];
  for (const shape of closed) {
    assert.equal(await comesIn(shaped(shape), {}), undefined);
  }
});

test("CVE-2020-26892: keys that are none, and of another kind, let nobody in", async () => {
  const server = fromSeed(new TextEncoder().encode(SEED));
  assert.equal(server.getPublicKey(), KEY);
  const keys = [
    ...["U", "UAAA", SEED, KEY.toLowerCase(), `${KEY}A`, KEY.slice(1)],
    ...[`A${KEY.slice(1)}`, "U".repeat(56), "\u0000", "x".repeat(4000)],
    ...["__proto__", "constructor", OTHER_KEY],
  ];
  for (const nkey of keys) {
    assert.equal(await comesIn(KEYS, { nkey, sig: SIG }), undefined, nkey);
  }
  // A configuration that a program made may name one that is no key.
  const odd = doorFor({ users: [{ ...KEY_USER, nkey: "U" }] });
  const told: string[] = [];
  assert.equal(
    await comesIn(odd, { nkey: "U", sig: SIG }, "STANDARD", told),
    undefined,
  );
  assert.deepEqual(told, [
    "DBG User nkey not valid: nkeys: invalid public key",
  ]);
});

test("a single user and a token have the permissions of their block", async () => {
  const defaultPermissions = { publish: { allow: ["a"] } };
  const one = doorFor({ user: "ann", password: "p", defaultPermissions });
  const ann = await comesIn(one, { user: "ann", pass: "p" });
  assert.equal(ann?.permissions, defaultPermissions);
  const token = doorFor({ token: "t", defaultPermissions });
  const anybody = await comesIn(token, { auth_token: "t" });
  assert.equal(anybody?.permissions, defaultPermissions);
});

test("who has to come through a proxy does not come in without one", async () => {
  const user = { user: "ann", password: "p" };
  const each = doorFor({ users: [{ ...user, proxyRequired: true }] });
  const all = behindProxies(doorFor({ users: [user] }));
  for (const door of [each, all]) {
    const told: string[] = [];
    const ann = { user: "ann", pass: "p" };
    assert.equal(await comesIn(door, ann, "STANDARD", told), undefined);
    assert.deepEqual(told, ["DBG proxy connection required"]);
  }
  const bound = [{ ...user, proxyRequired: true }];
  for (
    const anonymous of [
      behindProxies(doorFor({ users: [user] }, "ann")),
      doorFor({ users: bound }, "ann"),
      behindProxies(doorFor(undefined)),
    ]
  ) {
    assert.equal(anonymous.greet().anonymous, undefined);
    assert.equal(anonymous.greet().isOpen, false);
    assert.equal(await comesIn(anonymous, {}), undefined);
  }
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
  const plain = (user: UserOptions): boolean =>
    hasPlainPasswords({
      authorization: { users: [user], timeoutMs: 1 },
      accounts: [],
    }) || hasPlainPasswords({
      authorization: undefined,
      accounts: [accountOptions("B", { users: [user] })],
    });
  assert.equal(
    hasPlainPasswords({ authorization: undefined, accounts: [] }),
    false,
  );
  assert.equal(plain({ user: "ann", password: HASH }), false);
  assert.equal(plain({ user: "ann", password: "" }), false);
  assert.equal(plain(KEY_USER), false);
  assert.equal(plain({ user: "ann", password: "secret" }), true);
});
