/** Operator mode on a server in memory: who comes in by a JWT, as whom, and for how long. */
import assert from "node:assert/strict";
import { createAccount, createOperator, createUser } from "@nats-io/nkeys";
import type { TrustOptions } from "../../src/options/options.ts";
import { Chain, type ChainUser, keyOf, signNonce } from "../auth/jwt/chain.ts";
import { JWTS, KEYS } from "../auth/jwt/example.ts";
import { startMidge } from "../support/midge.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  startStillMidge,
  type StillMidge,
  type StillPeer,
} from "./still_midge.ts";

const VIOLATION = "-ERR 'Authorization Violation'\r\n";

/** A client that has read its INFO, and that INFO. */
async function comes(
  still: StillMidge,
): Promise<{ peer: StillPeer; nonce: string }> {
  const { peer, greeting } = await still.greeted();
  const info = JSON.parse(greeting.slice("INFO ".length));
  assert.equal(info.auth_required, true);
  assert.match(info.nonce, /^[\w-]{15}$/);
  return { peer, nonce: info.nonce };
}

async function loggedIn(
  still: StillMidge,
  { jwt, pair }: Pick<ChainUser, "jwt" | "pair">,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<StillPeer> {
  const { peer, nonce } = await comes(still);
  const sig = signNonce(pair, nonce);
  const all = {
    verbose: false,
    pedantic: false,
    protocol: 1,
    jwt,
    sig,
    ...fields,
  };
  await peer.say(`CONNECT ${JSON.stringify(all)}\r\nPING\r\n`);
  return peer;
}

async function staysIn(peer: StillPeer): Promise<void> {
  peer.take();
  await peer.say("PING\r\n");
  assert.equal(peer.take(), "PONG\r\n");
}

function linesOf(still: StillMidge): string[] {
  return still.midge.log.lines.map((line) =>
    line.replace(/^(\w+) \S+ - cid:\d+ - /, "$1 ")
  );
}

function start(t: TestContext, trust: TrustOptions): Promise<StillMidge> {
  return startStillMidge(t, { trust });
}

const EXAMPLE: TrustOptions = new Chain().trust(
  [[KEYS.account.key, JWTS.acc]],
  { operators: [JWTS.op] },
);
const USER = keyOf(KEYS.user.seed);

test("the worked example: each user comes in with what its JWT, or its role, says", async (t) => {
  const still = await start(t, EXAMPLE);
  const rows: readonly [
    name: keyof typeof JWTS,
    payload: number,
    issuer: string,
  ][] = [
    ["alice", 1_048_576, KEYS.account.key],
    ["carol", 1_048_576, KEYS.accountSigning.key],
    ["bob", 1024, KEYS.scoped.key],
    ["old", 1_048_576, KEYS.account.key],
  ];
  for (const [name, maxPayload, issuer] of rows) {
    const peer = await loggedIn(still, { jwt: JWTS[name], pair: USER });
    const [pong, info = ""] = peer.take().split("\r\n");
    assert.equal(pong, "PONG");
    const told = JSON.parse(info.slice("INFO ".length));
    assert.equal(told.remote_account, KEYS.account.key);
    assert.equal(told.max_payload, maxPayload);
    assert.equal(told.nonce, undefined);
    const [row] = still.midge.server.connz({ auth: true, sort: "cid" })
      .connections.slice(-1);
    assert.deepEqual(
      [row?.authorized_user, row?.account, row?.issuer_key, row?.name_tag],
      [KEYS.user.key, KEYS.account.key, issuer, "ACC"],
    );
    assert.equal(row?.jwt, JWTS[name]);
    assert.deepEqual(
      row?.tags,
      name === "bob" ? ["team:x", "team:y"] : undefined,
    );
    peer.end();
  }
  assert.ok(
    linesOf(still).includes(
      `DBG Authenticated JWT: Client "${KEYS.user.key}" (claim-name: "bob", claim-tags: ["team:x" "team:y"]) ` +
        `signed with "${KEYS.scoped.key}" by Account "${KEYS.account.key}" (claim-name: "ACC", claim-tags: []) ` +
        `signed with "${KEYS.operatorSigning.key}" has mappings false`,
    ),
  );
});

test("the worked example: a role bounds what its users do", async (t) => {
  const still = await start(t, EXAMPLE);
  const bob = await loggedIn(still, { jwt: JWTS.bob, pair: USER });
  bob.take();
  await bob.say(
    "SUB dev.bob.* 1\r\nPUB dev.bob.a 1\r\nx\r\nPUB t.x 0\r\n\r\nPUB t.z 0\r\n\r\n",
  );
  assert.equal(
    bob.take(),
    "MSG dev.bob.a 1 1\r\nx\r\n-ERR 'Permissions Violation for Publish to \"t.z\"'\r\n",
  );
  await bob.say("SUB dev.bob.secret 2\r\nSUB dev.eve.> 3\r\n");
  assert.equal(
    bob.take(),
    "-ERR 'Permissions Violation for Subscription to \"dev.bob.secret\"'\r\n" +
      "-ERR 'Permissions Violation for Subscription to \"dev.eve.>\"'\r\n",
  );
  const subs = Array.from(
    { length: 10 },
    (_, at) => `SUB _INBOX.${at} 1${at}\r\n`,
  );
  await bob.say(subs.join(""));
  assert.match(bob.take(), /^-ERR 'maximum subscriptions exceeded'/);
  const alice = await loggedIn(still, { jwt: JWTS.alice, pair: USER });
  alice.take();
  await alice.say("PUB a.b 0\r\n\r\nPUB b 0\r\n\r\n");
  assert.equal(
    alice.take(),
    "-ERR 'Permissions Violation for Publish to \"b\"'\r\n",
  );
});

/** Each of them alone keeps a user out, with its line. */
function refusals(): readonly [
  title: string,
  trust: TrustOptions,
  user: ChainUser,
  line: RegExp | string,
  fields?: Readonly<Record<string, unknown>>,
][] {
  const chain = new Chain();
  const account = chain.account();
  const signer = createAccount();
  const role = (template: object): object => ({
    kind: "user_scope",
    key: signer.getPublicKey(),
    role: "r",
    template,
  });
  const byRole = account.userOf(signer, { issuer_account: account.key });
  const trust = chain.trust([account.entry()]);
  const scoped = (template: object): TrustOptions =>
    chain.trust([account.entry({ signing_keys: [role(template)] })]);
  const stranger = new Chain().account();
  const user = account.user();
  const bearer = account.user({ bearer_token: true });
  return [
    [
      "no JWT",
      trust,
      { ...user, jwt: "" },
      "Authentication requires a user JWT",
    ],
    [
      "garbage",
      trust,
      { ...user, jwt: "x.y.z" },
      "Authentication requires a user JWT",
    ],
    [
      "an account's JWT",
      trust,
      { ...user, jwt: account.jwt() },
      "Authentication requires a user JWT",
    ],
    [
      "a JWT that is cut",
      trust,
      { ...user, jwt: user.jwt.slice(0, -4) },
      "Authentication requires a user JWT",
    ],
    [
      "CVE-2020-26521: expired",
      trust,
      account.user({}, { exp: 2 }),
      "User JWT no longer valid: &{Issues:[claim is expired]}",
    ],
    [
      "not yet valid",
      trust,
      account.user({}, { nbf: 9e9 }),
      "User JWT no longer valid: &{Issues:[claim is not yet valid]}",
    ],
    [
      "two faults",
      trust,
      account.user({ src: ["foo"], times_location: "Foo/Bar" }),
      'User JWT no longer valid: &{Issues:[invalid cidr "foo" in user src limits could not parse iana time zone by name: unknown time zone Foo/Bar]}',
    ],
    [
      "a bad permission",
      trust,
      account.user({ pub: { allow: ["a b"] } }),
      'User JWT no longer valid: &{Issues:[Permission Subject "a b" is not allowed to contain queue]}',
    ],
    [
      "not pinned",
      chain.trust([account.entry()], { pinnedAccounts: [stranger.key] }),
      user,
      `Account ${account.key} not listed as operator pinned account`,
    ],
    [
      "an unknown account",
      trust,
      stranger.user(),
      "Account JWT lookup error: account missing",
    ],
    [
      "an account of another operator",
      chain.trust([stranger.entry()]),
      stranger.user(),
      "Account JWT lookup error: account validation failed",
    ],
    [
      "an account's JWT that is none",
      chain.trust([[account.key, "x"]]),
      user,
      "Account JWT lookup error: expected 3 chunks",
    ],
    ["an unknown signing key", trust, byRole, "User JWT issuer is not known"],
    [
      "rights beside a role",
      scoped({}),
      account.userOf(signer, { issuer_account: account.key, subs: -1 }),
      "User JWT is not valid: scoped users require no permissions or limits set",
    ],
    [
      "a template of nothing",
      scoped({ pub: { deny: ["{{tag(x)}}"] } }),
      byRole,
      "User JWT generated invalid permissions",
    ],
    [
      "a template with a function of its own",
      scoped({ pub: { allow: ["{{foo()}}"] } }),
      byRole,
      "User JWT generated invalid permissions",
    ],
    [
      "a bearer where none may come",
      chain.trust([
        account.entry({ limits: { conn: -1, disallow_bearer: true } }),
      ]),
      bearer,
      "Account does not allow bearer tokens",
    ],
    [
      "a bearer of an account that asks a service about logins",
      chain.trust([
        account.entry({
          limits: { conn: -1 },
          authorization: { auth_users: [createUser().getPublicKey()] },
        }),
      ]),
      bearer,
      /^DBG Authorization callout response not received in time on account/,
    ],
    [
      "an unknown kind of connection",
      trust,
      account.user({ allowed_connection_types: ["FOO"] }),
      'invalid connection types ["FOO"]',
    ],
    [
      "another kind of connection",
      trust,
      account.user({ allowed_connection_types: ["websocket", "FOO"] }),
      "Connection type not allowed",
    ],
    ["no signature", trust, user, "Signature missing", { sig: "" }],
    ["no base64", trust, user, "Signature not valid base64", { sig: "%" }],
    [
      "another one's signature",
      trust,
      { ...user, pair: account.user().pair },
      "Signature not verified",
    ],
    [
      "revoked",
      chain.trust([account.entry({ revocations: { [user.key]: 1000 } })]),
      user,
      "User authentication revoked",
    ],
    [
      "all are revoked",
      chain.trust([account.entry({ revocations: { "*": 1000 } })]),
      user,
      "User authentication revoked",
    ],
    [
      "another network",
      trust,
      account.user({ src: ["10.0.0.0/8"] }),
      /^ERR Bad src Ip 127\.0\.0\.1$/,
    ],
    [
      "another time",
      trust,
      account.user({ times: [{ start: "00:00:00", end: "00:00:00" }] }),
      /^ERR Outside connect times$/,
    ],
    [
      "a proxy",
      trust,
      account.user({ proxy_required: true }),
      "proxy connection required",
    ],
  ];
}

test("each check refuses with nats-server's line, and the client is told nothing of it", async (t) => {
  for (const [title, trust, user, line, fields] of refusals()) {
    const still = await start(t, trust);
    const peer = await loggedIn(still, user, fields);
    assert.equal(peer.take(), VIOLATION, title);
    assert.notEqual(peer.closed, undefined, title);
    const lines = linesOf(still);
    const at = lines.findIndex((each) =>
      /^ERR authentication error/.test(each)
    );
    const before = lines[at - 1] ?? "";
    if (typeof line === "string") assert.equal(before, `DBG ${line}`, title);
    else assert.match(before, line, title);
    assert.equal(lines[at], "ERR authentication error", title);
    const all = still.midge.log.lines.join("\n");
    assert.equal(user.jwt !== "" && all.includes(user.jwt), false, title);
  }
});

test("user, password and nkey beside a JWT decide nothing", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const peer = await loggedIn(still, account.user(), {
    user: "x",
    pass: "y",
    nkey: "z",
  });
  assert.match(peer.take(), /^PONG/);
});

