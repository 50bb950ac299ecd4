/** Operator mode while clients are in: what becomes of them when time passes and JWTs change. */
import assert from "node:assert/strict";
import { createAccount } from "@nats-io/nkeys";
import type { TrustOptions } from "../../src/options/options.ts";
import {
  Chain,
  type ChainUser,
  FREE_ACCOUNT,
  signNonce,
} from "../auth/jwt/chain.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  startStillMidge,
  type StillMidge,
  type StillPeer,
} from "./still_midge.ts";

function start(t: TestContext, trust: TrustOptions): Promise<StillMidge> {
  return startStillMidge(t, { trust });
}

async function loggedIn(
  still: StillMidge,
  { jwt, pair }: ChainUser,
): Promise<StillPeer> {
  const { peer, greeting } = await still.greeted();
  const { nonce } = JSON.parse(greeting.slice("INFO ".length));
  const sig = signNonce(pair, nonce);
  const fields = { verbose: false, pedantic: false, protocol: 1, jwt, sig };
  await peer.say(`CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`);
  assert.match(peer.take(), /^PONG\r\n/);
  return peer;
}

/** What the client was told, but for PINGs. */
function heard(peer: StillPeer): string {
  return peer.take().replaceAll("PING\r\n", "");
}

async function isIn(peer: StillPeer): Promise<boolean> {
  if (peer.closed !== undefined) return false;
  await peer.say("PING\r\n");
  return heard(peer) === "PONG\r\n";
}

/** What the client was told last, and why it is gone, as monitoring tells it. */
function ending(
  still: StillMidge,
  peer: StillPeer,
): [told: string, reason: string | undefined] {
  assert.notEqual(peer.closed, undefined, "the client is still there");
  const gone = still.midge.server.connz({ state: "closed" }).connections;
  return [heard(peer), gone.at(-1)?.reason];
}

/** Another JWT of the account comes. */
async function push(
  still: StillMidge,
  [key, jwt]: readonly [string, string],
): Promise<void> {
  const { operator } = still.midge.server.broker;
  assert.equal(operator?.accounts.accept(key, jwt), "");
  await still.clock.advance(0);
}

function seconds(still: StillMidge, later: number): number {
  return Math.floor(still.clock.now() / 1000) + later;
}

const EXPIRED = "-ERR 'User Authentication Expired'\r\n";
const ACCOUNT_EXPIRED = "-ERR 'Account Authentication Expired'\r\n";
const REVOKED = "-ERR 'User Authentication Revoked'\r\n";

test("CVE-2020-26892: a user's time is over while it is connected", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const short = await loggedIn(
    still,
    account.user({}, { exp: seconds(still, 60) }),
  );
  const long = await loggedIn(
    still,
    account.user({}, { exp: seconds(still, 60 * 86_400) }),
  );
  await still.clock.advance(59_000);
  assert.equal(await isIn(short), true);
  await still.clock.advance(2000);
  assert.deepEqual(ending(still, short), [EXPIRED, "Authentication Expired"]);
  assert.equal(await isIn(long), true);
});

test("a time in the far future is waited for", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const user = account.user({}, { exp: seconds(still, 60 * 86_400) });
  await loggedIn(still, user);
  const session = still.newest;
  // No client answers PINGs for two months, so its timers are all that pass.
  session.connection.keepAlive.stop();
  await still.clock.advance(59 * 86_400_000);
  assert.equal(session.connection.closed, false);
  await still.clock.advance(2 * 86_400_000);
  assert.equal(session.connection.closed, true);
});

test("a range of the day ends", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const at = (ms: number): string =>
    new Date(still.clock.now() + ms).toISOString().slice(11, 19);
  const times = [{ start: at(-5000), end: at(30_000) }];
  const peer = await loggedIn(
    still,
    account.user({ times, times_location: "UTC" }),
  );
  await still.clock.advance(28_000);
  assert.equal(await isIn(peer), true);
  await still.clock.advance(4000);
  assert.deepEqual(ending(still, peer), [EXPIRED, "Authentication Expired"]);
});

test("an account's time is over, and then nobody of it comes in", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const other = chain.account();
  const still = await start(t, chain.trust([other.entry()]));
  await push(still, account.entry({}, { exp: seconds(still, 30) }));
  const peer = await loggedIn(still, account.user());
  const stays = await loggedIn(still, other.user());
  await still.clock.advance(31_000);
  assert.deepEqual(ending(still, peer), [
    ACCOUNT_EXPIRED,
    "Authentication Expired",
  ]);
  assert.equal(await isIn(stays), true);
  await assert.rejects(loggedIn(still, account.user()));
  assert.ok(
    still.midge.log.lines.some((line) =>
      line.endsWith("Account JWT has expired")
    ),
  );
  await push(still, account.entry());
  assert.equal(await isIn(await loggedIn(still, account.user())), true);
});

