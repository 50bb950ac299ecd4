/** Operators, resolvers, auth callout and proxies: from text to options, and what is wrong. */
import assert from "node:assert/strict";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import type { ServerOptions, TrustOptions } from "../../src/options/options.ts";
import { verifySignature } from "../../src/runtime/process/signatures.ts";
import { JWTS, KEYS } from "../auth/jwt/example.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, parse, warningsOf, worldOf } from "./reading.ts";

const OPERATOR = KEYS.operator.key;
const ACCOUNT = KEYS.account.key;
const CURVE = "XDVLTBF42EPHJMHI6POP4VJSFGRARHOPPFYYPZRQVLF522BWKFJG4ROL";

const FILES = {
  "op.jwt": `${JWTS.op}\n`,
  "decorated.jwt": `
-----BEGIN NATS OPERATOR JWT-----
${JWTS.op}
------END NATS OPERATOR JWT------
`,
  "acc.jwt": JWTS.acc,
  "bad.jwt": "nothing",
};

/** The options of a file whose JWTs are checked. */
function checked(text: string): ServerOptions {
  const world = { ...worldOf(FILES), verifySignature };
  return optionsFrom(parse(text, world), world).options;
}

function trustOf(text: string): TrustOptions {
  const { trust } = checked(text);
  assert.ok(trust);
  return trust;
}

test("an operator is a JWT, or a file with one", () => {
  for (const text of [JWTS.op, "op.jwt", "decorated.jwt"]) {
    for (const key of ["operator", "operators", "root", "root_operators"]) {
      assert.deepEqual(trustOf(`${key}: "${text}"`).operators, [JWTS.op]);
    }
    assert.deepEqual(
      trustOf(`operator: ["${text}"], resolver: MEM`).operators,
      [JWTS.op],
    );
  }
});

test("keys of operators are trusted without their JWTs", () => {
  const trust = trustOf(`trusted_keys: [${OPERATOR}], resolver: MEMORY`);
  assert.deepEqual(trust.trustedKeys, [OPERATOR]);
  const alias = trustOf(`trusted: ${OPERATOR}, resolver: mem`);
  assert.deepEqual(alias.trustedKeys, [OPERATOR]);
});

const FOLDER = {
  folder: "/jwt",
  limit: 0,
  intervalMs: 60_000,
  timeoutMs: 1900,
  ttlMs: 0,
  allowDelete: false,
  hardDelete: false,
};

const RESOLVERS: readonly (readonly [text: string, resolver: unknown])[] = [
  ["MEMORY", { kind: "memory" }],
  ["mem", { kind: "memory" }],
  ["URL(http://h:9/jwt/)", { kind: "url", url: "http://h:9/jwt/" }],
  ['URL("https://h/x/")', { kind: "url", url: "https://h/x/" }],
  ["'url( http://h )'", { kind: "url", url: "http://h" }],
  ["{ type: full, dir: /jwt }", { kind: "full", ...FOLDER }],
  [
    "{ type: FULL, dir: /jwt, allow_delete: true, hard_delete: true\n" +
    'limit: 9, interval: "2m", timeout: 3s }',
    {
      kind: "full",
      ...FOLDER,
      allowDelete: true,
      hardDelete: true,
      limit: 9,
      intervalMs: 120_000,
      timeoutMs: 3000,
    },
  ],
  ['{ type: cache, dir: /jwt, ttl: "1h" }', {
    kind: "cache",
    ...FOLDER,
    ttlMs: 3_600_000,
    allowDelete: true,
    hardDelete: true,
  }],
];

for (const [text, resolver] of RESOLVERS) {
  test(`the resolver ${JSON.stringify(text)} is understood`, () => {
    for (const key of ["resolver", "account_resolver", "accounts_resolver"]) {
      const trust = trustOf(
        `operator: op.jwt, ${key}: ${text}\nsystem_account: ${ACCOUNT}`,
      );
      assert.deepEqual(trust.resolver, resolver);
    }
  });
}

test("accounts may be loaded before, and be the only ones", () => {
  const { preload, pinnedAccounts } = trustOf(
    `operator: op.jwt, resolver_preload { ${ACCOUNT}: ${JWTS.acc} }\n` +
      `resolver: MEM, resolver_pinned_accounts: [${ACCOUNT}]`,
  );
  assert.deepEqual([...preload], [[ACCOUNT, JWTS.acc]]);
  assert.deepEqual(pinnedAccounts, [ACCOUNT]);
  assert.equal(trustOf("operator: op.jwt").pinnedAccounts, undefined);
});

