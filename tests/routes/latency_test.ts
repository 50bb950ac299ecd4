/** Measured requests, half of which another server tells: what goes over a route, and in which order it may come. */
import assert from "node:assert/strict";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
} from "../accounts/account_options.ts";
import { startMidge } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { connectClient, join, roundTrip, tell } from "./route_peer.ts";

interface Stage {
  /** A client of the importing account. */
  readonly i: Peer;
  /** One of the exporting account. */
  readonly e: Peer;
  /** Another server. */
  readonly peer: Peer;
}

async function stage(t: TestContext): Promise<Stage> {
  const midge = await startMidge(t, {
    serverName: "S1",
    systemAccount: "$SYS",
    cluster: {},
    accounts: [
      accountWithUser("E", {
        exports: [
          serviceExport("q", { latency: { subject: "lat", sampling: 100 } }),
        ],
      }),
      accountWithUser("I", { imports: [serviceImport("E", "q")] }),
    ],
  });
  const client = (user: string): Promise<Peer> =>
    connectClient(t, midge, { user, pass: "pw" });
  const [i, e] = [await client("i"), await client("e")];
  const { peer, lines } = await join(t, midge);
  assert.ok(lines.includes("RS+ $SYS $SYS.LATENCY.M2.sQnRv29R"));
  return { i, e, peer };
}

/** A request that goes to the other server; gives its reply subject. */
async function request({ i, e, peer }: Stage): Promise<string> {
  await tell(peer, "RS+ E q\r\n");
  await tell(e, "SUB lat 1\r\n");
  await tell(i, "SUB in 1\r\n");
  i.send("PUB q in 2\r\nhi\r\n");
  const text = await peer.expect(/HMSG E q [^]*hi\r\n/);
  const [, reply] = /HMSG E q (_R_\.\w+\.\w+\.sQnRv29R\.T) /.exec(text)!;
  return reply!;
}

function half(reply: string, changes: object = {}): string {
  const told = JSON.stringify({
    account: "E",
    req_id: reply,
    m2: {
      status: 200,
      responder: { acc: "E", name: "far", rtt: 100, more: "unknown" },
      service: 200,
      ...changes,
    },
  });
  return `RMSG $SYS $SYS.LATENCY.M2.sQnRv29R ${told.length}\r\n${told}\r\n`;
}

async function record(e: Peer): Promise<Record<string, unknown>> {
  await e.expect(/MSG lat 1 +\d+\r\n/);
  return JSON.parse(await e.expectLine());
}

const FAR = { acc: "E", name: "far", rtt: 100 };

for (const order of ["the response first", "the response last"]) {
  test(`what the other server tells is put together with what is known here, ${order}`, async (t) => {
    const all = await stage(t);
    const { e, i, peer } = all;
    const reply = await request(all);
    const parts = [`RMSG E ${reply} 2\r\nok\r\n`, half(reply)];
    const [first, last] = order.endsWith("first") ? parts : parts.toReversed();
    await tell(peer, first!);
    assert.deepEqual(await roundTrip(e), []);
    peer.send(last!);
    const { status, responder, service, system, total } = await record(e);
    assert.deepEqual([status, responder, service], [200, FAR, 200]);
    assert.ok(Number(system) > 0, `${system}`);
    assert.ok(Number(total) >= Number(system) + 300, `${total}`);
    await i.expect("MSG in 1 2\r\nok\r\n");
    // One record for each request.
    await tell(peer, half(reply));
    assert.deepEqual(await roundTrip(e), []);
  });
}

test("a record whose other half does not come, or makes no sense, leaves out the responder", async (t) => {
  const all = await stage(t);
  const reply = await request(all);
  await tell(all.peer, half(reply, { service: "soon" }));
  await tell(all.peer, half("_R_.other.reply"));
  await tell(all.peer, `RMSG E ${reply} 2\r\nok\r\n`);
  const { status, responder, service } = await record(all.e);
  assert.deepEqual([status, responder], [200, undefined]);
  assert.ok(Number(service) > 0, `${service}`);
});

test("the server that measures is told who has responded here, once", async (t) => {
  const { e, i, peer } = await stage(t);
  await tell(peer, "RS+ $SYS $SYS.LATENCY.M2.>\r\nRS+ E _R_.abcdef.>\r\n");
  await tell(e, "SUB q 1\r\nSUB other 2\r\n");
  const reply = "_R_.abcdef.ghijkl.12345678.T";
  peer.send(`RMSG E q ${reply} 2\r\nhi\r\n`);
  await e.expect(`MSG q 1 ${reply} 2\r\nhi\r\n`);
  // In another account the subject means nothing.
  await tell(i, `PUB ${reply} 2\r\nno\r\n`);
  await tell(e, `PUB ${reply} 2\r\nok\r\nPUB ${reply} 5\r\nagain\r\n`);
  const text = await peer.expect(/RMSG E \S+ 5\r\nagain\r\n/);
  const told = [...text.matchAll(/RMSG \$SYS \S+8 +\d+\r\n(.*)\r\n/g)];
  assert.equal(told.length, 1, text);
  const { account, req_id: id, m2 } = JSON.parse(told[0]![1]!);
  assert.deepEqual([account, id, m2.status], ["E", reply, 200]);
  assert.deepEqual(
    [m2.responder.user, m2.responder.server],
    ["e", "S1"],
  );
  assert.ok(m2.service >= 0 && m2.total >= m2.service, JSON.stringify(m2));
});

test("a subject that only looks like a measured reply is told to nobody", async (t) => {
  const { e, peer } = await stage(t);
  await tell(peer, "RS+ $SYS $SYS.LATENCY.M2.>\r\nRS+ E >\r\n");
  await tell(e, "SUB q 1\r\nSUB other 2\r\n");
  await roundTrip(peer);
  const rows = [
    ["other", "_R_.abcdef.ghijkl.12345678.T"],
    ["q", "_R_.ghijkl.12345678.T"],
    ["q", "x.abcdef.ghijkl.12345678.T"],
    ["q", "T"],
  ];
  for (const [subject, reply] of rows) {
    await tell(peer, `RMSG E ${subject} ${reply} 0\r\n\r\n`);
    await e.expect(/MSG \S+ \d \S+ 0\r\n\r\n/);
    e.send(`PUB ${reply} 0\r\n\r\n`);
    await roundTrip(e);
    assert.deepEqual(await roundTrip(peer), [`RMSG E ${reply} 0`]);
  }
});
