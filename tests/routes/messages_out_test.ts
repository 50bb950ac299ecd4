/** Messages to other servers: their forms on the wire, and which servers get them. */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { connectClient, join, roundTrip, setting, tell } from "./route_peer.ts";

const HEADERS = "NATS/1.0\r\n\r\n";

const OUT = [
  ["PUB a 2\r\nhi", "RMSG $G a 2\r\nhi"],
  ["PUB a 0\r\n", "RMSG $G a 0\r\n"],
  ["PUB a rep.1 2\r\nhi", "RMSG $G a rep.1 2\r\nhi"],
  ["PUB q 2\r\nqq", "RMSG $G q | grp 2\r\nqq"],
  ["PUB q rep.2 2\r\nqq", "RMSG $G q + rep.2 grp 2\r\nqq"],
  [`HPUB a 12 14\r\n${HEADERS}hh`, `HMSG $G a 12 14\r\n${HEADERS}hh`],
  [
    `HPUB a r.3 12 12\r\n${HEADERS}`,
    `HMSG $G a r.3 12 12\r\n${HEADERS}`,
  ],
  [`HPUB q 12 14\r\n${HEADERS}hh`, `HMSG $G q | grp 12 14\r\n${HEADERS}hh`],
  [
    `HPUB q r.3 12 14\r\n${HEADERS}hh`,
    `HMSG $G q + r.3 grp 12 14\r\n${HEADERS}hh`,
  ],
  ["PUB m 1\r\n1", "RMSG $G m | g1 g2 1\r\n1"],
  ["PUB m r 1\r\n2", "RMSG $G m + r g1 g2 1\r\n2"],
  [`HPUB m r 12 13\r\n${HEADERS}3`, `HMSG $G m + r g1 g2 12 13\r\n${HEADERS}3`],
  ["PUB w.x.y 1\r\n1", "RMSG $G w.x.y 1\r\n1"],
] as const;

test("messages go out in the forms of the protocol, each once", async (t) => {
  const { client, peer } = await setting(t);
  // "m" has plain interest from two subscriptions, and two groups: one message serves all.
  await tell(
    peer,
    "RS+ $G a\r\nRS+ $G q grp 2\r\nRS+ $G m\r\nRS+ $G *\r\nRS- $G *\r\n" +
      "RS+ $G m g1 1\r\nRS+ $G m g2 3\r\nRS+ $G w.>\r\nRS+ $G w.*.*\r\n",
  );
  for (const [published, routed] of OUT) {
    await tell(client, `${published}\r\n`);
    assert.equal(await peer.expect(`${routed}\r\n`), `${routed}\r\n`);
  }
  await peer.silence();
});

test("a server without headers gets messages without them", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge, { info: { headers: false } });
  const other = await join(t, midge, { id: "OTHER" });
  const interest = "RS+ $G a\r\nRS+ $G q grp 2\r\n";
  await tell(peer, interest);
  await tell(other.peer, interest);
  await tell(
    client,
    `HPUB a 12 14\r\n${HEADERS}hi\r\nHPUB a r 12 12\r\n${HEADERS}\r\n`,
  );
  assert.deepEqual(await roundTrip(peer), [
    "RMSG $G a 2",
    "hi",
    "RMSG $G a r 0",
  ]);
  assert.equal(
    (await roundTrip(other.peer)).join(" "),
    "HMSG $G a 12 14 NATS/1.0 hi HMSG $G a r 12 12 NATS/1.0",
  );
});

test("odd blanks of a publisher are not passed on", async (t) => {
  const { client, peer } = await setting(t);
  await tell(peer, "RS+ $G foo\r\nRS+ $G foo q 1\r\n");
  client.send("pub \t foo   rep\t 2\nhi\r\n");
  const routed = "RMSG $G foo + rep q 2\r\nhi\r\n";
  assert.equal(await peer.expect(routed), routed);
});

test("a message goes to each server that wants it, and to no other", async (t) => {
  const { midge, client, peer } = await setting(t);
  const other = await join(t, midge, { id: "OTHER" });
  const idle = await join(t, midge, { id: "IDLE" });
  await tell(peer, "RS+ $G foo\r\n");
  await tell(other.peer, "RS+ $G foo\r\nRS+ $G foo q 1\r\n");
  await tell(client, "PUB foo 2\r\nhi\r\n");
  assert.deepEqual(await roundTrip(peer), ["RMSG $G foo 2", "hi"]);
  assert.deepEqual(await roundTrip(other.peer), ["RMSG $G foo | q 2", "hi"]);
  assert.deepEqual(await roundTrip(idle.peer), []);
});

test("one message names all groups, even 2,000", async (t) => {
  const { client, peer } = await setting(t);
  const groups = Array.from({ length: 2000 }, (_, i) => `group.${i}`);
  await tell(peer, groups.map((group) => `RS+ $G foo ${group} 1\r\n`).join(""));
  await tell(client, "PUB foo 2\r\nhi\r\n");
  const [line = "", payload] = await roundTrip(peer);
  assert.equal(payload, "hi");
  const [verb, account, subject, bar, ...rest] = line.split(" ");
  assert.deepEqual([verb, account, subject, bar], ["RMSG", "$G", "foo", "|"]);
  assert.equal(rest.pop(), "2");
  assert.deepEqual(rest.toSorted(), groups.toSorted());

  // And such a message is understood: groups without a member here go back.
  await tell(client, "SUB foo group.7 1\r\n");
  await roundTrip(peer);
  peer.send(`RMSG $G foo | ${groups.join(" ")} 2\r\nho\r\n`);
  await client.expect("MSG foo 1 2\r\nho\r\n");
  const others = groups.filter((group) => group !== "group.7").join(" ");
  assert.deepEqual(await roundTrip(peer), [`RMSG $G foo | ${others} 2`, "ho"]);
});
