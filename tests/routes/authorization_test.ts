/**
 * Which servers may join a cluster: credentials of servers that dial,
 * credentials for servers that are dialled, and a mesh that closes although not
 * every server knows the secret.
 */
import assert from "node:assert/strict";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import type { AuthorizationOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  connectClient,
  connectText,
  FIRST_ID,
  infoText,
  join,
  knock,
  LAST_ID,
  listen,
  logged,
  meshed,
  roundTrip,
  routeCount,
  routeTo,
  tell,
  welcome,
} from "./route_peer.ts";

const VIOLATION = "-ERR 'Authorization Violation'\r\n";
// "secret", at the lowest cost that there is.
const SECRET_HASH =
  "$2b$04$AdQvUtfsx7pn2nKq9o5JI.tvCWHn0W68FV9Ol/T5TUaVUOlDUu2ve";

function authorization(
  options: Partial<AuthorizationOptions>,
): AuthorizationOptions {
  return { ...defaultAuthorizationOptions(), ...options };
}

const USER = authorization({ user: "ruth", password: "secret" });
const HASHED = authorization({ user: "ruth", password: SECRET_HASH });
const TOKEN = authorization({ token: "secret" });
const HASHED_TOKEN = authorization({ token: SECRET_HASH });

const ACCEPTED = [
  ["user and password", USER, { user: "ruth", pass: "secret" }],
  ["a hashed password", HASHED, { user: "ruth", pass: "secret" }],
  ["a token", TOKEN, { auth_token: "secret" }],
  ["a token as nats-server shows it", TOKEN, { user: "secret" }],
  ["a hashed token", HASHED_TOKEN, { user: "secret" }],
] as const;

for (const [what, options, connect] of ACCEPTED) {
  test(`${what} lets a server in`, async (t) => {
    const cluster = { authorization: options };
    const midge = await startMidge(t, { cluster });
    const { peer } = await join(t, midge, { connect });
    assert.equal(peer.info.auth_required, true);
    assert.equal(routeCount(midge), 1);
  });
}

const REFUSED = [
  ["no credentials", USER, {}],
  ["a wrong password", USER, { user: "ruth", pass: "Secret" }],
  ["a wrong user", USER, { user: "Ruth", pass: "secret" }],
  ["a password as a token", USER, { auth_token: "secret" }],
  ["the hash instead of the password", HASHED, {
    user: "ruth",
    pass: SECRET_HASH,
  }],
  ["a wrong password against a hash", HASHED, { user: "ruth", pass: "no" }],
  ["no token", TOKEN, {}],
  ["a wrong token", TOKEN, { auth_token: "secreT" }],
  ["a token with a password", TOKEN, { user: "secret", pass: "secret" }],
] as const;

for (const [what, options, connect] of REFUSED) {
  test(`a server with ${what} is refused`, async (t) => {
    const cluster = { authorization: options };
    const midge = await startMidge(t, { cluster });
    const peer = await knock(t, midge);
    peer.send(connectText({ connect }) + infoText({}) + "RS+ $G foo\r\n");
    assert.equal(await peer.expectClosed(), VIOLATION);
    await logged(midge, "Router connection closed: Authentication Failure");
    assert.equal(midge.server.broker.host.accounts.global.sublist.size, 0);
  });
}

test("while a password is compared, nothing else is looked at", async (t) => {
  const cluster = { authorization: HASHED };
  const midge = await startMidge(t, { cluster });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  const connect = { user: "ruth", pass: "secret" };
  const { peer, lines } = await join(t, midge, { connect });
  assert.deepEqual(lines, ["RS+ $G foo"]);
  await tell(peer, "RMSG $G foo 2\r\nhi\r\n");
  assert.equal(await client.expect("hi\r\n"), "MSG foo 1 2\r\nhi\r\n");
});

test("a server that says nothing is turned away in time", async (t) => {
  const cluster = {
    authorization: authorization({ ...USER, timeoutMs: 20 }),
  };
  const midge = await startMidge(t, { cluster });
  const peer = await knock(t, midge);
  assert.equal(
    await peer.expectClosed(),
    "-ERR 'Authentication Timeout'\r\n",
  );
  await logged(midge, "Router connection closed: Authentication Timeout");
});

test("credentials of a configured route go to that server only", async (t) => {
  const [withUser, withToken] = [await listen(t), await listen(t)];
  const { port } = withUser;
  const host = "127.0.0.1";
  const midge = await startMidge(t, {
    cluster: {
      routes: [
        { host, port, user: "ruth", password: "secret" },
        { host, port: withToken.port, token: "token" },
      ],
    },
  });
  const first = await welcome(withUser, { id: "A" });
  assert.equal(first.connect["user"], "ruth");
  assert.equal(first.connect["pass"], "secret");
  assert.equal(first.connect["auth_token"], undefined);
  const second = await welcome(withToken, { id: "B" });
  assert.equal(second.connect["auth_token"], "token");
  assert.equal(second.connect["user"], "token");
  assert.equal(second.connect["pass"], undefined);
  assert.ok(!midge.log.lines.some((line) => /secret|token/.test(line)));
});

