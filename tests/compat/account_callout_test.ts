/**
 * The service of an account's JWT that decides about logins, the same one at
 * Midge and at nats-server, both in operator mode.
 */
import assert from "node:assert/strict";
import { createAccount } from "@nats-io/nkeys";
import { jwtAuthenticator } from "../../src/faces/client.ts";
import { Chain, type ChainUser, signNonce } from "../auth/jwt/chain.ts";
import {
  type Answer,
  type Answers,
  type CalloutService,
  makeCalloutKeys,
  serveCallout,
} from "../support/callout_service.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  IN,
  login,
  OUT,
  type Running,
  start,
  SUBJECTS,
  type Visit,
} from "./two_servers.ts";

const chain = new Chain();
const [service, app, other, missing, system] = [1, 2, 3, 4, 5]
  .map(() => chain.account());
const [serviceSigner, appSigner, roleSigner, stranger] = [1, 2, 3, 4]
  .map(createAccount);
const keys = { ...makeCalloutKeys(), issuer: service!.pair };
const serving = service!.user({}, { name: "serving" });
const sentinel = service!.user(
  { bearer_token: true, pub: { deny: [">"] }, sub: { deny: [">"] } },
  { name: "sentinel" },
);

interface Setting {
  readonly allowed?: readonly string[];
  readonly xkey?: string;
  readonly more?: string;
}

function configuration(
  { allowed = [app!.key, missing!.key], xkey, more = "" }: Setting = {},
): string {
  const entries = [
    service!.entry({
      signing_keys: [serviceSigner!.getPublicKey()],
      authorization: {
        auth_users: [serving.key],
        allowed_accounts: allowed,
        ...(xkey !== undefined && { xkey }),
      },
    }, { name: "SVC" }),
    app!.entry({
      signing_keys: [appSigner!.getPublicKey(), {
        kind: "user_scope",
        key: roleSigner!.getPublicKey(),
        role: "r",
        template: {
          ...{ subs: -1, data: -1, payload: -1 },
          pub: { allow: ["{{name()}}"] },
        },
      }],
    }),
    other!.entry(),
    system!.entry(),
  ];
  return `server_name: srv
operator: ${chain.operatorJwt()}
system_account: ${system!.key}
resolver: MEMORY
resolver_preload: {\n${
    entries.map(([key, jwt]) => `  ${key}: ${jwt}`).join("\n")
  }\n}\n${more}\n`;
}

function serve(
  t: TestContext,
  { port }: Running,
  answers: Answers,
): Promise<CalloutService> {
  return serveCallout(t, port, keys, answers, {
    authenticator: jwtAuthenticator(serving.jwt, serving.pair.getSeed()),
  });
}

/** A client that shows the sentinel, and asks to be `user`. */
function asking(
  t: TestContext,
  { port }: Running,
  user: string,
  more: Readonly<Record<string, unknown>> = { jwt: sentinel.jwt },
): Promise<Visit> {
  return login(t, port, { user, pass: "secret", protocol: 1, ...more });
}

/** The account that a client is in. */
async function accountOf({ peer, answer }: Visit): Promise<string> {
  assert.equal(answer, IN);
  const info = (await peer.expectLine()).slice("INFO ".length);
  return JSON.parse(info).remote_account;
}

type KeyPair = ChainUser["pair"];

const NO_RIGHTS = {
  ...{ subs: undefined, data: undefined, payload: undefined },
  ...{ pub: undefined, sub: undefined },
};

/** An answer with a user that `signer` has signed, for the account `of`. */
function withUser(
  signer: KeyPair,
  of = "",
  nats: Readonly<Record<string, unknown>> = {},
): (answer: Answer) => string[] {
  const whose = of === "" ? {} : { issuer_account: of };
  return (answer) => [
    answer.response({ jwt: answer.user({}, { ...whose, ...nats }, signer) }),
  ];
}

/** A user name, what is answered for it, and the account that it comes in to, or why it does not. */
type Row = readonly [
  user: string,
  answers: (answer: Answer) => readonly string[],
  outcome: { readonly account: string } | { readonly log: string },
];

const UNKNOWN = "Auth callout signing key is unknown";
const NO_ACCOUNT = `No valid account "${
  missing!.key
}" for auth callout response on account "${service!.key}": account missing`;

function notPermitted(issuer: KeyPair): string {
  return `Account "${issuer.getPublicKey()}" not permitted as valid account ` +
    `option for auth callout for account "${service!.key}"`;
}

