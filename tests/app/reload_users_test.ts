/**
 * What a reload does to clients that are connected: who may stay stays, and hears
 * nothing; who may not is told, or let go of without a word, as by nats-server.
 */
import assert from "node:assert/strict";
import { fromSeed } from "@nats-io/nkeys";
import type { CompareHash } from "../../src/auth/hash_queue.ts";
import { base64Url } from "../../src/core/base64.ts";
import { deferred } from "../../src/core/deferred.ts";
import {
  type AccountOptions,
  defaultAuthorizationOptions,
  type PermissionsOptions,
  type ServerOptions,
  type UserOptions,
} from "../../src/options/options.ts";
import { accountOptions } from "../accounts/account_options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

const SEED = "SUAEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRB4QE";
const KEY = "UDLVS6J3XQJ2FAM2QJ6HNLNW7OUKJGXOAB7UT4WQTEWZTOBFVUWEQTSF";
/** bcrypt of "right", and another one of it. */
const HASH = "$2a$04$H1YmNC5WQ8sFrpXvQY8vxO3zPqmrJ9d7Z1s9oXlC0n4j3p0Q2WQ2e";
const OTHER_HASH = HASH.replace("$04$H1", "$04$H2");

const VIOLATION = "-ERR 'Authorization Violation'\r\n";
const SILENTLY = "";

type Shape = Partial<
  Pick<ServerOptions, "accounts" | "authorization" | "noAuthUser">
>;

interface Changing {
  readonly port: number;
  readonly log: readonly string[];
  /** Hashes that were compared. */
  readonly compared: readonly string[];
  change(shape: Shape): Promise<void>;
  login(fields?: Readonly<Record<string, unknown>>): Promise<Peer>;
  /** One that has only read INFO. */
  greeted(): Promise<Peer>;
}

async function startChanging(
  t: TestContext,
  shape: Shape,
  compare: CompareHash = (secret) => Promise.resolve(secret === "right"),
): Promise<Changing> {
  let next: ServerOptions;
  const compared: string[] = [];
  const { server, port, log } = await startMidge(t, shape, {
    rereadOptions: () => Promise.resolve(structuredClone(next)),
    compareHash: (secret, hash) => {
      compared.push(hash);
      return compare(secret, hash);
    },
  });
  const base: ServerOptions = {
    ...server.broker.options,
    accounts: [],
    authorization: undefined,
    noAuthUser: "",
  };
  const peer = async (): Promise<Peer> => {
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    return peer;
  };
  return {
    port,
    log: log.lines,
    compared,
    change: (changed) => {
      next = { ...base, ...changed };
      return server.reload();
    },
    async login(fields) {
      const client = await peer();
      await client.handshake(fields);
      return client;
    },
    async greeted() {
      const client = await peer();
      await client.expectLine();
      return client;
    },
  };
}

function user(name: string, password = "p", more: Partial<UserOptions> = {}) {
  return { user: name, password, ...more };
}

function users(...list: readonly UserOptions[]): Shape {
  return {
    authorization: { ...defaultAuthorizationOptions(), users: [...list] },
  };
}

function single(name: string, password: string): Shape {
  const none = defaultAuthorizationOptions();
  return { authorization: { ...none, user: name, password } };
}

function token(secret: string): Shape {
  return { authorization: { ...defaultAuthorizationOptions(), token: secret } };
}

function accounts(...list: readonly AccountOptions[]): Shape {
  return { accounts: [...list] };
}

function inAccount(name: string, ...list: readonly UserOptions[]) {
  return accountOptions(name, { users: [...list] });
}

const A = { user: "a", pass: "p" };
const T = { auth_token: "t" };

