/** What other servers of the cluster hear of imports, and what they bring for them. */
import assert from "node:assert/strict";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../accounts/account_options.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { connectClient, join, lineOf, roundTrip, tell } from "./route_peer.ts";

interface Stage {
  readonly midge: TestServer;
  /** A client in the importing account. */
  readonly i: Peer;
  /** Another server. */
  readonly peer: Peer;
}

async function stage(t: TestContext): Promise<Stage> {
  const accounts = [
    accountWithUser("E", {
      exports: [streamExport("s.>"), serviceExport("q.*")],
    }),
    accountWithUser("I", {
      imports: [
        streamImport("E", "s.>", { local: "p.s.>" }),
        serviceImport("E", "q.*", { local: "ask.$1" }),
      ],
    }),
  ];
  const midge = await startMidge(t, { cluster: {}, accounts });
  const i = await connectClient(t, midge, { user: "i", pass: "pw" });
  const { peer } = await join(t, midge);
  return { midge, i, peer };
}

test("interest in a stream is told for the exporting account first, and taken back for both", async (t) => {
  const { i, peer } = await stage(t);
  await tell(i, "SUB p.s.> 1\r\nSUB p.*.x q 2\r\nSUB other 3\r\n");
  assert.deepEqual(await roundTrip(peer), [
    "RS+ E s.>",
    "RS+ I p.s.>",
    "RS+ E s.x q 1",
    "RS+ I p.*.x q 1",
    "RS+ I other",
  ]);
  await tell(i, "UNSUB 2\r\n");
  assert.deepEqual(
    (await roundTrip(peer)).toSorted(),
    ["RS- E s.x q", "RS- I p.*.x q"],
  );
  await i.close();
  assert.deepEqual(
    [await lineOf(peer), await lineOf(peer), await lineOf(peer)].toSorted(),
    ["RS- E s.>", "RS- I other", "RS- I p.s.>"],
  );
});

test("what a route brings of a stream is heard by those who import it", async (t) => {
  const { i, peer } = await stage(t);
  await tell(i, "SUB p.s.a 1\r\nSUB p.> q 2\r\n");
  await roundTrip(peer);
  await tell(peer, "RMSG E s.a | q 2\r\nhi\r\n");
  assert.deepEqual((await roundTrip(i)).filter((line) => line !== "hi"), [
    "MSG p.s.a 1 2",
    "MSG p.s.a 2 2",
  ]);
});

test("imports of services are not told, and not made for what a route brings", async (t) => {
  const { midge, i, peer } = await stage(t);
  const e = await connectClient(t, midge, { user: "e", pass: "pw" });
  await tell(e, "SUB q.* 1\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS+ E q.*"]);
  await tell(peer, "RMSG I ask.one in.1 2\r\nhi\r\n");
  await e.silence();
  await i.silence();
});

test("a request goes out on the route with a reply that was told before, and its response comes in", async (t) => {
  const { i, peer } = await stage(t);
  await tell(peer, "RS+ E q.one\r\n");
  await tell(i, "SUB in.1 1\r\nPUB ask.one in.1 2\r\nhi\r\n");
  assert.equal(await lineOf(peer), "RS+ I in.1");
  const told = /^RS\+ E (_R_\.\w{6}\.)>$/.exec(await lineOf(peer));
  assert.ok(told !== null);
  const request = /^HMSG E q\.one (\S+) \d+ \d+$/.exec(await lineOf(peer));
  const reply = request![1]!;
  assert.ok(reply.startsWith(told[1]!));
  await peer.expect("hi\r\n");
  await tell(peer, `RMSG E ${reply} 2\r\nok\r\n`);
  assert.deepEqual(await roundTrip(i), ["MSG in.1 1 2", "ok"]);
});

test("a response goes to where its reply is heard, also on a third server", async (t) => {
  const { i, peer } = await stage(t);
  await tell(peer, "RS+ E q.one\r\nRS+ I in.1\r\n");
  await tell(i, "PUB ask.one in.1 2\r\nhi\r\n");
  await lineOf(peer);
  const request = /^HMSG E q\.one (\S+) /.exec(await lineOf(peer));
  await peer.expect("hi\r\n");
  peer.send(`RMSG E ${request![1]} 2\r\nok\r\n`);
  assert.equal(await lineOf(peer), "RMSG I in.1 2");
  await peer.expect("ok\r\n");
});

test("imports that a configuration leaves as they are are not told again", async (t) => {
  const { midge, i, peer } = await stage(t);
  await tell(i, "SUB p.s.> 1\r\n");
  await roundTrip(peer);
  const list = [
    accountWithUser("E", {
      exports: [streamExport("s.>", { accounts: ["I"] })],
    }),
    accountWithUser("I", {
      imports: [
        streamImport("E", "s.other", { local: "p.s.other" }),
        streamImport("E", "s.>", { local: "p.s.>" }),
      ],
    }),
  ];
  midge.server.broker.host.accounts.configure(list);
  assert.deepEqual(await roundTrip(peer), ["RS+ E s.other"]);
});