test("a bearer signs nothing, and nobody is shown its JWT", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const bearer = account.user({ bearer_token: true });
  const peer = await loggedIn(still, bearer, { sig: "" });
  await staysIn(peer);
  const { server, log } = still.midge;
  assert.equal(
    JSON.stringify(server.connz({ auth: true })).includes(bearer.jwt),
    false,
  );
  peer.end();
  await still.clock.advance(0);
  const gone = server.connz({ auth: true, state: "closed" });
  assert.equal(gone.connections.length, 1);
  assert.equal(JSON.stringify(gone).includes(bearer.jwt), false);
  assert.equal(log.lines.join("\n").includes(bearer.jwt), false);
});

test("who brings no JWT, or an unreadable one, is the default sentinel", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const sentinel = account.user({ bearer_token: true, pub: { deny: [">"] } });
  const still = await start(
    t,
    chain.trust([account.entry()], { defaultSentinel: sentinel.jwt }),
  );
  for (const jwt of ["", "x.y.z"]) {
    const peer = await loggedIn(still, { ...sentinel, jwt }, { sig: "" });
    await staysIn(peer);
    assert.equal(still.newest.login.principal?.user, sentinel.key);
  }
  const wrong = account.user({}, { exp: 2 });
  const peer = await loggedIn(still, wrong);
  assert.equal(peer.take(), VIOLATION);
});