const ROWS: readonly Row[] = [
  ["own", withUser(service!.pair), { account: service!.key }],
  [
    "by signing keys",
    (answer) => [
      answer.response(
        {
          jwt: answer.user(
            {},
            { issuer_account: service!.key },
            serviceSigner,
          ),
        },
        {},
        serviceSigner,
      ),
    ],
    { account: service!.key },
  ],
  [
    "named account",
    (answer) => [
      answer.response({ jwt: answer.user(), issuer_account: service!.key }),
    ],
    { account: service!.key },
  ],
  ["allowed", withUser(app!.pair), { account: app!.key }],
  [
    "allowed by signing key",
    withUser(appSigner!, app!.key),
    { account: app!.key },
  ],
  ["role", withUser(roleSigner!, app!.key, NO_RIGHTS), { account: app!.key }],
  ["not allowed", withUser(other!.pair), { log: notPermitted(other!.pair) }],
  [
    "not allowed by name",
    withUser(appSigner!, other!.key),
    { log: notPermitted(appSigner!) },
  ],
  [
    "unknown signer",
    withUser(stranger!, app!.key),
    { log: `User JWT issuer "${stranger!.getPublicKey()}" is not known` },
  ],
  [
    "signing key alone",
    withUser(appSigner!),
    { log: notPermitted(appSigner!) },
  ],
  [
    "rights beside a role",
    withUser(roleSigner!, app!.key),
    {
      log: "User JWT is not valid: scoped users require no permissions or " +
        "limits set",
    },
  ],
  ["missing", withUser(missing!.pair), { log: NO_ACCOUNT }],
  [
    "stranger's answer",
    (answer) => [answer.response({ jwt: answer.user() }, {}, stranger)],
    { log: UNKNOWN },
  ],
  [
    "answer of the account to be",
    (answer) => [
      answer.response({ jwt: answer.user({}, {}, app!.pair) }, {}, app!.pair),
    ],
    { log: UNKNOWN },
  ],
  [
    "another account's answer",
    (answer) => [
      answer.response({ jwt: answer.user(), issuer_account: other!.key }),
    ],
    {
      log: `Auth callout response issuer account "${
        other!.key
      }" is not the callout account`,
    },
  ],
  [
    "error",
    (answer) => [answer.response({ error: "no way" })],
    { log: "Auth callout service returned an error: no way" },
  ],
  [
    "from elsewhere",
    withUser(app!.pair, "", { src: ["10.0.0.0/8"] }),
    {
      log: `Authorized user on account "${
        service!.key
      }" not allowed from source "127.0.0.1"`,
    },
  ],
  [
    "by a proxy",
    withUser(app!.pair, "", { proxy_required: true }),
    { log: "Proxy connection required" },
  ],
];

const answersOf: Answers = (user, answer) =>
  (ROWS.find(([name]) => name === user) ?? ROWS[0]!)[1](answer);

