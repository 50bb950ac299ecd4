/**
 * Every verb in every state of every kind of connection: the exact answer, which
 * is that of nats-server 2.15.3 for clients; nobody comes in who may not, nothing
 * goes wrong inside, and others are served as before.
 *
 * What went wrong elsewhere: a first verb other than CONNECT that skipped the
 * user's restrictions (GHSA-hmmp), a way for anonymous clients that let servers
 * join (GHSA-38x3), and INFO that a server sent before its login, or twice
 * (CVE-2026-29785, CVE-2026-33218, GHSA-3g5q).
 */
import assert from "node:assert/strict";
import {
  type AccountOptions,
  defaultAuthorizationOptions,
  UNLIMITED_ACCOUNT,
  type UserOptions,
} from "../../src/options/options.ts";
import type { TestOptions } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  startStillMidge,
  type StillMidge,
  type StillPeer,
} from "./still_midge.ts";

/** Behind an answer: the connection has ended. */
const CLOSED = "closed";

const VERBS: Readonly<Record<string, string>> = {
  "CONNECT": "CONNECT {}\r\n",
  "CONNECT, wrong": 'CONNECT {"user":"ann","pass":"x"}\r\n',
  "CONNECT, no JSON": "CONNECT x\r\n",
  "PING": "PING\r\n",
  "PONG": "PONG\r\n",
  "PUB": "PUB foo 2\r\nhi\r\n",
  "HPUB": "HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
  "SUB": "SUB foo 1\r\n",
  "SUB, queue": "SUB foo q 1\r\n",
  "UNSUB": "UNSUB 1\r\n",
  "INFO": "INFO {}\r\n",
  "+OK": "+OK\r\n",
  "-ERR": "-ERR 'x'\r\n",
  "MSG": "MSG foo 1 2\r\nhi\r\n",
  "HMSG": "HMSG foo 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
  "RS+": "RS+ $G foo\r\n",
  "RS-": "RS- $G foo\r\n",
  "RMSG": "RMSG $G foo 2\r\nhi\r\n",
  "LS+": "LS+ foo\r\n",
  "LS-": "LS- foo\r\n",
  "LMSG": "LMSG foo 2\r\nhi\r\n",
  "A+": "A+ $G\r\n",
  "A-": "A- $G\r\n",
  "an empty line": "\r\n",
  "no verb": "ZORK\r\n",
  "an HTTP request": "GET / HTTP/1.1\r\n\r\n",
  "a TLS hello": "\x16\x03\x01\x02\x00\x01\r\n",
  "half a line": "PIN",
};

const UNKNOWN = `-ERR 'Unknown Protocol Operation'\r\n${CLOSED}`;
const REFUSED = `-ERR 'Authorization Violation'\r\n${CLOSED}`;
const NO_PUBLISH = "-ERR 'Permissions Violation for Publish to \"foo\"'\r\n";
const NO_SUBSCRIBE = '-ERR \'Permissions Violation for Subscription to "foo"';
const OTHER_CLUSTER =
  '-ERR \'Rejecting connection, cluster name "" does not match "one"\'\r\n' +
  CLOSED;

/** Of a client that may do something. */
const INSIDE = {
  "CONNECT": "",
  "CONNECT, wrong": REFUSED,
  "CONNECT, no JSON": CLOSED,
  "PING": "PONG\r\n",
  "PONG": "",
  "PUB": "",
  "HPUB": "",
  "SUB": "",
  "SUB, queue": "",
  "UNSUB": "",
  "INFO": "",
  "+OK": "",
  "-ERR": CLOSED,
  "half a line": "",
};

/** The same where nothing is allowed. */
const DENIED = {
  ...INSIDE,
  "PUB": NO_PUBLISH,
  "HPUB": NO_PUBLISH,
  "SUB": `${NO_SUBSCRIBE}'\r\n`,
  "SUB, queue": `${NO_SUBSCRIBE} using queue "q"'\r\n`,
};

/** Who has not sent CONNECT is verbose, and has no headers. */
const VERBOSE = { "CONNECT": "+OK\r\n", "UNSUB": "+OK\r\n", "HPUB": CLOSED };