test("networks: an address of the list comes in", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  for (
    const src of [["10.0.0.0/8", "127.0.0.0/8"], "10.0.0.0/8, 127.0.0.1/32", []]
  ) {
    await staysIn(await loggedIn(still, account.user({ src })));
  }
});

test("limits that are absent are zero", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const noConnections = await start(
    t,
    chain.trust([account.entry({ limits: {} })]),
  );
  const refused = await loggedIn(noConnections, account.user());
  assert.equal(
    refused.take(),
    "-ERR 'maximum account active connections exceeded'\r\n",
  );
  const still = await start(t, chain.trust([account.entry()]));
  const mute = await loggedIn(still, account.userOf(account.pair, {}));
  assert.equal(mute.take(), "-ERR 'maximum subscriptions exceeded'\r\n");
  assert.notEqual(mute.closed, undefined);
  const light = await loggedIn(
    still,
    account.userOf(account.pair, { subs: -1 }),
  );
  assert.match(light.take(), /"max_payload":0,/);
  await light.say("PUB a 1\r\nx\r\n");
  assert.match(light.take(), /^-ERR 'Maximum Payload Violation'/);
});

test("a strict operator: accounts and users are signed by signing keys", async (t) => {
  const chain = new Chain();
  const signing = createOperator();
  const operators = [chain.operatorJwt({
    strict_signing_key_usage: true,
    signing_keys: [signing.getPublicKey()],
  })];
  const loose = chain.account();
  const strict = chain.account(signing);
  const key = createAccount();
  const still = await start(
    t,
    chain.trust([
      loose.entry(),
      strict.entry({ signing_keys: [key.getPublicKey()] }),
    ], { operators }),
  );
  const rows: readonly [user: ChainUser, line: string][] = [
    [loose.user(), "DBG Account JWT lookup error: account validation failed"],
    [strict.user(), "DBG User JWT issuer is not known"],
  ];
  for (const [user, line] of rows) {
    const peer = await loggedIn(still, user);
    assert.equal(peer.take(), VIOLATION);
    assert.ok(linesOf(still).includes(line), line);
  }
  const free = { subs: -1, data: -1, payload: -1, issuer_account: strict.key };
  await staysIn(await loggedIn(still, strict.userOf(key, free)));
});

