/**
 * Users by JWT on Midge and on the nats-server whose behaviour counts: who comes
 * in, with which line in the log, and what the templates of a role make of its
 * users.
 */
import assert from "node:assert/strict";
import { createAccount } from "@nats-io/nkeys";
import {
  Chain,
  type ChainUser,
  FREE_ACCOUNT,
  type Head,
  signNonce,
} from "../auth/jwt/chain.ts";
import { startMidge } from "../support/midge.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const chain = new Chain();
const signer = createAccount();
const FREE = { subs: -1, data: -1, payload: -1 };

/** One user, and what it does once it is in. */
interface Row {
  readonly account: readonly [string, string];
  readonly user: ChainUser;
  readonly fields?: Readonly<Record<string, unknown>>;
}

function own(
  nats: Record<string, unknown>,
  head: Head = {},
  more: Partial<Row> = {},
): Row {
  const account = chain.account();
  return { account: account.entry(), user: account.user(nats, head), ...more };
}

function inRole(
  template: object,
  name = "bob",
  tags: readonly string[] = [],
  head: Head = {},
): Row {
  const account = chain.account();
  const role = {
    kind: "user_scope",
    key: signer.getPublicKey(),
    role: "r",
    template,
  };
  const claims = { issuer_account: account.key, tags };
  return {
    account: account.entry(
      { signing_keys: [role], tags: ["team:red", "team:blue"] },
      { name: "ACC one" },
    ),
    user: account.userOf(signer, claims, { name, ...head }),
  };
}

function publishing(
  entries: readonly string[],
  ...rest: [name?: string, tags?: string[]]
): Row {
  return inRole({ pub: { allow: entries } }, ...rest);
}

const TODAY = { times_location: "UTC" };

const ROWS: Readonly<Record<string, Row>> = {
  "free": own({}),
  "expired": own({}, { exp: 2 }),
  "too early": own({}, { nbf: 9_999_999_999 }),
  "odd networks": own({
    src: ["foo", "1.2.3.4", "1.2.3.4/33", "::/129", "10.0.0.0/8"],
  }),
  "networks of another place": own({ src: "10.0.0.0/8,::1/128" }),
  "this network": own({ src: ["127.0.0.0/8"] }),
  "this network, as IPv6": own({ src: ["::ffff:127.0.0.0/104"] }),
  "odd times": own({
    times: [{ start: "x", end: "24:00:00" }, {}, {
      start: "1:02:03",
      end: "1:2:3",
    }],
  }),
  "an odd zone": own({ times_location: "Foo/Bar" }),
  "never": own({ ...TODAY, times: [{ start: "12:00:00", end: "12:00:00" }] }),
  "always": own({
    ...TODAY,
    times: [{ start: "12:00:00", end: "11:59:59" }, {
      start: "00:00:01",
      end: "00:00:00",
    }],
  }),
  "odd permissions": own({
    pub: { allow: ["a b", "a..b"] },
    sub: { deny: ["a b c", ".a", ""] },
  }),
  "no account's key": own({ issuer_account: "foo" }),
  "an odd connection": own({ allowed_connection_types: ["foo"] }),
  "another connection": own({ allowed_connection_types: ["mqtt"] }),
  "this connection": own({ allowed_connection_types: ["foo", "standard"] }),
  "no signature": own({}, {}, { fields: { sig: "" } }),
  "an odd signature": own({}, {}, { fields: { sig: "%%%" } }),
  "another signature": own({}, {}, { fields: { sig: "AAAA" } }),
  "no JWT": own({}, {}, { fields: { jwt: "" } }),
  "an odd JWT": own({}, {}, { fields: { jwt: "a.b" } }),
  "a bearer": own({ bearer_token: true }, {}, { fields: { sig: "" } }),
  "an empty allow beside a deny": own({ pub: { allow: [], deny: ["x"] } }),
  "an empty allow": own({ pub: { allow: [] } }),
  "responses": own({ resp: { max: 0, ttl: 0 } }),
  "no rights": {
    ...own({}),
    ...((): Row => {
      const account = chain.account();
      return {
        account: account.entry(),
        user: account.userOf(account.pair, { subs: 1 }),
      };
    })(),
  },
  "an account of nothing": ((): Row => {
    const account = chain.account();
    return { account: account.entry({ limits: {} }), user: account.user() };
  })(),
  "an account of default permissions": ((): Row => {
    const account = chain.account();
    return {
      account: account.entry({
        default_permissions: { pub: { allow: ["a.bob"] } },
      }),
      user: account.user(),
    };
  })(),
  "a role": publishing(["a.{{name()}}"]),
  "a role of an account": publishing([
    "a.{{account-name()}}",
    "a.{{account-subject()}}",
    "b",
  ]),
  "a role of a subject": publishing(["a.{{subject()}}", "b"]),
  "a role with blanks": publishing(["a.{{ Name( ) }}", "a.{{ NAME() }}"]),
  "a role with tags": publishing(
    ["{{tag(team)}}.{{account-tag(team)}}"],
    "bob",
    ["team:a", "team:b.c", "x:y"],
  ),
  "a role with tags in capitals": publishing(["{{Tag(Team)}}", "b"], "bob", [
    "team:a",
  ]),
  "a role with a tag in capitals": publishing(["{{tag(TEAM)}}", "b"], "bob", [
    "team:a",
  ]),
  "a role without its tag": publishing(["{{tag(team)}}"]),
  "a role with an unknown function": publishing(["{{foo()}}"]),
  "a role of a name with a dot": publishing(["a.{{name()}}"], "bob.x"),
  "a role of a name with a blank": publishing(["a.{{name()}}", "b"], "bob x"),
  "a role of a name that is a star": publishing(["a.{{name()}}"], "*"),
  "a role of an empty name": publishing(["a.{{name()}}", "b"], ""),
  "a role of a name with a dollar": publishing(["a.{{name()}}"], "$&"),
  "a role that denies": inRole({ pub: { deny: ["a.{{name()}}"] } }),
  "a role that denies without a value": inRole({
    pub: { deny: ["{{tag(x)}}"] },
  }),
  "a role that denies an odd subject": inRole({
    sub: { deny: ["a.{{name()}}"] },
  }, "b b"),
  "a role with a queue": inRole({ sub: { allow: ["q.{{name()}} wq", "b"] } }),
  "a role with too many values": publishing(
    ["{{tag(a)}}.{{tag(a)}}.{{tag(a)}}"],
    "bob",
    Array.from({ length: 20 }, (_, at) => `a:${at}`),
  ),
  "a role with rights beside": ((): Row => {
    const row = inRole({});
    const account = chain.account();
    const role = {
      kind: "user_scope",
      key: signer.getPublicKey(),
      template: {},
    };
    return {
      ...row,
      account: account.entry({ signing_keys: [role], limits: FREE_ACCOUNT }),
      user: account.userOf(signer, { issuer_account: account.key, ...FREE }),
    };
  })(),
  "a role with an empty list beside": ((): Row => {
    const account = chain.account();
    const role = {
      kind: "user_scope",
      key: signer.getPublicKey(),
      template: {},
    };
    return {
      account: account.entry({ signing_keys: [role] }),
      user: account.userOf(signer, {
        issuer_account: account.key,
        pub: { allow: [] },
      }),
    };
  })(),
};

