/**
 * Clients that come through a trusted proxy, at Midge and at nats-server: who is
 * let in, what the log and monitoring tell of it, and what a reload changes.
 */
import assert from "node:assert/strict";
import { createServer, createUser } from "@nats-io/nkeys";
import { Chain, signNonce } from "../auth/jwt/chain.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  IN,
  login,
  OUT,
  type Running,
  start,
  SUBJECTS,
} from "./two_servers.ts";

type KeyPair = ReturnType<typeof createUser>;

const proxy = createUser();
const another = createServer();
const stranger = createUser();
const keyUser = createUser();
const MONITOR = 'http: "127.0.0.1:-1"\n';

function trusting(...keys: readonly KeyPair[]): string {
  const entries = keys.map((key) => `{ key: ${key.getPublicKey()} }`);
  return `${MONITOR}proxies { trusted: [ ${entries.join(", ")} ] }\n`;
}

const USERS = `authorization { users: [
  { user: free, password: p }
  { user: bound, password: p, proxy_required: true }
  { nkey: ${keyUser.getPublicKey()}, proxy_required: true }
] }\n`;

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a client that `key` brings. */
function through(key: KeyPair, fields: Fields): (nonce: string) => Fields {
  return (nonce) => ({ ...fields, proxy_sig: signNonce(key, nonce) });
}

async function pageOf({ process }: Running, path: string) {
  const [, port] = await process.waitFor(
    /Starting http monitor on \S+:(\d+)/,
  );
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).json();
}

/** Why the connection of this number was closed. */
async function reasonOf(running: Running, id: number): Promise<string> {
  let reason: string | undefined;
  await until("the client is gone", async () => {
    const { connections } = await pageOf(running, "/connz?state=closed");
    reason = connections.find((row: Fields) => row["cid"] === id)?.reason;
    return reason !== undefined;
  });
  return reason!;
}

/** The client stays outside, for this reason. */
async function isRefused(
  t: TestContext,
  running: Running,
  fields: Parameters<typeof login>[2],
  reason: string,
): Promise<void> {
  const { id, answer } = await login(t, running.port, fields);
  assert.equal(answer, OUT);
  assert.equal(await reasonOf(running, id), reason);
}

async function answerTo(
  t: TestContext,
  { port }: Running,
  fields: Parameters<typeof login>[2],
): Promise<string> {
  return (await login(t, port, fields)).answer;
}

const NOT_TRUSTED = ["proxy is not trusted", "Proxy Not Trusted"] as const;
const REQUIRED = ["proxy connection required", "Proxy Required"] as const;

