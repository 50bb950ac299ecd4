/** What shapes of configurations mean for those who connect: the line of the log, and the door. */
import assert from "node:assert/strict";
import { makeDoor } from "../../src/auth/configured_door.ts";
import type { Door, Verdict } from "../../src/auth/door.ts";
import { describeLogins } from "../../src/auth/login_shape.ts";
import { GLOBAL_ACCOUNT } from "../../src/core/account_names.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { ServerOptions } from "../../src/options/options.ts";
import { platform } from "../../src/runtime/mod.ts";
import { optionsOf } from "../config/reading.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { KEYS } from "./jwt/example.ts";

const KEY = KEYS.user.key;
const ACCOUNT = KEYS.account.key;

/** Where those land who bring nothing; empty: nowhere. As nats-server 2.15.3 lets them in. */
type Landing = "" | "$G" | "A";

const MATRIX: readonly (readonly [
  text: string,
  line: string,
  landing: Landing,
])[] = [
  ["", "none, everybody is let in to $G", "$G"],
  ["authorization {}", "none, everybody is let in to $G", "$G"],
  ["authorization { users [] }", "none, everybody is let in to $G", "$G"],
  ["authorization { timeout 5 }", "none, everybody is let in to $G", "$G"],
  ["accounts { A {} }", "none, everybody is let in to $G", "$G"],
  ["accounts [A, B]", "none, everybody is let in to $G", "$G"],
  ["authorization { user a, password b }", "1 user, in $G", ""],
  ["authorization { token t }", "by a token, in $G", ""],
  [
    "authorization { users [{user a}, {user b}] }",
    "2 users, in $G",
    "",
  ],
  [`authorization { users [{nkey ${KEY}}] }`, "1 user by key, in $G", ""],
  [
    `accounts { A { users [{user a}, {nkey ${KEY}}] }, B { users [{user b}] } }`,
    "3 users, 1 of them by key, in 2 accounts",
    "",
  ],
  ["accounts { A { users [{user a}] }, B {} }", "1 user, in A", ""],
  [
    "accounts { A { users [{user a}] } }, authorization {}",
    "1 user, in A",
    "",
  ],
  [
    "accounts { A { users [{user a}] } }\nauthorization { users [{user b}] }",
    "2 users, in 2 accounts",
    "",
  ],
  [
    "accounts { A {} }, authorization { user a, password b }",
    "1 user, in $G",
    "",
  ],
  [
    "accounts { A { users [{user a}] } }, no_auth_user: a",
    "1 user, in A; clients without credentials are a user of A",
    "A",
  ],
  [
    "authorization { users [{user a}, {user b}] }, no_auth_user: b",
    "2 users, in $G; clients without credentials are a user of $G",
    "$G",
  ],
  [
    "accounts { $SYS { users [{user s}] } }",
    "1 user, in $SYS; clients without credentials are let in to $G",
    "$G",
  ],
  [
    "accounts { S { users [{user s}] } }, system_account: S",
    "1 user, in S; clients without credentials are let in to $G",
    "$G",
  ],
  [
    "accounts { $SYS { users [{user s}] } }, authorization {}",
    "1 user, in $SYS",
    "",
  ],
  [
    "accounts { $SYS { users [{user s}] }, A { users [{user a}] } }",
    "2 users, in 2 accounts",
    "",
  ],
  [
    `accounts { A { users [{user a}] } }
     authorization { auth_callout { issuer: ${ACCOUNT}, users: [a], account: A } }`,
    "by a service in A; 1 user of its own",
    "",
  ],
  [
    "authorization { users [{user a}], proxy_required: true }",
    "1 user, in $G; only through a proxy",
    "",
  ],
];

function doorOf(options: ServerOptions): Door {
  return makeDoor({
    authorization: options.authorization,
    accounts: options.accounts,
    account: GLOBAL_ACCOUNT,
    systemAccount: options.systemAccount,
    noAuthUser: options.noAuthUser,
  }, { ...platform, random: seededRandom(1) });
}

/** Where those land who bring nothing. */
async function landing(door: Door): Promise<string> {
  const verdict: Verdict = await door.admit({
    credentials: {
      ...{ user: "", pass: "", auth_token: "", nkey: "", sig: "", jwt: "" },
    },
    nonce: undefined,
    tls: undefined,
    remote: { host: "127.0.0.1", port: 1 },
    connectionType: "STANDARD",
    waiting: { isOver: false, hasLeft: false, begins: () => {} },
    log: silentLogger,
  });
  return "account" in verdict ? verdict.account : "";
}

for (const [text, line, lands] of MATRIX) {
  test(`${JSON.stringify(text)} means ${JSON.stringify(line)}`, async () => {
    const options = optionsOf(text);
    assert.equal(describeLogins(options), `authentication: ${line}`);
    assert.equal(await landing(doorOf(options)), lands);
  });
}

const OPERATOR = KEYS.operator.key;

test("operators, and where accounts come from, are in the line", () => {
  const lineOf = (text: string) => describeLogins(optionsOf(text));
  assert.equal(
    lineOf(`trusted: ${OPERATOR}, resolver: MEM`),
    "authentication: by JWT, under 1 trusted key, accounts from the configuration",
  );
  assert.equal(
    lineOf(
      `trusted: ${OPERATOR}, resolver: URL(http://h/)\n` +
        `resolver_pinned_accounts: [${ACCOUNT}], default_sentinel: eyJ`,
    ),
    "authentication: by JWT, under 1 trusted key, accounts from a URL; " +
      "only 1 account; clients without a JWT have the default one",
  );
  assert.equal(
    lineOf("operator: eyJ0.x.y"),
    "authentication: by JWT, under 1 operator, accounts from where the operator says",
  );
});

test("the line has no secret in it", () => {
  const line = describeLogins(optionsOf(
    "authorization { users [{user ann, password s3cret}] }\nno_auth_user: ann",
  ));
  assert.doesNotMatch(line, /s3cret|ann/);
});