for (const subject of SUBJECTS) {
  const { title, skip } = subject;

  test(`${title} lets in whom an account's service lets in, and where`, {
    skip,
  }, async (t) => {
    const running = await start(t, subject, configuration());
    await serve(t, running, answersOf);
    for (const [user, , outcome] of ROWS) {
      const visit = await asking(t, running, user);
      if ("account" in outcome) {
        assert.equal(await accountOf(visit), outcome.account, user);
      } else {
        assert.equal(visit.answer, OUT, user);
        await running.process.waitFor(outcome.log);
      }
    }
  });

  test(`${title} lets a service place users in any account`, {
    skip,
  }, async (t) => {
    const running = await start(t, subject, configuration({ allowed: ["*"] }));
    await serve(t, running, withUserOf);
    for (const each of [service!, app!, other!]) {
      const visit = await asking(t, running, each.key);
      assert.equal(await accountOf(visit), each.key);
    }
    const { answer } = await asking(t, running, missing!.key);
    assert.equal(answer, OUT);
    await running.process.waitFor(NO_ACCOUNT);
  });

  test(
    `${title} asks an account's service about all but its own users, and who they are`,
    {
      skip,
    },
    async (t) => {
      const running = await start(t, subject, configuration());
      assert.equal((await asking(t, running, "own")).answer, OUT);
      const served = await serve(t, running, answersOf);
      const user = service!.user({}, { name: "plain" });
      const signed = (nonce: string) => ({
        jwt: user.jwt,
        sig: signNonce(user.pair, nonce),
      });
      const plain = await login(t, running.port, signed);
      assert.equal(plain.answer, IN);
      const unsigned = await login(t, running.port, { jwt: user.jwt });
      assert.equal(unsigned.answer, OUT);
      await asking(t, running, "own");
      assert.equal(served.asked.length, 2);
      const [first, second] = served.asked;
      assert.match(first!.iss, /^N[A-Z2-7]{55}$/);
      assert.equal(first!.iss, first!.nats.server_id["id"]);
      assert.equal(first!.sub, service!.key);
      const { nonce, id: _id, ...info } = first!.nats.client_info;
      assert.equal(typeof nonce, "string");
      assert.deepEqual(info, {
        ...{ host: "127.0.0.1", user: user.key, name_tag: "plain" },
        ...{ kind: "Client", type: "nats" },
      });
      assert.equal(first!.nats.connect_opts["jwt"], user.jwt);
      const { id: _other, ...shown } = second!.nats.client_info;
      assert.deepEqual(shown, {
        ...{ host: "127.0.0.1", user: "own", name_tag: "sentinel" },
        ...{ kind: "Client", type: "nats" },
      });
      assert.equal(second!.nats.connect_opts["jwt"], sentinel.jwt);
      assert.equal(second!.nats.connect_opts["pass"], "secret");
    },
  );

  test(
    `${title} shows an account's service the sentinel of who brings no JWT, sealed`,
    {
      skip,
    },
    async (t) => {
      const running = await start(
        t,
        subject,
        configuration({
          xkey: keys.curve.getPublicKey(),
          more: `default_sentinel: ${sentinel.jwt}`,
        }),
      );
      const served = await serve(t, running, answersOf);
      const visit = await asking(t, running, "allowed", {});
      assert.equal(await accountOf(visit), app!.key);
      assert.equal((await asking(t, running, "error", {})).answer, OUT);
      const { server_id, connect_opts } = served.asked[0]!.nats;
      assert.match(server_id["xkey"]!, /^X[A-Z2-7]{55}$/);
      assert.equal(connect_opts["jwt"], sentinel.jwt);
    },
  );

  test(`${title} keeps an account's questions from all but the service`, {
    skip,
  }, async (t) => {
    const running = await start(t, subject, configuration());
    await serve(t, running, answersOf);
    const { peer, answer } = await asking(t, running, "own", {
      jwt: sentinel.jwt,
      protocol: 0,
    });
    assert.equal(answer, IN);
    peer.send(
      "SUB $SYS._INBOX.> 1\r\nSUB $SYS.REQ.USER.AUTH 2\r\nSUB > 3\r\n" +
        "PUB $SYS.REQ.USER.AUTH 1\r\nx\r\nPUB a 1\r\nx\r\nPING\r\n",
    );
    const violation = "-ERR 'Permissions Violation for";
    assert.equal(
      await peer.expect(IN),
      `${violation} Subscription to "$SYS._INBOX.>"'\r\n` +
        `${violation} Subscription to "$SYS.REQ.USER.AUTH"'\r\n` +
        `${violation} Publish to "$SYS.REQ.USER.AUTH"'\r\n` +
        `MSG a 3 1\r\nx\r\n${IN}`,
    );
    assert.equal((await asking(t, running, "allowed")).answer, IN);
    peer.send("PING\r\n");
    const heard = await peer.expect(IN);
    assert(!heard.includes("USER.AUTH") && !heard.includes("_INBOX"), heard);
  });

  test(`${title} gives a user that an account's service lets in its role`, {
    skip,
  }, async (t) => {
    const running = await start(t, subject, configuration());
    await serve(t, running, answersOf);
    const { peer } = await asking(t, running, "role", {
      jwt: sentinel.jwt,
      protocol: 0,
    });
    peer.send("PUB joe 1\r\nx\r\nPUB no 1\r\nx\r\nPING\r\n");
    assert.equal(
      await peer.expect(IN),
      `-ERR 'Permissions Violation for Publish to "no"'\r\n${IN}`,
    );
  });
}

/** A user of the account that the client names. */
function withUserOf(name: string, answer: Answer): string[] {
  const signer = [service!, app!, other!, missing!]
    .find(({ key }) => key === name)!.pair;
  return withUser(signer)(answer);
}

test("who came in by an account's service leaves when that may not place it any more", async (t) => {
  const [midge] = SUBJECTS;
  const running = await start(t, midge!, configuration());
  await serve(t, running, answersOf);
  const rows = ["own", "allowed", "role"];
  const visits: Visit[] = [];
  for (const user of rows) visits.push(await asking(t, running, user));
  await running.reload(configuration({ allowed: [] }));
  for (const { peer } of visits.slice(1)) await peer.expectClosed();
  const [stays] = visits;
  stays!.peer.send("PING\r\n");
  assert.match(await stays!.peer.expect(IN), /PONG/);
});

test("who came in by an account's service stays in a reload, and nobody is asked", async (t) => {
  const [midge] = SUBJECTS;
  const running = await start(t, midge!, configuration());
  const served = await serve(t, running, answersOf);
  const { peer } = await asking(t, running, "allowed", {
    jwt: sentinel.jwt,
    protocol: 0,
  });
  await running.reload(configuration());
  peer.send("SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n");
  assert.equal(await peer.expect(IN), `MSG a 1 1\r\nx\r\n${IN}`);
  assert.equal(served.asked.length, 1);
});