for (const subject of SUBJECTS) {
  const { title, skip } = subject;

  test(`${title} asks who comes through which proxy`, { skip }, async (t) => {
    const running = await start(t, subject, trusting(proxy, another) + USERS);
    const free = { user: "free", pass: "p" };
    const bound = { user: "bound", pass: "p" };
    const byKey = (nonce: string): Fields => ({
      nkey: keyUser.getPublicKey(),
      sig: signNonce(keyUser, nonce),
    });
    for (
      const fields of [
        free,
        through(proxy, free),
        through(another, free),
        through(another, bound),
        (nonce: string) => through(proxy, byKey(nonce))(nonce),
      ]
    ) assert.equal(await answerTo(t, running, fields), IN);
    const refused: readonly (readonly [
      fields: Parameters<typeof login>[2],
      line: string,
      reason: string,
    ])[] = [
      [through(stranger, free), ...NOT_TRUSTED],
      [through(stranger, bound), ...NOT_TRUSTED],
      [{ ...free, proxy_sig: "%" }, ...NOT_TRUSTED],
      [{ ...free, proxy_sig: "AAAA" }, ...NOT_TRUSTED],
      [bound, ...REQUIRED],
      [{ ...bound, pass: "wrong" }, ...REQUIRED],
      [byKey, ...REQUIRED],
      [
        through(proxy, { ...bound, pass: "wrong" }),
        "authentication error",
        "Authentication Failure",
      ],
    ];
    for (const [fields, line, reason] of refused) {
      await isRefused(t, running, fields, reason);
      await running.process.waitFor(line);
    }
    await running.process.waitFor("Proxy signature not valid base64");
  });

  test(
    `${title}: a server that asks for no login looks at proxies all the same`,
    {
      skip,
    },
    async (t) => {
      const running = await start(t, subject, trusting(proxy));
      assert.equal(await answerTo(t, running, {}), IN);
      assert.equal(await answerTo(t, running, through(proxy, {})), IN);
      await isRefused(t, running, through(stranger, {}), "Proxy Not Trusted");
      // Where nobody is trusted, nobody looks.
      const other = await start(t, subject, MONITOR);
      assert.equal(await answerTo(t, other, { proxy_sig: "%" }), IN);
    },
  );

  test(`${title}: a block may ask for a proxy, with a user or a token`, {
    skip,
  }, async (t) => {
    for (
      const [who, fields] of [
        ["user: a, password: b", { user: "a", pass: "b" }],
        ["token: t", { auth_token: "t" }],
      ] as const
    ) {
      const running = await start(
        t,
        subject,
        `${trusting(proxy)}authorization { ${who}, proxy_required: true }\n`,
      );
      assert.equal(await answerTo(t, running, through(proxy, fields)), IN);
      await isRefused(t, running, fields, "Proxy Required");
    }
  });

  test(`${title}: a JWT, or the role of who signed it, may ask for a proxy`, {
    skip,
  }, async (t) => {
    const chain = new Chain();
    const account = chain.account();
    const role = chain.account();
    const [key, jwt] = account.entry({
      signing_keys: [{
        kind: "user_scope",
        key: role.key,
        role: "r",
        template: { subs: -1, data: -1, payload: -1, proxy_required: true },
      }],
    });
    const running = await start(
      t,
      subject,
      `${trusting(proxy)}operator: ${chain.operatorJwt()}
resolver: MEMORY
resolver_preload: { ${key}: ${jwt} }\n`,
    );
    for (
      const user of [
        account.user({ proxy_required: true }),
        account.userOf(role.pair, { issuer_account: key }),
      ]
    ) {
      const fields = (nonce: string): Fields => ({
        jwt: user.jwt,
        sig: signNonce(user.pair, nonce),
      });
      const brought = (nonce: string) => through(proxy, fields(nonce))(nonce);
      assert.equal(await answerTo(t, running, brought), IN);
      await isRefused(t, running, fields, "Proxy Required");
    }
  });

  test(`${title}: monitoring names proxies`, { skip }, async (t) => {
    const running = await start(t, subject, trusting(proxy));
    await answerTo(t, running, through(proxy, {}));
    await answerTo(t, running, {});
    const { connections } = await pageOf(running, "/connz?sort=cid");
    const key = proxy.getPublicKey();
    assert.deepEqual(
      connections.map((row: Fields) => row["proxy"]),
      [{ key }, undefined],
    );
    const { proxies } = await pageOf(running, "/varz");
    assert.deepEqual(proxies, { trusted: [{ key }] });
  });

  test(`${title}: a reload trusts other proxies`, { skip }, async (t) => {
    const running = await start(t, subject, trusting(proxy, stranger));
    const { port } = running;
    const direct = await login(t, port, {});
    const gone = await login(t, port, through(proxy, {}));
    const kept = await login(t, port, through(stranger, {}));
    await running.reload(trusting(stranger, another));
    assert.equal(await gone.peer.expectClosed(), OUT);
    const [old, fresh] = [proxy, another].map((key) => key.getPublicKey());
    await running.process.waitFor(
      `Reloaded: proxies trusted keys ["${old}"] were removed`,
    );
    await running.process.waitFor(
      `Reloaded: proxies trusted keys ["${fresh}"] were added`,
    );
    for (const { peer } of [direct, kept]) {
      peer.send("PING\r\n");
      assert.equal(await peer.expect(IN), IN);
    }
    assert.equal(await reasonOf(running, gone.id), "Proxy Not Trusted");
    assert.equal(await answerTo(t, running, through(proxy, {})), OUT);
    assert.equal(await answerTo(t, running, through(another, {})), IN);
  });
}

test("a reload adds and takes away all proxies at once", async (t) => {
  const [midge] = SUBJECTS;
  const running = await start(t, midge!, MONITOR);
  const before = await login(t, running.port, {});
  await running.reload(trusting(proxy));
  const brought = await login(t, running.port, through(proxy, {}));
  assert.equal(brought.answer, IN);
  await running.reload(MONITOR);
  assert.equal(await brought.peer.expectClosed(), OUT);
  before.peer.send("PING\r\n");
  assert.equal(await before.peer.expect(IN), IN);
});

test("who has to come through a proxy from now on is let go of", async (t) => {
  const [midge] = SUBJECTS;
  const users = (more: string): string =>
    `${trusting(proxy)}authorization { users: [
      { user: a, password: p${more} }, { user: b, password: p } ] }\n`;
  const running = await start(t, midge!, users(""));
  const fields = { user: "a", pass: "p" };
  const direct = await login(t, running.port, fields);
  const brought = await login(t, running.port, through(proxy, fields));
  await running.reload(users(", proxy_required: true"));
  assert.equal(await direct.peer.expectClosed(), OUT);
  assert.equal(await reasonOf(running, direct.id), "Proxy Required");
  brought.peer.send("PING\r\n");
  assert.equal(await brought.peer.expect(IN), IN);
});

test("a block that asks for a proxy lets no user in without one", async (t) => {
  const [midge] = SUBJECTS;
  for (const users of ["", "users: [{ user: a, password: p }]"]) {
    const config = `authorization { proxy_required: true\n${users} }\n`;
    const running = await start(t, midge!, trusting(proxy) + config);
    const fields = users === "" ? {} : { user: "a", pass: "p" };
    assert.equal(await answerTo(t, running, fields), OUT);
    assert.equal(await answerTo(t, running, through(proxy, fields)), IN);
    const log = running.process.stderr + running.process.stdout;
    assert.match(log, /only through a proxy/);
  }
});
