/** Limits of accounts and users: how many clients, subscriptions and bytes, and what becomes of those beyond. */
import assert from "node:assert/strict";
import {
  type AccountLimits,
  UNLIMITED_ACCOUNT,
} from "../../src/options/options.ts";
import { accountWithUser } from "../accounts/account_options.ts";
import { meshed, routeTo } from "../routes/route_peer.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

const FULL = "-ERR 'maximum account active connections exceeded'\r\n";
const SUBSCRIPTIONS = "-ERR 'maximum subscriptions exceeded'\r\n";
const PAYLOAD = "-ERR 'Maximum Payload Violation'\r\n";

/** Accounts with a user each, and these limits. */
function limited(table: Readonly<Record<string, Partial<AccountLimits>>>) {
  return Object.entries(table).map(([name, limits]) =>
    accountWithUser(name, { limits: { ...UNLIMITED_ACCOUNT, ...limits } })
  );
}

async function connectAs(
  t: TestContext,
  { port }: TestServer,
  user: string,
): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.expect(/INFO .*\r\n/);
  const fields = { user, pass: "pw", verbose: false, protocol: 1 };
  peer.send(`CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`);
  return peer;
}

/** Waits for the answer to the PING, and gives what INFO says then of the largest message. */
async function maxPayloadOf(peer: Peer): Promise<number> {
  await peer.expect("PONG\r\n");
  const info = await peer.expect(/INFO .*\r\n/);
  return JSON.parse(info.slice("INFO ".length)).max_payload;
}

test("an account takes as many clients as it may have, and more when some go", async (t) => {
  const midge = await startMidge(t, {
    accounts: limited({ A: { maxConnections: 2 }, B: {} }),
  });
  const first = await connectAs(t, midge, "a");
  await first.expect("PONG\r\n");
  await (await connectAs(t, midge, "a")).expect("PONG\r\n");
  const third = await connectAs(t, midge, "a");
  assert.equal(await third.expectClosed(), FULL);
  await (await connectAs(t, midge, "b")).expect("PONG\r\n");
  const { closed } = midge.server.broker.clients;
  assert.deepEqual(
    closed.list().map(({ reason }) => reason),
    ["Maximum Account Connections Exceeded"],
  );
  await first.close();
  const { accounts } = midge.server.broker.host;
  await until("the account has room", () => accounts.named("A")?.clients === 1);
  await (await connectAs(t, midge, "a")).expect("PONG\r\n");
});

test("an account with a limit of no clients takes none", async (t) => {
  const midge = await startMidge(t, {
    accounts: limited({ A: { maxConnections: 0 } }),
  });
  assert.equal(await (await connectAs(t, midge, "a")).expectClosed(), FULL);
});

test("clients of other servers count, and where they grow the last to come here go", async (t) => {
  const midge = await startMidge(t, {
    accounts: limited({ A: { maxConnections: 3 } }),
  });
  const peers: Peer[] = [];
  for (let i = 0; i < 3; i++) {
    const peer = await connectAs(t, midge, "a");
    await maxPayloadOf(peer);
    peers.push(peer);
  }
  const { clients, host } = midge.server.broker;
  const account = host.accounts.named("A")!;
  account.remoteClients = 2;
  clients.limitsChanged(account);
  assert.equal(await peers[1]!.expectClosed(), FULL);
  assert.equal(await peers[2]!.expectClosed(), FULL);
  await peers[0]!.silence();
  assert.equal(await (await connectAs(t, midge, "a")).expectClosed(), FULL);
});

test("a client that comes to another server drives the last one out here", async (t) => {
  const start = (
    maxConnections: number,
    cluster: object,
  ): Promise<TestServer> =>
    startMidge(t, {
      accounts: limited({ A: { maxConnections } }),
      systemAccount: "$SYS",
      cluster: { name: "c", ...cluster },
    });
  const here = await start(2, {});
  const there = await start(9, { routes: [routeTo(here)] });
  await meshed([here, there]);
  const first = await connectAs(t, here, "a");
  await maxPayloadOf(first);
  const last = await connectAs(t, here, "a");
  await maxPayloadOf(last);
  await maxPayloadOf(await connectAs(t, there, "a"));
  assert.equal(await last.expectClosed(), FULL);
  await first.silence();
});

