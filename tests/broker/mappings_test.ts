/** Subject mappings as clients meet them: which subject a message gets, and what follows from it. */
import assert from "node:assert/strict";
import { InternalClient } from "../../src/accounts/internal.ts";
import type { MappingOptions } from "../../src/options/options.ts";
import {
  accountOptions,
  accountWithUser,
} from "../accounts/account_options.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

/** Sources and where their messages go, all of them. */
function mappings(table: Readonly<Record<string, string>>): MappingOptions[] {
  return Object.entries(table).map(([source, subject]) => ({
    source,
    destinations: [{ subject, weight: 100, cluster: "" }],
  }));
}

const LOSS: MappingOptions = {
  source: "loss",
  destinations: [{ subject: "loss", weight: 0, cluster: "" }],
};

interface Scene {
  readonly midge: TestServer;
  readonly peer: Peer;
}

async function scene(
  t: TestContext,
  list: readonly MappingOptions[],
): Promise<Scene> {
  const midge = await startMidge(t, {
    trace: true,
    accounts: [accountOptions("$G", { mappings: list })],
  });
  const peer = await connectPeer(midge);
  t.after(() => peer.close());
  await peer.handshake({ headers: true, no_responders: true });
  return { midge, peer };
}

test("a message is published on the subject that its own is mapped to", async (t) => {
  const { peer, midge } = await scene(t, mappings({ "a.*": "b.$1", b: "c" }));
  peer.send(
    "SUB > 1\r\nPUB a.x 2\r\nhi\r\nPUB a.x r 2\r\nho\r\nPUB b.x 0\r\n\r\n",
  );
  peer.send("HPUB a.y 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n");
  assert.equal(
    await peer.expect("PONG\r\n"),
    "MSG b.x 1 2\r\nhi\r\nMSG b.x 1 r 2\r\nho\r\nMSG b.x 1 0\r\n\r\n" +
      "HMSG b.y 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n",
  );
  const lines = midge.log.lines.filter((line) => line.includes("<<- "))
    .map((line) => line.replace(/^.*<<- /, ""));
  const first = lines.indexOf("[PUB a.x 2]");
  assert.deepEqual(lines.slice(first, first + 3), [
    "[PUB a.x 2]",
    "[MAPPING a.x -> b.x]",
    'MSG_PAYLOAD: ["hi"]',
  ]);
});

test("what a message is mapped to is not mapped again", async (t) => {
  const { peer } = await scene(t, mappings({ a: "b", b: "c" }));
  peer.send("SUB > 1\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n");
  assert.equal(
    await peer.expect("PONG\r\n"),
    "MSG b 1 0\r\n\r\nMSG c 1 0\r\n\r\nPONG\r\n",
  );
});

test("a request that is mapped to where nobody is, or gets lost, is told so", async (t) => {
  const { peer } = await scene(t, [...mappings({ "a.*": "b.$1" }), LOSS]);
  const status = (subject: string): string => {
    const size = `NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`.length;
    return `HMSG in 1 ${size} ${size}\r\nNATS/1.0 503\r\n` +
      `Nats-Subject: ${subject}\r\n\r\n\r\n`;
  };
  peer.send("SUB in 1\r\nPUB a.x in 0\r\n\r\nPUB loss in 0\r\n\r\nPING\r\n");
  assert.equal(
    await peer.expect("PONG\r\n"),
    `${status("b.x")}${status("")}PONG\r\n`,
  );
});

test("only what clients publish is mapped", async (t) => {
  const { midge, peer } = await scene(t, mappings({ a: "b" }));
  const { accounts, delivery } = midge.server.broker.host;
  const inner = new InternalClient(accounts.global, delivery);
  peer.send("SUB > 1\r\nPING\r\n");
  await peer.expect("PONG\r\n");
  inner.publish("a", new Uint8Array(0));
  peer.send("PING\r\n");
  assert.equal(await peer.expect("PONG\r\n"), "MSG a 1 0\r\n\r\nPONG\r\n");
});

test("a pedantic client is told of its own subject's faults, mapped or not", async (t) => {
  const { peer } = await scene(t, mappings({ "a.*": "b.$1" }));
  peer.send('CONNECT {"pedantic":true,"verbose":false}\r\nSUB b.> 1\r\n');
  peer.send("PUB a.* 0\r\n\r\nPUB a.x 0\r\n\r\nPING\r\n");
  assert.match(
    await peer.expect("PONG\r\n"),
    /^-ERR 'Invalid Publish Subject'\r\nMSG b\.\* 1 0\r\n\r\nMSG b\.x 1 0\r\n\r\nPONG\r\n$/,
  );
});

test("an account's mappings hold for its own clients, which nobody was before", async (t) => {
  const { port } = await startMidge(t, {
    accounts: [
      accountWithUser("A", { mappings: mappings({ a: "b" }) }),
      accountWithUser("B"),
    ],
  });
  for (const [user, heard] of [["a", "b"], ["b", "a"]]) {
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake({ user, pass: "pw" });
    peer.send("SUB > 1\r\nPUB a 0\r\n\r\nPING\r\n");
    const expected = `MSG ${heard} 1 0\r\n\r\nPONG\r\n`;
    assert.equal(await peer.expect("PONG\r\n"), expected);
  }
});

test("mappings that are taken away end at once", async (t) => {
  const { midge, peer } = await scene(t, mappings({ a: "b" }));
  const { accounts } = midge.server.broker.host;
  peer.send("SUB > 1\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\nPING\r\n");
  assert.equal(
    await peer.expect("PONG\r\n"),
    "MSG b 1 0\r\n\r\nMSG b 1 0\r\n\r\nPONG\r\n",
  );
  accounts.configure([], "");
  peer.send("PUB a 0\r\n\r\nPING\r\n");
  assert.equal(await peer.expect("PONG\r\n"), "MSG a 1 0\r\n\r\nPONG\r\n");
});
