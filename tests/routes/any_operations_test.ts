/** Any two operations that a peer may send, in each state of a route, and before it is one. */
import assert from "node:assert/strict";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import type { Peer } from "../support/peer.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  connectClient,
  connectText,
  infoText,
  internalErrors,
  join,
  knock,
  tell,
} from "./route_peer.ts";

const VERBS = [
  connectText({}),
  connectText({ connect: { user: "ruth", pass: "secret" } }),
  connectText({ connect: { user: "ruth", pass: "wrong" } }),
  infoText({}),
  infoText({ id: "THIRD" }),
  "PUB foo 2\r\nhi\r\n",
  "HPUB foo 0 2\r\nhi\r\n",
  "SUB foo 1\r\n",
  "UNSUB 1\r\n",
  "MSG foo 1 2\r\nhi\r\n",
  "HMSG $G foo 0 2\r\nhi\r\n",
  "PING\r\n",
  "PONG\r\n",
  "+OK\r\n",
  "-ERR 'x'\r\n",
  "RS+ $G foo\r\n",
  "RS+ $G foo q 2\r\n",
  "RS- $G foo\r\n",
  "RMSG $G foo 2\r\nhi\r\n",
  "RMSG $G foo + r q 2\r\nhi\r\n",
  "LS+ o $G foo\r\n",
  "LS- o $G foo\r\n",
  "LMSG o $G foo 0 2\r\nhi\r\n",
  "A+ $G\r\n",
  "A- $G\r\n",
];

const USER = { user: "ruth", password: "secret" };
const LOGIN = connectText({ connect: { user: "ruth", pass: "secret" } });

for (const authorized of [false, true]) {
  const connect = authorized ? LOGIN : connectText({});
  const states = {
    "a new connection": "",
    "after CONNECT": connect,
    "after INFO": infoText({}),
    "a registered route": connect + infoText({}),
    "a route with interest": `${connect}${infoText({})}RS+ $G foo q 2\r\n`,
  };
  for (const [state, before] of Object.entries(states)) {
    const auth = authorized ? "with" : "without";
    test(`any two operations on ${state}, ${auth} authorization`, async (t) => {
      const midge = await protectedMidge(t, authorized);
      const client = await connectClient(t, midge);
      await tell(client, "SUB heard 1\r\n");
      for (const first of VERBS) {
        const peers = await Promise.all(VERBS.map(async (second) => {
          const peer = await knock(t, midge);
          peer.send(before + first + second);
          return peer;
        }));
        // Each peer has lost its connection, or gets an answer.
        await Promise.all(peers.map(answersOrEnds));
        await Promise.all(peers.map((peer) => peer.close()));
      }
      assert.deepEqual(internalErrors(midge), []);
      const connect = { user: "ruth", pass: "secret" };
      const { peer } = await join(t, midge, { id: "LATER", connect });
      await tell(peer, "RMSG $G heard 2\r\nhi\r\n");
      await client.expect("MSG heard 1 2\r\nhi\r\n");
    });
  }
}

test("nothing but the right CONNECT opens a protected route port", async (t) => {
  const midge = await protectedMidge(t, true);
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  for (const verb of VERBS.filter((verb) => verb !== LOGIN)) {
    const peer = await knock(t, midge);
    peer.send(`${verb}${infoText({})}RMSG $G foo 2\r\nhi\r\n`);
    const text = await peer.expectClosed();
    assert.equal(text, "-ERR 'Authorization Violation'\r\n", verb);
    assert.equal(midge.server.cluster!.routes.size, 0);
  }
  await client.silence();
});

test("no stranger makes the server keep a payload", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  for (const verb of ["PUB foo", "RMSG $G foo", "HMSG $G foo 0"]) {
    const peer = await knock(t, midge);
    peer.send(`${connectText({})}${verb} 999999999\r\n`);
    assert.equal(await peer.expectClosed(), "", verb);
  }
});

function protectedMidge(
  t: TestContext,
  authorized: boolean,
): Promise<TestServer> {
  const authorization = { ...defaultAuthorizationOptions(), ...USER };
  return startMidge(t, { cluster: authorized ? { authorization } : {} });
}

async function answersOrEnds(peer: Peer): Promise<void> {
  peer.send("PING\r\n");
  const answered = await peer.expect("PONG\r\n").catch(() => undefined);
  if (answered === undefined) await peer.expectClosed();
}