/** Of a server that is registered, or about to be. */
const ROUTE = {
  "CONNECT, no JSON": CLOSED,
  "PING": "PONG\r\n",
  "HPUB": UNKNOWN,
  "UNSUB": CLOSED,
  "INFO": CLOSED,
  "-ERR": CLOSED,
  "MSG": UNKNOWN,
  "LS+": CLOSED,
  "LMSG": UNKNOWN,
  "an empty line": UNKNOWN,
  "no verb": UNKNOWN,
  "an HTTP request": UNKNOWN,
  "a TLS hello": UNKNOWN,
};

interface State {
  readonly door: keyof typeof DOORS;
  readonly isServer?: boolean;
  /** Said before, and the answer taken. */
  readonly before?: string;
  /** Said in one piece with the verb. */
  readonly along?: string;
  /** What is answered to a verb that `answers` has not. */
  readonly usual: string;
  readonly answers: Readonly<Record<string, string>>;
  /** Verbs by which others hear of it; none: it is outside. */
  readonly heard: readonly string[];
}

const ANN = { user: "ann", password: "secret" };
/** The one who watches. */
const EVE = { user: "eve", password: "secret" };
const DENY_ALL = { publish: { deny: [">"] }, subscribe: { deny: [">"] } };

function users(...list: UserOptions[]): TestOptions {
  return {
    authorization: { ...defaultAuthorizationOptions(), users: list },
  };
}

function account(...list: UserOptions[]): AccountOptions {
  return {
    name: "A",
    nkey: "",
    users: list,
    exports: [],
    imports: [],
    mappings: [],
    limits: UNLIMITED_ACCOUNT,
  };
}

const DOORS = {
  open: {},
  passwords: users(ANN, EVE),
  keys: users({
    user: "",
    password: "",
    nkey: "UDLVS6J3XQJ2FAM2QJ6HNLNW7OUKJGXOAB7UT4WQTEWZTOBFVUWEQTSF",
  }, EVE),
  account: { accounts: [account(ANN, EVE)] },
  anonymous: {
    ...users({ ...ANN, permissions: DENY_ALL }, EVE),
    noAuthUser: "ann",
  },
  cluster: { cluster: { name: "one" } },
  guardedCluster: {
    cluster: {
      name: "one",
      authorization: {
        ...defaultAuthorizationOptions(),
        user: "ruth",
        password: "secret",
      },
    },
  },
} satisfies Record<string, TestOptions>;

const LOGIN =
  'CONNECT {"verbose":false,"user":"ann","pass":"secret","headers":true}\r\n';

const INFO = `INFO ${
  JSON.stringify({
    server_id: "NHAND",
    server_name: "hand",
    version: "2.9.10",
    proto: 1,
    host: "127.0.0.1",
    port: 1,
    headers: true,
    max_payload: 1_048_576,
    cluster: "one",
  })
}\r\n`;

function serverConnect(credentials: Readonly<Record<string, string>>): string {
  const fields = { verbose: false, headers: true, name: "NHAND" };
  return `CONNECT ${
    JSON.stringify({ ...fields, cluster: "one", ...credentials })
  }\r\n`;
}

const RUTH = { user: "ruth", pass: "secret" };