test("a service may decide about logins", () => {
  const calloutOf = (text: string) =>
    optionsOf(`authorization { ${text} }`).authorization?.authCallout;
  assert.deepEqual(
    calloutOf(`auth_callout { issuer: ${ACCOUNT}, auth_users: [a] }`),
    {
      issuer: ACCOUNT,
      account: "$G",
      authUsers: ["a"],
      xkey: "",
      allowedAccounts: [],
    },
  );
  assert.deepEqual(
    optionsOf(
      `accounts { B {} }, authorization { auth_hook { issuer: ${ACCOUNT}\n` +
        `users: [a], acc: B, key: ${CURVE}, allowed_accounts: [B] } }`,
    ).authorization?.authCallout,
    {
      issuer: ACCOUNT,
      account: "B",
      authUsers: ["a"],
      xkey: CURVE,
      allowedAccounts: ["B"],
    },
  );
});

test("clients may have to come through a proxy", () => {
  const text =
    `proxies { trusted: [{ key: ${KEYS.user.key} }, { public_key: ${ACCOUNT} }] }\n` +
    "authorization { proxy_required: true\n" +
    "users [{ user: a, proxy_required: true }] }";
  const { proxies, authorization } = optionsOf(text);
  assert.deepEqual(proxies?.trustedKeys, [KEYS.user.key, ACCOUNT]);
  assert.equal(authorization?.proxyRequired, true);
  assert.equal(authorization?.users[0]?.proxyRequired, true);
  assert.deepEqual(warningsOf(text), []);
});

const RESOLVER_WRONG = "error parsing account resolver, should be MEM or  " +
  'URL("url") or a map containing dir and type state=[FULL|CACHE])';