test("subscriptions beyond the account's limit are refused, and the client stays", async (t) => {
  const midge = await startMidge(t, {
    maxSubscriptions: 3,
    accounts: limited({
      A: { maxSubscriptions: 2 },
      B: { maxSubscriptions: 9 },
      C: {},
    }),
  });
  for (const [user, max] of [["a", 2], ["b", 3], ["c", 3]] as const) {
    const peer = await connectAs(t, midge, user);
    await maxPayloadOf(peer);
    for (let sid = 1; sid <= max; sid++) peer.send(`SUB x ${sid}\r\n`);
    await peer.silence();
    peer.send("SUB x 10\r\nPING\r\n");
    assert.equal(await peer.expect("PONG\r\n"), `${SUBSCRIPTIONS}PONG\r\n`);
    peer.send("UNSUB 1\r\nSUB x 10\r\n");
    await peer.silence();
  }
  assert.ok(
    midge.log.lines.some((line) =>
      line.startsWith("DBG") && line.endsWith(
        "Max Subscriptions set to 3 from server overrides account or user config",
      )
    ),
  );
});

test("a client that may not subscribe at all is told so and closed", async (t) => {
  const midge = await startMidge(t, {
    accounts: limited({ A: { maxSubscriptions: 0 } }),
  });
  const peer = await connectAs(t, midge, "a");
  assert.equal(await peer.expectClosed(), SUBSCRIPTIONS);
});

test("the smallest limit of a message's size holds, and INFO tells it after the login", async (t) => {
  const midge = await startMidge(t, {
    maxPayloadBytes: 1000,
    accounts: limited({
      A: { maxPayloadBytes: 10 },
      B: { maxPayloadBytes: 5000 },
    }),
  });
  const a = await connectAs(t, midge, "a");
  assert.equal(await maxPayloadOf(a), 10);
  a.send("PUB x 10\r\n0123456789\r\n");
  await a.silence();
  a.send("PUB x 11\r\n0123456789a\r\n");
  assert.equal(await a.expectClosed(), PAYLOAD);
  const b = await connectAs(t, midge, "b");
  assert.equal(await maxPayloadOf(b), 1000);
  assert.ok(
    midge.log.lines.some((line) =>
      line.startsWith("DBG") && line.endsWith(
        "Max Payload set to 1000 from server overrides account or user config",
      )
    ),
  );
});

test("limits that are lowered hold for those that are there", async (t) => {
  const midge = await startMidge(t, {
    accounts: limited({ A: {}, B: {} }),
  });
  const kept = await connectAs(t, midge, "a");
  await maxPayloadOf(kept);
  const surplus = await connectAs(t, midge, "a");
  await maxPayloadOf(surplus);
  const subscribed = await connectAs(t, midge, "b");
  await maxPayloadOf(subscribed);
  subscribed.send("SUB x 1\r\nSUB x 2\r\n");
  await subscribed.silence();
  const { broker } = midge.server;
  const accounts = limited({
    A: { maxConnections: 1, maxPayloadBytes: 4 },
    B: { maxSubscriptions: 1 },
  });
  const options = { ...broker.options, accounts };
  await broker.reconfigure(options, await broker.makeDoors(options));
  assert.equal(await surplus.expectClosed(), FULL);
  assert.equal(await subscribed.expectClosed(), SUBSCRIPTIONS);
  kept.send("PUB x 4\r\n0123\r\n");
  await kept.silence();
  kept.send("PUB x 5\r\n01234\r\n");
  assert.equal(await kept.expectClosed(), PAYLOAD);
});

test("a user's own limits hold beside those of its account", async (t) => {
  const midge = await startMidge(t, { accounts: limited({ A: {} }) });
  const peer = await connectAs(t, midge, "a");
  await maxPayloadOf(peer);
  const [session] = midge.server.broker.clients.sessions.values();
  session!.rebind({
    account: "A",
    user: "a",
    limits: { maxSubscriptions: 1, maxPayloadBytes: 3 },
  });
  peer.send("SUB y 1\r\nSUB y 2\r\nPING\r\n");
  assert.equal(await peer.expect("PONG\r\n"), `${SUBSCRIPTIONS}PONG\r\n`);
  peer.send("PUB x 4\r\n0123\r\n");
  assert.equal(await peer.expectClosed(), PAYLOAD);
});