const STATES: Readonly<Record<string, State>> = {
  "a stranger where anybody may come in": {
    door: "open",
    usual: UNKNOWN,
    answers: {
      ...INSIDE,
      ...VERBOSE,
      "CONNECT, wrong": "+OK\r\n",
      "PUB": "+OK\r\n",
      "SUB": "+OK\r\n",
      "SUB, queue": "+OK\r\n",
    },
    heard: ["PUB"],
  },
  "a stranger who needs a password": {
    door: "passwords",
    usual: REFUSED,
    answers: { "CONNECT, no JSON": CLOSED },
    heard: [],
  },
  "a stranger who needs a key": {
    door: "keys",
    usual: REFUSED,
    answers: { "CONNECT, no JSON": CLOSED },
    heard: [],
  },
  "a stranger who needs a password of an account": {
    door: "account",
    usual: REFUSED,
    answers: { "CONNECT, no JSON": CLOSED },
    heard: [],
  },
  "a stranger who is a user that may do nothing": {
    door: "anonymous",
    usual: UNKNOWN,
    answers: { ...DENIED, ...VERBOSE },
    heard: [],
  },
  "a client that is logged in": {
    door: "passwords",
    before: LOGIN,
    usual: UNKNOWN,
    answers: INSIDE,
    heard: ["PUB", "HPUB"],
  },
  "a client of an account": {
    door: "account",
    before: LOGIN,
    usual: UNKNOWN,
    answers: INSIDE,
    heard: ["PUB", "HPUB"],
  },
  "a client that may do nothing": {
    door: "anonymous",
    before: LOGIN,
    usual: UNKNOWN,
    answers: DENIED,
    heard: [],
  },
  "a client that was refused in the same piece": {
    door: "passwords",
    along: 'CONNECT {"user":"ann","pass":"x"}\r\n',
    usual: REFUSED,
    answers: {},
    heard: [],
  },
  "a server that is a stranger": {
    door: "cluster",
    isServer: true,
    usual: REFUSED,
    answers: {
      "CONNECT": OTHER_CLUSTER,
      "CONNECT, wrong": OTHER_CLUSTER,
      "CONNECT, no JSON": CLOSED,
    },
    heard: [],
  },
  "a server that has said CONNECT": {
    door: "cluster",
    isServer: true,
    along: serverConnect({}),
    usual: "",
    answers: {
      ...ROUTE,
      "PUB": CLOSED,
      "HMSG": CLOSED,
      "RS+": CLOSED,
      "RS-": CLOSED,
      "RMSG": CLOSED,
    },
    heard: [],
  },
  "a server that is registered": {
    door: "cluster",
    isServer: true,
    before: serverConnect({}) + INFO,
    usual: "",
    answers: ROUTE,
    heard: ["RMSG"],
  },
  "a server that needs a password": {
    door: "guardedCluster",
    isServer: true,
    usual: REFUSED,
    answers: { "CONNECT, no JSON": CLOSED },
    heard: [],
  },
  "a server with a wrong password": {
    door: "guardedCluster",
    isServer: true,
    along: serverConnect({ user: "ruth", pass: "x" }),
    usual: REFUSED,
    answers: {},
    heard: [],
  },
  "a server with a password": {
    door: "guardedCluster",
    isServer: true,
    before: serverConnect(RUTH) + INFO,
    usual: "",
    answers: { ...ROUTE, "CONNECT, wrong": REFUSED },
    heard: ["RMSG"],
  },
};

for (const [state, row] of Object.entries(STATES)) {
  test(`every verb of ${state}`, async (t) => {
    const still = await startStillMidge(t, DOORS[row.door]);
    const witness = await still.login({
      user: "eve",
      pass: "secret",
      headers: true,
    });
    await witness.say("SUB > 1\r\nPING\r\n");
    witness.take();
    for (const [verb, text] of Object.entries(VERBS)) {
      const peer = await peerIn(still, row);
      await peer.say((row.along ?? "") + text);
      const wanted = row.answers[verb] ?? row.usual;
      assert.equal(answerOf(peer), wanted, verb);
      const heard = row.heard.includes(verb) ? "hi\r\n" : "";
      await witness.say("PING\r\n");
      const told = witness.take();
      assert.ok(told.endsWith(`${heard}PONG\r\n`), `${verb}: ${told}`);
      if (heard === "") assert.equal(told, "PONG\r\n", verb);
      await staysOut(peer, witness, row, verb);
      peer.end();
      await still.clock.advance(0);
    }
    assert.deepEqual(internalErrors(still), []);
  });
}

async function peerIn(still: StillMidge, row: State): Promise<StillPeer> {
  const peer = row.isServer
    ? await still.connectServer()
    : await still.connect();
  if (row.before === undefined) return peer;
  await peer.say(`${row.before}PING\r\n`);
  assert.match(peer.take(), /PONG\r\n$/);
  return peer;
}

/** What came, without INFO, and whether the connection has ended. */
function answerOf(peer: StillPeer): string {
  const text = peer.take().replace(/^INFO .*\r\n/gm, "");
  return text + (peer.closed === undefined ? "" : CLOSED);
}

/** Who is outside hears nothing of what others publish. */
async function staysOut(
  peer: StillPeer,
  witness: StillPeer,
  { heard }: State,
  verb: string,
): Promise<void> {
  if (heard.length > 0) return;
  await witness.say("PUB foo 6\r\nsecret\r\n");
  assert.doesNotMatch(peer.take(), /secret/, verb);
  witness.take();
}

function internalErrors({ midge }: StillMidge): string[] {
  return midge.log.lines.filter((line) => /internal error/i.test(line));
}
