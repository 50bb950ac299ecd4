/** Users of several accounts on one server. */
import assert from "node:assert/strict";
import { connectClient, tell } from "../routes/route_peer.ts";
import { accountWithUser } from "../accounts/account_options.ts";
import { connectPeer } from "../support/peer.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";

const ACCOUNTS = [accountWithUser("A"), accountWithUser("B")];

test("a user is in its account, and hears nothing of another one", async (t) => {
  const midge = await startMidge(t, { accounts: ACCOUNTS });
  const [a, a2, b] = await Promise.all(
    ["a", "a", "b"].map((user) =>
      connectClient(t, midge, { user, pass: "pw" })
    ),
  );
  await tell(a!, "SUB > 1\r\n");
  await tell(b!, "SUB > 1\r\n");
  await tell(a2!, "PUB x 1\r\n1\r\n");
  assert.equal(await a!.expect("1\r\n1\r\n"), "MSG x 1 1\r\n1\r\n");
  await b!.silence();
});

test("where accounts have users nobody comes in without one", async (t) => {
  const midge = await startMidge(t, { accounts: ACCOUNTS });
  const peer = await connectPeer(midge);
  t.after(() => peer.close());
  peer.send("CONNECT {}\r\nPING\r\n");
  assert.match(await peer.expectClosed(), /-ERR 'Authorization Violation'/);
});

test("users who log in by key do not open the door for all", async (t) => {
  const users = [{ user: "", password: "", nkey: "UABC" }];
  const accounts = [accountWithUser("A", { users })];
  const midge = await startMidge(t, { accounts });
  const peer = await connectPeer(midge);
  t.after(() => peer.close());
  peer.send("CONNECT {}\r\nPING\r\n");
  assert.match(await peer.expectClosed(), /-ERR 'Authorization Violation'/);
});
