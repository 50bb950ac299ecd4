/** Users of several accounts on one server. */
import assert from "node:assert/strict";
import { connectClient, tell } from "../routes/route_peer.ts";
import { accountWithUser } from "../accounts/account_options.ts";
import { connectPeer } from "../support/peer.ts";
import { startMidge } from "../support/midge.ts";
import { startStillMidge } from "./still_midge.ts";
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

test("who logs in to another account hears nothing more of the one before, however much it had subscribed to", async (t) => {
  const still = await startStillMidge(t, { accounts: ACCOUNTS });
  const [mover, publisher] = [
    await still.login({ user: "a", pass: "pw" }),
    await still.login({ user: "a", pass: "pw" }),
  ];
  const sids = Array.from({ length: 20_000 }, (_, sid) => sid);
  await mover.say(sids.map((sid) => `SUB x ${sid}\r\n`).join(""));
  await publisher.say("PUB x 1\r\n1\r\n");
  assert.equal(mover.take().split("MSG x").length, sids.length + 1);
  const b = JSON.stringify({ verbose: false, user: "b", pass: "pw" });
  mover.send(`CONNECT ${b}\r\nSUB y 19999\r\n`);
  await publisher.say("PUB x 1\r\n1\r\n");
  await mover.say("PUB y 1\r\n2\r\n");
  assert.equal(mover.take(), "MSG y 19999 1\r\n2\r\n");
  const { accounts } = still.midge.server.broker.host;
  assert.equal(accounts.named("A")!.sublist.size, 0);
});