test("an account that is deleted lets its clients go", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const peer = await loggedIn(still, account.user());
  still.midge.server.broker.operator?.accounts.forget(account.key);
  await still.clock.advance(0);
  assert.deepEqual(ending(still, peer), [
    ACCOUNT_EXPIRED,
    "Authentication Expired",
  ]);
});

test("a revocation reaches the user, or all that came before it", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const user = account.user({}, { iat: 1000 });
  const late = await loggedIn(still, account.user({}, { iat: 2001 }));
  const early = await loggedIn(still, account.user({}, { iat: 2000 }));
  const named = await loggedIn(still, user);
  await push(still, account.entry({ revocations: { [user.key]: 1000 } }));
  assert.deepEqual(ending(still, named), [REVOKED, "Credentials Revoked"]);
  assert.equal(await isIn(early), true);
  await push(still, account.entry({ revocations: { "*": 2000 } }));
  assert.deepEqual(ending(still, early), [REVOKED, "Credentials Revoked"]);
  assert.equal(await isIn(late), true);
});

test("a signing key that is gone, or has another role, vouches for nobody", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const plain = createAccount();
  const scoped = createAccount();
  const role = (subs: number): object => ({
    kind: "user_scope",
    key: scoped.getPublicKey(),
    role: "r",
    template: { subs },
  });
  const keys = [plain.getPublicKey(), role(5)];
  const still = await start(
    t,
    chain.trust([account.entry({ signing_keys: keys })]),
  );
  const issuer_account = account.key;
  const free = { issuer_account, subs: -1, data: -1, payload: -1 };
  const byKey = await loggedIn(still, account.userOf(plain, free));
  const byRole = await loggedIn(
    still,
    account.userOf(scoped, { issuer_account }),
  );
  const own = await loggedIn(still, account.user());
  await push(
    still,
    account.entry({ signing_keys: [plain.getPublicKey(), role(6)] }),
  );
  assert.deepEqual(ending(still, byRole), ["", "Authentication Failure"]);
  assert.equal(await isIn(byKey), true);
  await push(still, account.entry({ signing_keys: [role(6)] }));
  assert.deepEqual(ending(still, byKey), ["", "Authentication Failure"]);
  assert.equal(await isIn(own), true);
});

test("bearers go when the account does not allow them any more", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const bearer = await loggedIn(still, account.user({ bearer_token: true }));
  const signer = await loggedIn(still, account.user());
  await push(
    still,
    account.entry({ limits: { ...FREE_ACCOUNT, disallow_bearer: true } }),
  );
  assert.deepEqual(ending(still, bearer), [
    "-ERR 'Authorization Violation'\r\n",
    "Authentication Failure",
  ]);
  assert.equal(await isIn(signer), true);
});

test("of more clients than the account may have the last that came go", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const first = await loggedIn(still, account.user());
  const second = await loggedIn(still, account.user());
  await push(still, account.entry({ limits: { ...FREE_ACCOUNT, conn: 1 } }));
  assert.deepEqual(ending(still, second), [
    "-ERR 'maximum account active connections exceeded'\r\n",
    "Maximum Account Connections Exceeded",
  ]);
  assert.equal(await isIn(first), true);
});

test("default permissions and mappings change for those who are in", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const peer = await loggedIn(still, account.user());
  await peer.say("SUB > 1\r\nPUB a 1\r\nx\r\n");
  assert.equal(peer.take(), "MSG a 1 1\r\nx\r\n");
  await push(still, account.entry({ mappings: { a: [{ subject: "b" }] } }));
  await peer.say("PUB a 1\r\nx\r\n");
  assert.equal(peer.take(), "MSG b 1 1\r\nx\r\n");
  await push(
    still,
    account.entry({ default_permissions: { pub: { deny: ["a"] } } }),
  );
  await peer.say("PUB a 1\r\nx\r\n");
  assert.equal(
    peer.take(),
    "-ERR 'Permissions Violation for Publish to \"a\"'\r\n",
  );
  await push(still, account.entry());
  await peer.say("PUB a 1\r\nx\r\n");
  assert.equal(peer.take(), "MSG a 1 1\r\nx\r\n");
});

test("an import needs a token, which may be revoked and may end", async (t) => {
  const chain = new Chain();
  const [there, here] = [chain.account(), chain.account()];
  const still = await start(t, chain.trust([]));
  const offer = (revocations: object = {}): Record<string, unknown> => ({
    exports: [{
      subject: "q.*",
      type: "service",
      token_req: true,
      revocations,
    }],
  });
  const wanted = (token: string): Record<string, unknown> => ({
    imports: [{ subject: "q.a", account: there.key, type: "service", token }],
  });
  const token = there.activation(
    here.key,
    { subject: "q.*", kind: "service" },
    { iat: 50, exp: seconds(still, 60) },
  );
  await push(still, there.entry(offer()));
  await push(still, here.entry(wanted(token)));
  const responder = await loggedIn(still, there.user());
  await responder.say("SUB q.* 1\r\n");
  const asker = await loggedIn(still, here.user());
  const hears = async (): Promise<boolean> => {
    await asker.say("PUB q.a 1\r\nx\r\n");
    return /^H?MSG q\.a 1 /.test(heard(responder));
  };
  assert.equal(await hears(), true);
  await push(still, there.entry(offer({ [here.key]: 50 })));
  assert.equal(await hears(), false);
  await push(still, there.entry(offer({ "*": 49 })));
  assert.equal(await hears(), true);
  await push(still, here.entry(wanted("")));
  assert.equal(await hears(), false);
  await push(still, here.entry(wanted(token)));
  assert.equal(await hears(), true);
  await still.clock.advance(61_000);
  assert.equal(await hears(), false);
});

