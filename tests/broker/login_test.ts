/**
 * Logging in where it takes time: hashed secrets, deadlines, and what a
 * stranger can do to the server in the meantime. Who comes in with which plain
 * credentials is in `wire_rows.ts`.
 */
import assert from "node:assert/strict";
import type { CompareHash } from "../../src/auth/hash_queue.ts";
import {
  type AuthorizationOptions,
  defaultAuthorizationOptions,
} from "../../src/options/options.ts";
import { ClosedReason } from "../../src/core/closed.ts";
import { closeBcrypt, hashBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { after, test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  NETWORK_BYTES,
  startStillMidge,
  type StillMidge,
} from "./still_midge.ts";

const VIOLATION = "-ERR 'Authorization Violation'\r\n";
const HASH = "$2a$04$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";
const PREFIXES = ["$2a$", "$2b$", "$2x$", "$2y$"];

after(closeBcrypt);

function authorization(
  fields: Partial<AuthorizationOptions>,
): { authorization: AuthorizationOptions } {
  return { authorization: { ...defaultAuthorizationOptions(), ...fields } };
}

function connect(fields: Readonly<Record<string, unknown>>): string {
  const all = { verbose: false, pedantic: false, ...fields };
  return `CONNECT ${JSON.stringify(all)}\r\n`;
}

/** Comparisons that the test answers, in any order. */
class Comparisons {
  readonly asked: { secret: string; hash: string }[] = [];
  readonly #answers: PromiseWithResolvers<boolean>[] = [];

  readonly compare: CompareHash = (secret, hash) => {
    this.asked.push({ secret, hash });
    const answer = Promise.withResolvers<boolean>();
    this.#answers.push(answer);
    return answer.promise;
  };

  answer(index: number, same: boolean): void {
    this.#answers[index]!.resolve(same);
  }

  fail(index: number): void {
    this.#answers[index]!.reject(new Error("out of threads"));
  }
}

/** A server whose users ann and bob have hashes, and whose comparisons the test answers. */
async function startWithHashes(
  t: TestContext,
  timeoutMs: number = 2000,
): Promise<{ still: StillMidge; comparisons: Comparisons }> {
  const comparisons = new Comparisons();
  const users = [
    { user: "ann", password: HASH },
    { user: "bob", password: "plain" },
  ];
  const options = authorization({ users, timeoutMs });
  const changes = { compareHash: comparisons.compare };
  return { still: await startStillMidge(t, options, changes), comparisons };
}

test("bcrypt in all its spellings, for real", async (t) => {
  const secret = "correct horse";
  const hash = await hashBcrypt(secret, 4);
  const users = PREFIXES.map((prefix) => ({
    user: prefix,
    password: prefix + hash.slice(4),
  }));
  const { port } = await startMidge(t, authorization({ users }));
  for (const { user, password } of users) {
    const right = await connectPeer({ port });
    t.after(() => right.close());
    await right.handshake({ user, pass: secret });
    for (const pass of ["", "correct hors", password]) {
      const wrong = await connectPeer({ port });
      t.after(() => wrong.close());
      await wrong.expectLine();
      wrong.send(`${connect({ user, pass })}PING\r\n`);
      assert.equal(await wrong.expectClosed(), VIOLATION);
    }
  }
});

test("bcrypt for a token and for a single user, for real", async (t) => {
  const hash = await hashBcrypt("s3cret", 4);
  const logins = [
    [authorization({ token: hash }), { auth_token: "s3cret" }],
    [
      authorization({ user: "ann", password: hash }),
      { user: "ann", pass: "s3cret" },
    ],
  ] as const;
  for (const [options, right] of logins) {
    const { port } = await startMidge(t, options);
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake(right);
    const wrong = await connectPeer({ port });
    t.after(() => wrong.close());
    await wrong.expectLine();
    wrong.send(connect({ auth_token: hash, user: "ann", pass: hash }));
    assert.equal(await wrong.expectClosed(), VIOLATION);
  }
});

test("what follows CONNECT waits for the comparison, in order", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const ann = await still.connect();
  await ann.say(
    `${connect({ user: "ann", pass: "pw" })}SUB a 1\r\nPUB a 1\r\n1\r\n` +
      "PING\r\nPUB a 1\r\n2\r\nPI",
  );
  await ann.say("NG\r\nPUB a 1\r\n3\r\n");
  assert.equal(ann.take(), "");
  assert.deepEqual(comparisons.asked, [{ secret: "pw", hash: HASH }]);
  comparisons.answer(0, true);
  await still.clock.advance(0);
  assert.equal(
    ann.take(),
    "MSG a 1 1\r\n1\r\nPONG\r\nMSG a 1 1\r\n2\r\nPONG\r\nMSG a 1 1\r\n3\r\n",
  );
});