const OWN = [
  [USER, { user: "ruth", pass: "secret" }],
  [TOKEN, { user: "secret", auth_token: "secret" }],
  // A hash is no password.
  [HASHED, {}],
  [HASHED_TOKEN, {}],
] as const;

for (const [options, expected] of OWN) {
  const kind = Object.keys(expected).join(" and ") || "nothing";
  test(`a server known by gossip is shown ${kind} if it asks`, async (t) => {
    const listener = await listen(t);
    const cluster = { authorization: options };
    const midge = await startMidge(t, { cluster });
    const { peer } = await join(t, midge, {
      connect: { user: "ruth", pass: "secret", auth_token: "secret" },
    });
    const ip = `nats-route://127.0.0.1:${listener.port}/`;
    const asks = { auth_required: true, ip };
    peer.send(infoText({ id: "ASKS", info: asks }));
    const { connect } = await welcome(listener, { id: "ASKS" });
    const { user, pass, auth_token } = connect;
    assert.deepEqual(
      JSON.parse(JSON.stringify({ user, pass, auth_token })),
      expected,
    );
  });
}

test("a server known by gossip that asks for nothing is shown nothing", async (t) => {
  const listener = await listen(t);
  const midge = await startMidge(t, { cluster: { authorization: USER } });
  const { peer } = await join(t, midge, {
    connect: { user: "ruth", pass: "secret" },
  });
  const ip = `nats-route://127.0.0.1:${listener.port}/`;
  peer.send(infoText({ id: "OPEN", info: { ip } }));
  const { connect } = await welcome(listener, { id: "OPEN" });
  assert.equal(connect["user"], undefined);
});

test("a dialled server that wants credentials counts from its answer on", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  const peer = await listener.accept();
  await peer.expect("INFO");
  peer.send(infoText({ info: { auth_required: true } }));
  await peer.expect("PING\r\n");
  assert.equal(routeCount(midge), 0);
  peer.send("PONG\r\n");
  await peer.expect("RS+ $G foo\r\n");
  assert.equal(routeCount(midge), 1);
});

test("interest of a dialled server says that it accepted our credentials", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const client = await connectClient(t, midge);
  const peer = await listener.accept();
  await peer.expect("INFO");
  // As a real one does it: its INFO went out first, its interest when ours came.
  peer.send(infoText({ info: { auth_required: true } }));
  peer.send("RS+ $G foo\r\nRS+ $G bar q 2\r\n");
  await roundTrip(peer);
  assert.equal(routeCount(midge), 1);
  await tell(client, "PUB foo 2\r\nhi\r\nPUB bar 2\r\nhi\r\n");
  await peer.expect("RMSG $G foo 2\r\nhi\r\nRMSG $G bar | q 2\r\nhi\r\n");
});

for (const id of [FIRST_ID, LAST_ID]) {
  test(`a dial with a wrong token does not keep out ${id} itself`, async (t) => {
    const listener = await listen(t);
    const { port } = listener;
    const routes = [{ host: "127.0.0.1", port, token: "wrong" }];
    const midge = await startMidge(t, { cluster: { routes } });
    const refused = await listener.accept();
    await refused.expect("INFO");
    refused.send(infoText({ id, info: { auth_required: true } }));
    await refused.expect("PING\r\n");
    const { peer } = await join(t, midge, { id });
    refused.send(VIOLATION);
    await refused.expectClosed();
    assert.equal(routeCount(midge), 1);
    await tell(peer, "RS+ $G foo\r\n");
    // The dialer of the refused connection rests on the one that stands.
    await midge.server.stop();
    assert.equal(await peer.expectClosed(), "");
  });
}

test("a protected server closes the mesh by its own dials", async (t) => {
  const open = await startMidge(t, { cluster: {} });
  const closed = await startMidge(t, {
    cluster: { authorization: TOKEN, routes: [routeTo(open)] },
  });
  await meshed([open, closed]);
  const stranger = await startMidge(t, {
    cluster: {
      routes: [routeTo(open), { ...routeTo(closed), token: "wrong" }],
    },
  });
  await meshed([open, closed, stranger]);
});

test("servers with the token in their routes form a mesh", async (t) => {
  const cluster = { authorization: TOKEN };
  const first = await startMidge(t, { cluster });
  const routes = [{ ...routeTo(first), token: "secret" }];
  const others = [];
  for (let i = 0; i < 3; i++) {
    others.push(await startMidge(t, { cluster: { ...cluster, routes } }));
  }
  await meshed([first, ...others]);
});

test("servers with a hashed password form a mesh", async (t) => {
  const cluster = { authorization: HASHED };
  const first = await startMidge(t, { cluster });
  const login = { user: "ruth", password: "secret" };
  const second = await startMidge(t, {
    cluster: { ...cluster, routes: [{ ...routeTo(first), ...login }] },
  });
  // Gossip cannot help here: a hash is no password.
  const third = await startMidge(t, {
    cluster: {
      ...cluster,
      routes: [first, second].map((midge) => ({ ...routeTo(midge), ...login })),
    },
  });
  await meshed([first, second, third]);
});