test("who may stay after a reload hears nothing of it", async (t) => {
  const rows: readonly [string, Shape, Shape, Record<string, unknown>][] = [
    ["nothing changed", users(user("a")), users(user("a")), A],
    ["a single user", single("a", "p"), single("a", "p"), A],
    ["a token", token("t"), token("t"), T],
    [
      "another user has changed",
      users(user("a"), user("b")),
      users(user("a"), user("b", "q")),
      A,
    ],
    [
      "it was alone, and is one of several",
      single("a", "p"),
      users(user("a"), user("b")),
      A,
    ],
    [
      "it is alone from now on",
      users(user("a"), user("b")),
      single("a", "p"),
      A,
    ],
    [
      "its password is a hash from now on",
      users(user("a", "right")),
      users(user("a", HASH)),
      { user: "a", pass: "right" },
    ],
    [
      "its hash is another one of the same",
      users(user("a", HASH)),
      users(user("a", OTHER_HASH)),
      { user: "a", pass: "right" },
    ],
    ["nobody has to log in any more, and it is nobody", token("t"), {}, T],
    [
      "in an account",
      accounts(inAccount("X", user("a"))),
      accounts(inAccount("X", user("a")), inAccount("Y")),
      A,
    ],
    ["of an open server", {}, {}, {}],
    [
      "as the user of those without credentials",
      { ...users(user("n")), noAuthUser: "n" },
      { ...users(user("n"), user("b")), noAuthUser: "n" },
      {},
    ],
  ];
  for (const [what, before, after, fields] of rows) {
    const midge = await startChanging(t, before);
    const peer = await midge.login(fields);
    peer.send("SUB x 1\r\n");
    await peer.silence();
    await midge.change(after);
    await peer.silence();
    peer.send("PUB x 2\r\nhi\r\n");
    assert.equal(
      await peer.expect("hi\r\n"),
      "MSG x 1 2\r\nhi\r\n",
      what,
    );
  }
});

test("who may not stay is told, or let go of without a word", async (t) => {
  const rows: readonly [
    string,
    Shape,
    Shape,
    Record<string, unknown>,
    string,
  ][] = [
    ["another password", users(user("a")), users(user("a", "q")), A, VIOLATION],
    [
      "another password of the single user",
      single("a", "p"),
      single("a", "q"),
      A,
      VIOLATION,
    ],
    ["another token", token("t"), token("u"), T, VIOLATION],
    ["a token, no users", users(user("a")), token("t"), A, VIOLATION],
    ["users, no token", token("t"), users(user("a")), T, VIOLATION],
    [
      "no user of that name",
      users(user("a"), user("b")),
      users(user("b")),
      A,
      SILENTLY,
    ],
    ["another single user", single("a", "p"), single("b", "p"), A, SILENTLY],
    [
      "in another account",
      accounts(inAccount("X", user("a")), inAccount("Y")),
      accounts(inAccount("X"), inAccount("Y", user("a"))),
      A,
      SILENTLY,
    ],
    [
      "in no account",
      accounts(inAccount("X", user("a")), inAccount("Y", user("b"))),
      accounts(inAccount("Y", user("b"))),
      A,
      SILENTLY,
    ],
    ["nobody logs in any more", users(user("a")), {}, A, SILENTLY],
    ["everybody has to log in", {}, users(user("a")), {}, VIOLATION],
    ["it said a name when nobody asked", {}, users(user("b")), A, SILENTLY],
    [
      "it may not come this way",
      users(user("a")),
      users(user("a", "p", { connectionTypes: ["MQTT"] })),
      A,
      VIOLATION,
    ],
    [
      "nobody without credentials",
      { ...users(user("n")), noAuthUser: "n" },
      users(user("b")),
      {},
      VIOLATION,
    ],
  ];
  for (const [what, before, after, fields, last] of rows) {
    const midge = await startChanging(t, before);
    const peer = await midge.login(fields);
    await midge.change(after);
    assert.equal(await peer.expectClosed(), last, what);
  }
});

test("a changed hash that the client's password does not fit ends the client", async (t) => {
  const midge = await startChanging(t, users(user("a", "wrong")));
  const peer = await midge.login({ user: "a", pass: "wrong" });
  await midge.change(users(user("a", HASH)));
  assert.equal(await peer.expectClosed(), VIOLATION);
});

test("a hash that did not change is not compared again", async (t) => {
  const midge = await startChanging(t, users(user("a", HASH), user("b")));
  const peer = await midge.login({ user: "a", pass: "right" });
  assert.deepEqual(midge.compared, [HASH]);
  await midge.change(users(user("b"), user("a", HASH)));
  await peer.silence();
  assert.deepEqual(midge.compared, [HASH]);
  await midge.change(users(user("a", OTHER_HASH)));
  await peer.silence();
  assert.deepEqual(midge.compared, [HASH, OTHER_HASH]);
});