test("others are served while a comparison is under way", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const ann = await still.connect();
  await ann.say(`${connect({ user: "ann", pass: "pw" })}PING\r\n`);
  const bob = await still.login({ user: "bob", pass: "plain" });
  await bob.say("SUB a 1\r\nPUB a 0\r\n\r\n");
  assert.equal(bob.take(), "MSG a 1 0\r\n\r\n");
  const second = await still.connect();
  await second.say(`${connect({ user: "ann", pass: "x" })}PING\r\n`);
  comparisons.answer(0, true);
  await still.clock.advance(0);
  assert.equal(ann.take(), "PONG\r\n");
  comparisons.answer(1, false);
  await still.clock.advance(0);
  assert.equal(second.take(), VIOLATION);
});

test("logins of connections that have ended are not compared", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const first = await still.connect();
  await first.say(connect({ user: "ann", pass: "first" }));
  for (let at = 0; at < 20; at++) {
    const bad = await still.connect();
    // Pings, and what only the peer itself would see, keep nobody waiting.
    const behind = ["", "PING\r\n", "SUB a 1\r\nPING\r\n"][at % 3]!;
    await bad.say(connect({ user: "ann", pass: `bad${at}` }) + behind);
    bad.end();
    await still.clock.advance(0);
  }
  assert.equal(still.midge.server.broker.clients.sessions.size, 1);
  const good = await still.connect();
  await good.say(`${connect({ user: "ann", pass: "good" })}PING\r\n`);
  comparisons.answer(0, false);
  await still.clock.advance(0);
  comparisons.answer(1, true);
  await still.clock.advance(0);
  assert.equal(good.take(), "PONG\r\n");
  assert.deepEqual(comparisons.asked.map(({ secret }) => secret), [
    "first",
    "good",
  ]);
});

test("the end of a connection is heard while its login waits, on real sockets", async (t) => {
  const comparisons = new Comparisons();
  const users = [{ user: "ann", password: HASH }];
  const { port, server } = await startMidge(t, authorization({ users }), {
    compareHash: comparisons.compare,
  });
  const { sessions } = server.broker.clients;
  for (let at = 0; at < 20; at++) {
    const bad = await connectPeer({ port });
    await bad.expectLine();
    bad.send(`${connect({ user: "ann", pass: `bad${at}` })}PING\r\n`);
    bad.close();
  }
  await until("nobody waits any more", () => sessions.size === 0);
  const good = await connectPeer({ port });
  t.after(() => good.close());
  await good.expectLine();
  good.send(`${connect({ user: "ann", pass: "good" })}PING\r\n`);
  comparisons.answer(0, false);
  await until("the good one is compared", () => comparisons.asked.length > 1);
  comparisons.answer(1, true);
  await good.expect("PONG\r\n");
  assert.equal(comparisons.asked.length, 2);
});

test("a client that publishes and leaves is compared, behind those who wait", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const bob = await still.login({ user: "bob", pass: "plain" });
  await bob.say("SUB a 1\r\n");
  const first = await still.connect();
  await first.say(connect({ user: "ann", pass: "first" }));
  const brief = await still.connect();
  await brief.say(connect({ user: "ann", pass: "brief" }));
  await brief.say("PUB a 2\r\nhi\r\n");
  brief.end();
  await still.clock.advance(0);
  const patient = await still.connect();
  await patient.say(connect({ user: "ann", pass: "patient" }));
  for (let at = 0; at < 3; at++) {
    comparisons.answer(at, true);
    await still.clock.advance(0);
  }
  assert.deepEqual(comparisons.asked.map(({ secret }) => secret), [
    ...["first", "patient", "brief"],
  ]);
  assert.equal(bob.take(), "MSG a 1 2\r\nhi\r\n");
});

test("who waits too long for a turn is sent away, and not compared", async (t) => {
  const { still, comparisons } = await startWithHashes(t, 2000);
  const first = await still.connect();
  await first.say(`${connect({ user: "ann", pass: "first" })}PING\r\n`);
  const second = await still.connect();
  await second.say(connect({ user: "ann", pass: "second" }));
  await still.clock.advance(2000);
  assert.equal(second.take(), "-ERR 'Authentication Timeout'\r\n");
  comparisons.answer(0, true);
  await still.clock.advance(0);
  assert.equal(first.take(), "PONG\r\n");
  assert.equal(comparisons.asked.length, 1);
});

test("a login too many is told so, and the log says it", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const peers = [];
  for (let at = 0; at <= 1024; at++) {
    const peer = await still.connect();
    await peer.say(connect({ user: "ann", pass: `pw${at}` }));
    peers.push(peer);
  }
  assert.equal(peers.at(-1)?.take(), "-ERR 'Too Many Logins'\r\n");
  assert.equal(peers.at(-2)?.take(), "");
  assert.equal(comparisons.asked.length, 1);
  const { log } = still.midge;
  const line = /authentication error: too many logins wait - User "ann"$/;
  assert.equal(log.lines.filter((text) => line.test(text)).length, 1);
});

test("nothing that a stranger pipelined is done when the answer is no", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const bob = await still.login({ user: "bob", pass: "plain" });
  await bob.say("SUB > 1\r\n");
  const stranger = await still.connect();
  await stranger.say(
    `${connect({ user: "ann", pass: "x" })}SUB > 1\r\nPUB a 0\r\n\r\nPING\r\n`,
  );
  comparisons.answer(0, false);
  await still.clock.advance(0);
  assert.equal(stranger.take(), VIOLATION);
  assert.ok(stranger.closed);
  await bob.say("PING\r\n");
  assert.equal(bob.take(), "PONG\r\n");
  const [closed] = still.midge.server.broker.clients.closed.list();
  assert.equal(closed?.reason, ClosedReason.AUTHENTICATION_FAILURE);
});

