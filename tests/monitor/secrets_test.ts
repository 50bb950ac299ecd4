/**
 * No page shows a secret: not from the options, not from route URLs, and not from
 * the CONNECT of clients and servers, even if it was in the wrong field, the
 * login failed, or the connection is closed.
 */
import assert from "node:assert/strict";
import type { Peer } from "../support/peer.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { type MonitoredMidge, startMonitored } from "./pages.ts";
import { until } from "../support/until.ts";

/** Every secret of these tests contains this text. */
const MARK = "zsecretz";
const secret = (what: string): string => `${MARK}-${what}`;

const PAGES = [
  "",
  "varz",
  ...["open", "closed", "all"].flatMap((state) =>
    ["subs=1", "subs=detail"].map((subs) =>
      `connz?auth=1&${subs}&state=${state}`
    )
  ),
  "routez?subs=1",
  "routez?subs=detail",
  "subsz?subs=1",
  "accountz",
  "accountz?acc=$G",
  "accstatz?unused=1",
  "leafz?subs=1",
  "gatewayz?accs=1",
  "jsz?config=1&accounts=1&streams=1",
  "healthz?details=1",
];

function assertNoSecrets(midge: MonitoredMidge): void {
  for (const page of PAGES) {
    const { status, headers, body } = midge.ask(page);
    assert.equal(status, 200, `${page}: ${body}`);
    const text = JSON.stringify(headers) + body;
    assert.ok(!text.includes(MARK), `${page} shows a secret:\n${text}`);
    assert.doesNotMatch(text, /\$2[abxy]\$|auth_token|"pass/, page);
  }
}

/** Sends CONNECT without waiting for an answer. */
async function tryLogin(
  midge: MonitoredMidge,
  fields: Readonly<Record<string, unknown>>,
): Promise<Peer> {
  const peer = await connectPeer({ port: midge.port });
  await peer.expectLine();
  peer.send(`CONNECT ${JSON.stringify({ verbose: false, ...fields })}\r\n`);
  return peer;
}

const EVERY_SECRET_FIELD = {
  pass: secret("pass"),
  auth_token: secret("token"),
  jwt: secret("jwt"),
  nkey: secret("nkey"),
  sig: secret("sig"),
};

// CVE-2026-33216, CVE-2026-33247: passwords that pages of monitoring showed.
test("passwords of users are not shown", async (t) => {
  const midge = await startMonitored(t, {
    authorization: {
      users: [
        { user: "ann", password: secret("ann") },
        { user: "bob", password: `$2a$04$${MARK}${"x".repeat(45)}` },
      ],
      timeoutMs: 1000,
    },
    cluster: {
      authorization: {
        user: "route",
        password: secret("cluster"),
        users: [],
        timeoutMs: 1000,
      },
      // No server listens there, so the dialer keeps the target.
      routes: [{
        host: "127.0.0.1",
        port: 1,
        user: secret("route-user"),
        password: secret("route-pass"),
      }],
    },
  });
  await midge.client({
    ...EVERY_SECRET_FIELD,
    user: "ann",
    pass: secret("ann"),
  });
  const gone = await midge.client({ user: "ann", pass: secret("ann") });
  await midge.say(gone, "SUB a 1\r\n");
  await midge.leave(gone);
  const refused = await tryLogin(midge, { ...EVERY_SECRET_FIELD, user: "ann" });
  await refused.expectClosed();
  assert.equal(midge.connz("state=all").total, 3);
  assert.equal(midge.connz("state=all&user=ann").num_connections, 2);
  assertNoSecrets(midge);
});

test("a token is not shown, even if it was sent as the name of a user", async (t) => {
  const token = secret("token");
  const midge = await startMonitored(t, {
    authorization: { token, users: [], timeoutMs: 1000 },
  });
  await midge.client({ auth_token: token });
  const confused = await tryLogin(midge, { user: token, pass: token });
  await confused.expectClosed();
  assert.equal(midge.connz("state=all").total, 2);
  assertNoSecrets(midge);
});

test("secrets that the server did not ask for are not shown", async (t) => {
  const midge = await startMonitored(t);
  await midge.client({ ...EVERY_SECRET_FIELD, user: secret("user") });
  await midge.leave(await midge.client(EVERY_SECRET_FIELD));
  assertNoSecrets(midge);
});

test("credentials of an established route are not shown", async (t) => {
  const authorization = {
    user: "route",
    password: secret("cluster"),
    users: [],
    timeoutMs: 1000,
  };
  const a = await startMonitored(t, { cluster: { authorization } });
  const b = await startMonitored(t, {
    cluster: {
      authorization,
      routes: [{
        host: "127.0.0.1",
        port: a.clusterPort,
        user: "route",
        password: secret("cluster"),
      }],
    },
  });
  for (const midge of [a, b]) {
    await until("a route", () => midge.page("routez")["num_routes"] === 1);
    assertNoSecrets(midge);
  }
});