/** Subjects that a row may or may not have made its own. */
const SUBJECTS = [
  ...["a.bob", "a.bob.x", "a.other", "a.b", "b", "x", "a", "a.red", "a.b.c"],
  ...["b.c.blue", "a.$&", "q.bob", "team", "a.{{name()}}"],
];

const DOES =
  SUBJECTS.map((subject, at) =>
    `PUB ${subject} 0\r\n\r\nSUB ${subject} ${at}\r\n`
  )
    .join("") + "SUB q.bob wq 90\r\nSUB q.bob v 91\r\nSUB > 92\r\nPING\r\n";

interface Contender {
  readonly port: number;
  lines(): readonly string[];
}

/** What nats-server may say to a client that is let go of for another reason, or not. */
const ALSO_FULL = "-ERR 'maximum subscriptions exceeded'";

/** What the user is told, and what the log tells of the refusal. */
async function outcome(
  { user, account: [key], fields }: Row,
  { port, lines }: Contender,
): Promise<readonly string[]> {
  const before = lines().length;
  const peer = await connectPeer({ port });
  const info = JSON.parse((await peer.expectLine()).slice("INFO ".length));
  const sig = signNonce(user.pair, info.nonce);
  const all = {
    verbose: false,
    pedantic: false,
    jwt: user.jwt,
    sig,
    ...fields,
  };
  // What is sent behind a refusal may have the end of the connection overtake it.
  peer.send(`CONNECT ${JSON.stringify(all)}\r\nPING\r\n`);
  const isIn = await peer.expect("PONG\r\n").then(() => true, () => false);
  if (isIn) {
    peer.send(DOES);
    await peer.expect("PONG\r\n").catch(() => {});
  }
  const told = peer.received;
  await peer.close();
  await until(
    "the end in the log",
    () =>
      lines().slice(before).some((line) =>
        /Client connection closed/.test(line)
      ),
  );
  const log = lines().slice(before).map((line) =>
    /(DBG|ERR)\]? (?:\S+ - cid:\d+ - )?(.*)$/.exec(line)?.slice(1).join(" ") ??
      ""
  ).filter((line) => REFUSAL.test(line));
  const texts = told.replace(/^INFO.*\r\n/, "").split("\r\n")
    .filter((text) => isIn || text !== ALSO_FULL);
  return [...texts, ...log].map((text) =>
    text.replaceAll(key, "KEY").replaceAll(user.key, "USER")
  );
}

const REFUSAL =
  /^(?:DBG (?:User|Account JWT|Account does|Auth\w+ requires|Signature|invalid|Connection type)|ERR (?:Bad|Outside|authentication))/;

test(
  "both servers let in the same users by JWT, with the same rights and lines",
  {
    skip: modelMissing,
    limitMs: 300_000,
  },
  async (t) => {
    const operator = chain.operatorJwt();
    const accounts = Object.values(ROWS).map(({ account }) => account);
    const preload = accounts.map(([key, jwt]) => `${key}: ${jwt}`).join("\n");
    const model = await startNatsServer({
      command: newestNatsServer,
      flags: ["-D"],
      config:
        `operator: ${operator}\nresolver: MEMORY\nresolver_preload: {\n${preload}\n}\n`,
    });
    t.after(() => model.stop());
    const midge = await startMidge(t, {
      trust: chain.trust(accounts, { operators: [operator] }),
    });
    const contenders: readonly Contender[] = [
      { port: midge.port, lines: () => midge.log.lines },
      { port: model.port, lines: () => model.process.stderr.split("\n") },
    ];
    for (const [title, row] of Object.entries(ROWS)) {
      const [found, expected] = [
        await outcome(row, contenders[0]!),
        await outcome(row, contenders[1]!),
      ];
      assert.deepEqual(found, expected, title);
    }
  },
);