test("a comparison that fails lets nobody in", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const ann = await still.connect();
  await ann.say(connect({ user: "ann", pass: "pw" }));
  comparisons.fail(0);
  await still.clock.advance(0);
  assert.equal(ann.take(), VIOLATION);
  const bob = await still.login({ user: "bob", pass: "plain" });
  await bob.say("PING\r\n");
  assert.equal(bob.take(), "PONG\r\n");
});

test("an answer for a client that has left changes nothing", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const ann = await still.connect();
  await ann.say(`${connect({ user: "ann", pass: "pw" })}SUB a 1\r\n`);
  still.newest.connection.socket.destroy();
  await still.clock.advance(0);
  comparisons.answer(0, true);
  await still.clock.advance(0);
  const { broker } = still.midge.server;
  assert.equal(broker.clients.sessions.size, 0);
  assert.equal(broker.host.accounts.global.sublist.size, 0);
});

test("a second CONNECT is compared like the first", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const ann = await still.connect();
  const login = connect({ user: "ann", pass: "pw" });
  await ann.say(`${login}PING\r\n${connect({ pass: "x" })}PING\r\n`);
  comparisons.answer(0, true);
  await still.clock.advance(0);
  assert.equal(ann.take(), "PONG\r\n");
  comparisons.answer(1, false);
  await still.clock.advance(0);
  assert.equal(ann.take(), VIOLATION);
});

test("a stranger's flood stays with the stranger", async (t) => {
  const { still, comparisons } = await startWithHashes(t);
  const stranger = await still.connect();
  const flood = `PUB a 100\r\n${"x".repeat(100)}\r\n`.repeat(20_000);
  await stranger.say(`${connect({ user: "ann", pass: "x" })}${flood}`);
  // At most what was under way is taken; the rest is not even read.
  assert.ok(stranger.unsentBytes >= flood.length - 2 * NETWORK_BYTES);
  comparisons.answer(0, false);
  await still.clock.advance(0);
  assert.ok(stranger.closed);
});

// GHSA-r72h: what a stranger had sent in part was kept.
test("half a CONNECT keeps no more than a control line", async (t) => {
  const { still } = await startWithHashes(t);
  const stranger = await still.connect();
  for (let i = 0; i < 8; i++) await stranger.say("connect {".padEnd(500, "x"));
  assert.equal(stranger.closed, undefined);
  await stranger.say("x".repeat(500));
  assert.equal(stranger.take(), "-ERR 'maximum control line exceeded'\r\n");
  assert.ok(stranger.closed);
});

test("who says nothing is sent away after the timeout", async (t) => {
  const { still } = await startWithHashes(t, 2000);
  const silent = await still.connect();
  await silent.say("CONN");
  await still.clock.advance(1999);
  assert.equal(silent.take(), "");
  await still.clock.advance(1);
  assert.equal(silent.take(), "-ERR 'Authentication Timeout'\r\n");
  assert.ok(silent.closed);
  const [closed] = still.midge.server.broker.clients.closed.list();
  assert.equal(closed?.reason, ClosedReason.AUTHENTICATION_TIMEOUT);
});

test("who has logged in is not sent away, nor who waits for a comparison", async (t) => {
  const { still, comparisons } = await startWithHashes(t, 2000);
  const bob = await still.login({ user: "bob", pass: "plain" });
  const ann = await still.connect();
  await ann.say(`${connect({ user: "ann", pass: "pw" })}PING\r\n`);
  await still.clock.advance(60_000);
  comparisons.answer(0, true);
  await still.clock.advance(0);
  assert.match(ann.take(), /PONG\r\n$/);
  assert.equal(bob.closed, undefined);
});

test("a user for guests that does not exist lets no guest in", async (t) => {
  const users = [{ user: "ann", password: "pw" }];
  const options = { ...authorization({ users }), noAuthUser: "nobody" };
  const { port } = await startMidge(t, options);
  const guest = await connectPeer({ port });
  t.after(() => guest.close());
  assert.match(await guest.expectLine(), /"auth_required":true/);
  guest.send("PING\r\n");
  assert.equal(await guest.expectClosed(), VIOLATION);
});

test("a guest is who no_auth_user says", async (t) => {
  const users = [{ user: "ann", password: "pw" }];
  const options = { ...authorization({ users }), noAuthUser: "ann" };
  const { server, port } = await startMidge(t, options);
  const guest = await connectPeer({ port });
  t.after(() => guest.close());
  assert.doesNotMatch(await guest.expectLine(), /auth_required/);
  guest.send("PING\r\n");
  await guest.expect("PONG\r\n");
  const [session] = server.broker.clients.sessions.values();
  assert.equal(session!.login.principal?.user, "ann");
});