const WRONG: readonly (readonly [text: string, ...errors: string[]])[] = [
  // Operators.
  [
    "operator: nofile.jwt",
    "1:1: error parsing operator JWT: open nofile.jwt: no such file or directory",
  ],
  [
    "operator: acc.jwt, resolver: MEM",
    "1:1: error parsing operator JWT: not operator claim",
  ],
  ["operator: bad.jwt", "1:1: error parsing operator JWT: expected 3 chunks"],
  [
    `operator: "${JWTS.op.slice(0, -4)}AAAA"`,
    "1:1: error parsing operator JWT: claim failed V2 signature verification",
  ],
  ["operator: 5", "1:1: error parsing operator: unsupported type int64"],
  [
    "operator: [op.jwt, 5 ]",
    "1:20: error parsing operator: unsupported type in array int64",
  ],
  [
    "trusted: foo, resolver: MEM",
    '1:1: trust key "foo" required to be a valid public operator nkey',
  ],
  [
    `trusted: ${ACCOUNT}, resolver: MEM`,
    `1:1: trust key "${ACCOUNT}" required to be a valid public operator nkey`,
  ],
  ["trusted: 5", "1:1: error parsing trusted: unsupported type int64"],
  [
    `operator: op.jwt\ntrusted: ${OPERATOR}\nresolver: MEM`,
    "2:1: conflicting options for 'TrustedKeys' and 'TrustedOperators'",
  ],
  [
    `trusted: ${OPERATOR}`,
    "1:1: operators require an account resolver to be configured",
  ],
  [
    "operator: op.jwt, resolver: MEM\n" +
    "authorization { users [{ user a }] }\naccounts { A {} }\nno_auth_user: a",
    "2:1: operators do not allow users to be configured directly",
    "3:1: operators do not allow Accounts to be configured directly",
    "4:1: no_auth_user not compatible with Trusted Operator",
  ],
  [
    "operator: op.jwt, authorization { token t }",
    "1:19: operators do not allow users to be configured directly",
  ],
  [
    `operator: op.jwt\nauthorization { auth_callout { issuer ${ACCOUNT}, users [a] } }`,
    "2:1: operators do not allow authorization callouts to be configured directly",
  ],
  [
    "default_sentinel: x",
    "1:1: default sentinel requires operators and accounts",
  ],

  [
    "operator: op.jwt, default_sentinel: x",
    "1:19: default sentinel JWT not valid",
  ],
  [
    `operator: op.jwt, default_sentinel: "${JWTS.alice}"`,
    "1:19: default sentinel must be a bearer token",
  ],
  [
    `trusted: ${OPERATOR}, resolver: MEM\ndefault_sentinel: x`,
    "2:1: default sentinel requires operators and accounts",
  ],

  // Resolvers.
  ["operator: op.jwt, resolver: X", `1:19: ${RESOLVER_WRONG}`],
  ["operator: op.jwt, resolver: URL(x)", `1:19: ${RESOLVER_WRONG}`],
  [
    "operator: op.jwt, resolver: 5",
    "1:19: error parsing operator resolver, wrong type int64",
  ],
  [
    "operator: op.jwt\nresolver { type: foo, bar: 1, limit: x }",
    `2:1: ${RESOLVER_WRONG}`,
    "2:1: dir has no value and needs to point to a directory",
    '2:23: unknown field "bar"',
    "2:31: limit must be an integer, got a string",
  ],
  [
    "operator: op.jwt\nresolver { type: cache, dir: d, allow_delete: yes\n" +
    "interval: 1s, timeout: 0s, hard_delete: on }",
    "2:33: CACHE does not accept allow_delete",
    "3:1: CACHE does not accept sync",
    "3:15: Fetch timeout 0s is too smal",
    "3:28: CACHE does not accept hard_delete",
  ],
  [
    "operator: op.jwt\nresolver { type: full, dir: d, ttl: 1s, hard_delete: on }",
    "2:32: FULL does not accept ttl",
    "2:41: hard_delete has no effect without delete",
  ],
  [
    "operator: op.jwt\nresolver { type: full, dir: d }",
    "2:1: using nats based account resolver - the system account needs to be " +
    "specified in configuration or the operator jwt",
  ],
  [
    "operator: op.jwt, resolver: URL(http://h/)\n" +
    `resolver_preload { ${ACCOUNT}: ${JWTS.acc} }`,
    "2:1: resolver preloads only available for writeable resolver types " +
    "MEM/DIR/CACHE_DIR",
  ],
  [
    "operator: op.jwt\nresolver_preload: 5",
    "2:1: preload should be a map of account_public_key:account_jwt",
  ],
  [
    `operator: op.jwt\nresolver_preload { x: y\n${ACCOUNT}: z }`,
    "2:20: invalid account JWT",
    "3:1: invalid account JWT",
  ],
  [
    `operator: op.jwt\nresolver_preload { ${KEYS.accountSigning.key}: ${JWTS.acc} }`,
    "2:20: invalid account JWT",
  ],
  [
    "operator: op.jwt\nresolver_pinned_accounts: [foo, 5 ]",
    '2:1: pinned account key "foo" is not a valid public account nkey',
    "2:33: error parsing resolver_pinned_accounts: unsupported type in array int64",
  ],

  // Callouts.
  [
    "authorization { auth_callout: 5 }",
    "1:17: Expected authorization callout to be a map/struct, got 5",
  ],
  [
    "authorization { auth_callout {} }",
    "1:17: Authorization callouts require an issuer to be specified",
    "1:17: Authorization callouts require authorized users to be specified",
  ],
  [
    "authorization { auth_callout { issuer: foo, auth_users: 5, xkey: foo, bar: 1 } }",
    "1:32: Expected callout user to be a valid public account nkey, " +
    'got "foo"',
    "1:45: Expected auth_users field to be an array, got int64",
    '1:60: Expected callout xkey to be a valid public xkey, got "foo"',
    '1:71: Unknown field "bar" parsing authorization callout',
  ],
  [
    `authorization { auth_callout { issuer: ${ACCOUNT}, users: [a]\n` +
    "account: QQ, allowed_accounts: [YY] } }",
    '2:1: auth_callout account "QQ" not found in configured accounts',
    '2:14: auth_callout allowed account "YY" not found in configured accounts',
  ],
  [
    `cluster { authorization { auth_callout { issuer: ${ACCOUNT}, users: [a] } } }`,
    "1:27: Cluster authorization does not support callouts",
  ],
  [
    "cluster { authorization { user a, pass b, permissions { publish x, allow_responses: true } } }",
    "1:43: Cluster permissions do not support dynamic responses",
  ],
  [
    "cluster { authorization { users [{ user a, pass b, permissions { publish x } }]\n" +
    "permissions { publish y } } }",
    "1:11: Cluster authorization knows users with a name and a password only",
  ],

  // Proxies.
  ["proxies: 5", "1:1: expected proxies to be a map/struct, got int64"],
  [
    "proxies { trusted: 5 }",
    "1:11: expected proxies' trusted field to be an array, got int64",
  ],
  [
    "proxies { foo: 1, trusted: [5 , { key: foo }, {}] }",
    '1:11: unknown field "foo"',
    "1:29: expected proxies' trusted entry to be a map/struct, got int64",
    '1:35: invalid proxy key "foo"',
    '1:47: proxy trusted key "" is invalid',
  ],
];

for (const [text, ...errors] of WRONG) {
  test(`${JSON.stringify(text.slice(0, 100))} is refused`, () => {
    assert.deepEqual(errorsOf(() => checked(text)), errors);
  });
}

test("without an operator, what is said of its accounts has no effect", () => {
  const because = "has no effect: there is no operator";
  assert.deepEqual(
    warningsOf(
      `resolver: MEM\nresolver_preload {}\nresolver_pinned_accounts: [${ACCOUNT}]`,
    ),
    [
      `1:1: "resolver" ${because}`,
      `2:1: "resolver_preload" ${because}`,
      `3:1: "resolver_pinned_accounts" ${because}`,
    ],
  );
  assert.equal(optionsOf("resolver: MEM").trust, undefined);
});

test("no complaint shows a JWT", () => {
  const text = `operator: op.jwt\nresolver_preload { x: ${JWTS.acc} }\n` +
    `default_sentinel: ${JWTS.acc}`;
  try {
    checked(text);
    assert.fail("It was taken");
  } catch (error) {
    assert.doesNotMatch(String(error), /eyJ/);
  }
});