test("an account that a resolver has to be asked for holds its users, and nobody else", async (t) => {
  const chain = new Chain();
  const [known, exporter, importer] = [
    chain.account(),
    chain.account(),
    chain.account(),
  ];
  const still = await start(t, chain.trust([known.entry()]));
  const { operator } = still.midge.server.broker;
  const jwts = new Map([
    exporter.entry({ exports: [{ subject: "s.>", type: "stream" }] }),
    importer.entry({
      imports: [{ subject: "s.>", account: exporter.key, type: "stream" }],
    }),
  ]);
  const asked: string[] = [];
  const answer = Promise.withResolvers<void>();
  operator!.resolver = {
    lookup: async (key) => {
      asked.push(key);
      await answer.promise;
      return jwts.get(key);
    },
  };
  const users = [importer.user(), importer.user()];
  const waiting = await Promise.all(users.map(async ({ jwt, pair }) => {
    const { peer, greeting } = await still.greeted();
    const { nonce } = JSON.parse(greeting.slice("INFO ".length));
    const fields = { verbose: false, jwt, sig: signNonce(pair, nonce) };
    peer.send(`CONNECT ${JSON.stringify(fields)}\r\nSUB > 1\r\nPING\r\n`);
    return peer;
  }));
  await still.clock.advance(0);
  assert.deepEqual(waiting.map((peer) => peer.take()), ["", ""]);
  assert.equal(await isIn(await loggedIn(still, known.user())), true);
  assert.deepEqual(asked, [importer.key]);
  answer.resolve();
  await still.clock.advance(0);
  await still.clock.advance(0);
  assert.deepEqual(asked, [importer.key, exporter.key]);
  for (const peer of waiting) assert.match(peer.take(), /^PONG\r\n/);
  const publisher = await loggedIn(still, exporter.user());
  await publisher.say("PUB s.a 1\r\nx\r\n");
  for (const peer of waiting) assert.equal(peer.take(), "MSG s.a 1 1\r\nx\r\n");
  const stranger = chain.account().user();
  await assert.rejects(loggedIn(still, stranger));
});

test("a JWT that nobody trusts changes nothing", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const still = await start(t, chain.trust([account.entry()]));
  const peer = await loggedIn(still, account.user());
  const accounts = still.midge.server.broker.operator!.accounts;
  const before = accounts.known(account.key);
  const other = chain.account();
  const rows: readonly [jwt: string, fault: string][] = [
    [other.jwt(), "account validation failed"],
    [account.user().jwt, "not account claim"],
    [account.jwt({}, { exp: 2 }), "account validation failed"],
    [
      account.jwt({ exports: [{ subject: "a..b", type: "stream" }] }),
      "account validation failed",
    ],
    ["x", "expected 3 chunks"],
  ];
  for (const [jwt, fault] of rows) {
    assert.equal(accounts.accept(account.key, jwt), fault);
  }
  assert.equal(accounts.known(account.key), before);
  assert.equal(await isIn(peer), true);
});

test("a JWT that is pushed while an older one is looked up is the one that holds", async (t) => {
  const chain = new Chain();
  const [known, account] = [chain.account(), chain.account()];
  const still = await start(t, chain.trust([known.entry()]));
  const { operator } = still.midge.server.broker;
  const answer = Promise.withResolvers<string>();
  operator!.resolver = { lookup: () => answer.promise };
  const [out, stays] = [account.user(), account.user()];
  const { peer, greeting } = await still.greeted();
  const { nonce } = JSON.parse(greeting.slice("INFO ".length));
  const fields = { jwt: out.jwt, sig: signNonce(out.pair, nonce) };
  await peer.say(`CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`);
  const [, older] = account.entry({}, { iat: 1000 });
  const revocations = { [out.key]: 5000 };
  await push(still, account.entry({ revocations }, { iat: 2000 }));
  answer.resolve(older);
  await still.clock.advance(0);
  await still.clock.advance(0);
  assert.equal(peer.take(), "-ERR 'Authorization Violation'\r\n");
  await assert.rejects(loggedIn(still, out));
  assert.equal(await isIn(await loggedIn(still, stays)), true);
});
