/** Messages in a row that are alike but for their payloads, of which many go out and come in at once. */
import assert from "node:assert/strict";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { startMidge } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { connectClient, join, roundTrip, setting, tell } from "./route_peer.ts";

const STEPS = 150;
const SIZES = [0, 1, 16, 200, 3000];

/** A subject, and the payloads of messages in a row on it. */
interface Row {
  readonly subject: string;
  readonly payloads: readonly string[];
}

function rows(random: Random, subjects: readonly string[]): Row[] {
  return Array.from({ length: STEPS }, (_, step) => {
    const size = SIZES[randomBelow(random, SIZES.length)]!;
    const payloads = Array.from(
      { length: 1 + randomBelow(random, 60) },
      // Now and then one that is not like the others.
      (_, at) =>
        `${step}.${at}.`.repeat(size + 1).slice(
          0,
          size + Number(randomBelow(random, 30) === 0),
        ),
    );
    return {
      subject: subjects[randomBelow(random, subjects.length)]!,
      payloads,
    };
  });
}

/** Each message behind `head`, as it stands on the wire. */
function wire(head: string, { payloads }: Row): string {
  return payloads.map((text) => `${head} ${text.length}\r\n${text}\r\n`).join(
    "",
  );
}

/** What `peer` gets up to `end`, without that and without PINGs, which may come at any time. */
async function heardUpTo(peer: Peer, end: string): Promise<string> {
  const text = await peer.expect(end);
  return text.slice(0, -end.length).replaceAll("PING\r\n", "");
}

/** `text` in pieces of any size. */
function pieces(random: Random, text: string): string[] {
  const cut = randomBelow(random, text.length + 1);
  return randomBelow(random, 2) === 0
    ? [text]
    : [text.slice(0, cut), text.slice(cut)];
}

test("messages in a row go to another server as they are", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const { midge, client, peer } = await setting(t);
  await tell(peer, "RS+ $G a\r\nRS+ $G b.*\r\nRS+ $G end\r\n");
  let sent = 0;
  let heard = 0;
  let ends = 0;
  for (const row of rows(random, ["a", "b.c", "nobody"])) {
    const text = wire(`PUB ${row.subject}`, row);
    for (const piece of pieces(random, text)) client.send(piece);
    sent += row.payloads.length;
    await roundTrip(client);
    if (row.subject === "nobody") continue;
    heard += row.payloads.length;
    const wanted = wire(`RMSG $G ${row.subject}`, row);
    await tell(client, "PUB end 0\r\n\r\n");
    assert.ok(await heardUpTo(peer, "RMSG $G end 0\r\n\r\n") === wanted);
    ends++;
  }
  const { global } = midge.server.broker.host.accounts;
  assert.equal(global.traffic.inMsgs, sent + ends);
  assert.equal(global.routeTraffic.outMsgs, heard + ends);
});

test("messages in a row that came from another server go to the one who hears them", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const { midge, client, peer } = await setting(t);
  await tell(client, "SUB a 1\r\nSUB b.* 2\r\nSUB end 3\r\n");
  await roundTrip(peer);
  let heard = 0;
  let sent = 0;
  let ends = 0;
  for (const row of rows(random, ["a", "b.c", "nobody"])) {
    const text = wire(`RMSG $G ${row.subject}`, row);
    for (const piece of pieces(random, text)) peer.send(piece);
    sent += row.payloads.length;
    await roundTrip(peer);
    if (row.subject === "nobody") continue;
    heard += row.payloads.length;
    const sid = row.subject === "a" ? 1 : 2;
    const wanted = wire(`MSG ${row.subject} ${sid}`, row);
    await tell(peer, "RMSG $G end 0\r\n\r\n");
    assert.ok(await heardUpTo(client, "MSG end 3 0\r\n\r\n") === wanted);
    ends++;
  }
  const { global } = midge.server.broker.host.accounts;
  assert.equal(global.routeTraffic.inMsgs, sent + ends);
  assert.equal(global.traffic.outMsgs, heard + ends);
});

test("what a peer may not have is not sent because one before it was", async (t) => {
  const permissions = { subscribe: { allow: [">"], deny: ["secret"] } };
  const midge = await startMidge(t, { cluster: { permissions } });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G >\r\n");
  const secret = "PUB secret 2\r\nno\r\n".repeat(50);
  const open = "PUB open 2\r\nhi\r\n";
  const end = "PUB end 0\r\n\r\n";
  await tell(client, open + secret + open.repeat(50) + secret + end);
  const heard = await heardUpTo(peer, "RMSG $G end 0\r\n\r\n");
  assert.equal(heard, "RMSG $G open 2\r\nhi\r\n".repeat(51));
});

test("a peer that asked for answers gets one for each message", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge, { connect: { verbose: true } });
  await tell(client, "SUB a 1\r\n");
  peer.send("RMSG $G a 2\r\nhi\r\n".repeat(20));
  const lines = await roundTrip(peer);
  assert.equal(lines.filter((line) => line === "+OK").length, 20);
  await roundTrip(client);
  assert.equal(client.received.split("MSG a 1 2\r\nhi\r\n").length - 1, 20);
});