test("a client that logged in by key stays as long as its key does", async (t) => {
  const byKey: UserOptions = { user: "", password: "", nkey: KEY };
  const text = new TextEncoder();
  const midge = await startChanging(t, users(byKey));
  const peer = await connectPeer({ port: midge.port });
  t.after(() => peer.close());
  const { nonce } = JSON.parse((await peer.expectLine()).slice(5));
  const sig = base64Url(fromSeed(text.encode(SEED)).sign(text.encode(nonce)));
  peer.send(
    `CONNECT ${JSON.stringify({ verbose: false, nkey: KEY, sig })}\r\n`,
  );
  await peer.silence();
  await midge.change(users(user("b"), byKey));
  await peer.silence();
  await midge.change(users(user("b")));
  assert.equal(await peer.expectClosed(), SILENTLY);
});

test("who has not logged in yet has to prove what the new configuration asks for", async (t) => {
  const midge = await startChanging(t, {});
  const [early, late] = [await midge.greeted(), await midge.greeted()];
  await midge.change(users(user("a")));
  early.send("PUB x 0\r\n\r\n");
  assert.equal(await early.expectClosed(), VIOLATION);
  late.send(`CONNECT ${JSON.stringify({ verbose: false, ...A })}\r\n`);
  await late.silence();
});

test("GHSA-hmmp: what an open server let in hears nothing behind a login, in no account", async (t) => {
  const midge = await startChanging(t, {});
  const early = await midge.greeted();
  early.send("SUB > 1\r\nPUB mine 0\r\n\r\n");
  await early.expect("MSG mine 1 0\r\n\r\n");
  await midge.change({
    ...users(user("a")),
    ...accounts(inAccount("B", user("b"))),
  });
  const [global, other] = [
    await midge.login(A),
    await midge.login({ user: "b", pass: "p" }),
  ];
  const publish = async (peer: Peer, subject: string): Promise<void> => {
    peer.send(`PUB ${subject} 0\r\n\r\n`);
    await peer.silence();
  };
  await publish(global, "secret.1");
  early.send('CONNECT {"verbose":false,"user":"b","pass":"p"}\r\n');
  await early.silence();
  await publish(global, "secret.2");
  await publish(other, "open");
  await early.silence();
  early.send("SUB open 1\r\n");
  await early.silence();
  await publish(other, "open");
  await early.expect("MSG open 1 0\r\n\r\n");
});

test("a login under way is judged by the configuration that holds when it is decided", async (t) => {
  let decide: (isRight: boolean) => void = () => {};
  const isAsked = deferred<void>();
  const midge = await startChanging(t, users(user("a", HASH)), () => {
    isAsked.resolve();
    return new Promise((resolve) => decide = resolve);
  });
  const peer = await midge.greeted();
  peer.send(`CONNECT ${JSON.stringify({ user: "a", pass: "right" })}\r\n`);
  await isAsked.promise;
  await midge.change(users(user("b")));
  decide(true);
  assert.equal(await peer.expectClosed(), VIOLATION);
});

test("permissions that are fewer end subscriptions, and the client stays", async (t) => {
  const may = (permissions: PermissionsOptions): Shape =>
    users(user("a", "p", { permissions }));
  const midge = await startChanging(t, users(user("a")));
  const peer = await midge.login(A);
  peer.send("SUB foo 1\r\nSUB bar q 2\r\nSUB ok 3\r\n");
  await peer.silence();
  await midge.change(may({ subscribe: { allow: ["ok", "wild.>"] } }));
  assert.equal(
    await peer.expect("2\")'\r\n"),
    `-ERR 'Permissions Violation for Subscription to "foo" (sid "1")'\r\n` +
      `-ERR 'Permissions Violation for Subscription to "bar" using queue "q" (sid "2")'\r\n`,
  );
  assert.ok(
    midge.log.some((line) =>
      line.endsWith('Removed sub "foo" (sid "1") for User "a" - not authorized')
    ),
  );
  peer.send("SUB wild.> 4\r\nPUB wild.x 0\r\n\r\n");
  await peer.expect("MSG wild.x 4 0\r\n\r\n");
  await midge.change(
    may({
      publish: { deny: "wild.x".split(",") },
      subscribe: { allow: ["ok", "wild.>"], deny: ["wild.y"] },
    }),
  );
  peer.send("PUB wild.y 0\r\n\r\nPUB wild.x 0\r\n\r\n");
  assert.equal(
    await peer.expect("\r\n"),
    `-ERR 'Permissions Violation for Publish to "wild.x"'\r\n`,
  );
  await midge.change(users(user("a")));
  peer.send("PUB wild.y 0\r\n\r\n");
  await peer.expect("MSG wild.y 4 0\r\n\r\n");
});