test("at the start it is said who is trusted, and what is wrong with accounts", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const expired = account.jwt({ exports: [{ subject: "a" }] }, { exp: 2 });
  const other = chain.account();
  const { log } = await startMidge(t, {
    trust: chain.trust([[account.key, expired], [other.key, "nonsense"]], {
      operators: [chain.operatorJwt({}, { name: "OP", iat: 1_764_374_400 })],
    }),
  });
  const at = log.lines.indexOf("INF Trusted Operators");
  assert.deepEqual(log.lines.slice(at, at + 10), [
    "INF Trusted Operators",
    'INF   System  : ""',
    'INF   Operator: "OP"',
    "INF   Issued  : 2025-11-29 00:00:00 +0000 UTC",
    "INF   Expires : Never",
    "WRN Trusted Operators should utilize a System Account",
    `WRN Account [${account.key}] has validation issues:`,
    "WRN   - claim is expired",
    'WRN   - invalid export type: "unknown"',
    `WRN Preloaded account [${other.key}] not valid`,
  ]);
});

test("trust that makes no sense starts no server", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const user = account.user();
  const system = account.key;
  const op = (nats: object): Partial<TrustOptions> => ({
    operators: [chain.operatorJwt({ ...nats })],
  });
  const rows: readonly [
    trust: Partial<TrustOptions>,
    fault: RegExp,
    systemAccount?: string,
  ][] = [
    [{ operators: ["x"] }, /^error parsing operator JWT: expected 3 chunks$/],
    [
      { operators: [user.jwt] },
      /^error parsing operator JWT: not operator claim$/,
    ],
    [
      { trustedKeys: [chain.operator.getPublicKey()] },
      /^conflicting options for 'TrustedKeys' and 'TrustedOperators'$/,
    ],
    [
      { operators: [], trustedKeys: ["foo"] },
      /^trusted Keys "foo" are required to be a valid public operator nkey$/,
    ],
    [
      { pinnedAccounts: ["foo"] },
      /^pinned account key "foo" is not a valid public account nkey$/,
    ],
    [{ defaultSentinel: "x" }, /^default sentinel JWT not valid$/],
    [
      { defaultSentinel: user.jwt },
      /^default sentinel must be a bearer token$/,
    ],
    [{
      defaultSentinel: user.jwt,
      operators: [],
      trustedKeys: [chain.operator.getPublicKey()],
    }, /^default sentinel requires operators and accounts$/],
    [
      { resolver: undefined, operators: [] },
      /^operators require an account resolver to be configured$/,
    ],
    [
      op({ system_account: system }),
      /^system_account in config and operator JWT must be identical$/,
      chain.account().key,
    ],
    [
      op({ system_account: system }),
      /^error resolving system account: account missing$/,
    ],
    [
      op({ assert_server_version: "2.9999.0" }),
      /^operator O\w+ expected minor version 9999 > server minor version \d+$/,
    ],
    [
      op({ assert_server_version: "3.0.0" }),
      /^operator O\w+ expected major version 3 > server major version 2$/,
    ],
    [
      op({ assert_server_version: "2.16" }),
      /^operator O\w+ expects version 2.16 got error instead: asserted server version must be of the form <major>.<minor>.<update>$/,
    ],
  ];
  for (const [changes, fault, systemAccount = "$SYS"] of rows) {
    const trust = chain.trust([], changes);
    await assert.rejects(
      startMidge(t, { trust, systemAccount }),
      (error: Error) => {
        assert.match(error.message, fault);
        return true;
      },
    );
  }
});
