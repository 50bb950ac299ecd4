/** Messages among several clients: who gets them, how often and in which form. */
import assert from "node:assert/strict";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { seededRandom } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

const SEED = 4222;
const HEADERS = { headers: true, no_responders: true };

async function peers(
  t: TestContext,
  fields: readonly Readonly<Record<string, unknown>>[],
  options: TestOptions = {},
): Promise<Peer[]> {
  const random = seededRandom(SEED);
  const { port } = await startMidge(t, options, { random });
  const result: Peer[] = [];
  for (const each of fields) {
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake(each);
    result.push(peer);
  }
  return result;
}

/** What a peer has heard until a round trip of its own is done. */
async function heard(peer: Peer): Promise<string> {
  peer.send("PING\r\n");
  const text = await peer.expect("PONG\r\n");
  return text.slice(0, -"PONG\r\n".length);
}

/** Sends, and waits until the server has handled it. */
async function say(peer: Peer, text: string): Promise<void> {
  peer.send(`${text}PING\r\n`);
  await peer.expect("PONG\r\n");
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

test("a message reaches everybody who listens and nobody else", async (t) => {
  const [publisher, exact, wild, deaf] = await peers(t, [{}, {}, {}, {}]);
  await say(exact!, "SUB a.b 1\r\n");
  await say(wild!, "SUB a.* 2\r\nSUB > 3\r\n");
  await say(deaf!, "SUB a 1\r\nSUB b 2\r\n");
  await say(publisher!, "PUB a.b r 2\r\nhi\r\n");
  assert.equal(await heard(exact!), "MSG a.b 1 r 2\r\nhi\r\n");
  const both = await heard(wild!);
  assert.equal(count(both, "MSG a.b 2 r 2\r\nhi\r\n"), 1);
  assert.equal(count(both, "MSG a.b 3 r 2\r\nhi\r\n"), 1);
  assert.equal(await heard(deaf!), "");
  assert.equal(await heard(publisher!), "");
});

test("a client that left has no subscriptions any more", async (t) => {
  const { server, port } = await startMidge(t);
  const peer = await connectPeer({ port });
  await peer.handshake();
  await say(peer, "SUB a 1\r\nSUB b.* q 2\r\nSUB > 3\r\n");
  const { sublist } = server.broker.host.accounts.global;
  assert.equal(sublist.size, 3);
  const other = await connectPeer({ port });
  t.after(() => other.close());
  await other.handshake();
  await peer.close();
  await until("one is left", () => server.broker.clients.sessions.size === 1);
  assert.equal(sublist.size, 0);
});

test("headers are left out for those who do not know them", async (t) => {
  const [modern, old] = await peers(t, [HEADERS, {}]);
  await say(modern!, "SUB a 1\r\n");
  await say(old!, "SUB a 1\r\nSUB a q 2\r\n");
  await say(modern!, "HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
  assert.equal(
    await heard(old!),
    "MSG a 1 r 2\r\nhi\r\nMSG a 2 r 2\r\nhi\r\n",
  );
  await say(modern!, "HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n");
  assert.equal(
    await heard(old!),
    "MSG a 1 0\r\n\r\nMSG a 2 0\r\n\r\n",
  );
});

test("headers reach those who know them, plain messages everybody", async (t) => {
  const [modern, other, old] = await peers(t, [HEADERS, HEADERS, {}]);
  await say(other!, "SUB a 1\r\n");
  await say(modern!, "HPUB a 12 014\r\nNATS/1.0\r\n\r\nhi\r\n");
  await say(old!, "PUB a 2\r\nhi\r\n");
  assert.equal(
    await heard(other!),
    "HMSG a 1 12 014\r\nNATS/1.0\r\n\r\nhi\r\nMSG a 1 2\r\nhi\r\n",
  );
});

test("a server without headers leaves nobody with them", async (t) => {
  const options = { noHeaderSupport: true };
  const fields = [{ headers: true }, { headers: true }];
  const [publisher, listener] = await peers(t, fields, options);
  assert.equal(listener!.info.headers, false);
  await say(listener!, "SUB a 1\r\n");
  await say(publisher!, "PUB a 2\r\nhi\r\n");
  assert.equal(await heard(listener!), "MSG a 1 2\r\nhi\r\n");
});

test("503 is not for another client's subscription on the reply", async (t) => {
  const [requester, listener] = await peers(t, [HEADERS, HEADERS]);
  await say(listener!, "SUB r 1\r\n");
  requester!.send("PUB a r 0\r\n\r\n");
  assert.equal(await heard(requester!), "");
  assert.equal(await heard(listener!), "");
});

test("a request that has a responder gets no 503", async (t) => {
  const [requester, worker] = await peers(t, [HEADERS, {}]);
  await say(worker!, "SUB a q 1\r\n");
  requester!.send("SUB r 1\r\nPUB a r 0\r\n\r\n");
  assert.equal(await heard(requester!), "");
  assert.equal(await heard(worker!), "MSG a 1 r 0\r\n\r\n");
  worker!.send("PUB r 2\r\nok\r\n");
  await requester!.expect("MSG r 1 2\r\nok\r\n");
});

test(`a queue group shares evenly, with the seed ${SEED}`, async (t) => {
  const [publisher, ...members] = await peers(t, [{}, {}, {}, {}]);
  for (const member of members) await say(member, "SUB work q 1\r\n");
  await say(publisher!, "PUB work 0\r\n\r\n".repeat(3000));
  const shares = [];
  for (const member of members) shares.push(count(await heard(member), "MSG"));
  assert.equal(shares.reduce((sum, share) => sum + share), 3000);
  // Six standard deviations of a fair die.
  for (const share of shares) {
    assert.ok(Math.abs(share - 1000) < 155, `the shares are ${shares}`);
  }
});

test("members on one connection share like any others", async (t) => {
  const [publisher, worker] = await peers(t, [{}, {}]);
  await say(worker!, "SUB work q 1\r\nSUB work q 2\r\n");
  await say(publisher!, "PUB work 0\r\n\r\n".repeat(1000));
  const text = await heard(worker!);
  const [one, two] = [count(text, "work 1 "), count(text, "work 2 ")];
  assert.equal(one + two, 1000);
  assert.ok(Math.abs(one - two) < 200, `${one} and ${two}`);
});

test("each group gets a message once, plain subscribers besides", async (t) => {
  const [publisher, one, two] = await peers(t, [{}, {}, {}]);
  await say(one!, "SUB a q 1\r\nSUB a p 2\r\nSUB a 3\r\n");
  await say(two!, "SUB > q 1\r\nSUB a.* q 2\r\nSUB * p 2\r\n");
  await say(publisher!, "PUB a 0\r\n\r\n".repeat(200));
  const [first, second] = [await heard(one!), await heard(two!)];
  assert.equal(count(first, "MSG a 3 "), 200);
  assert.equal(count(first, "MSG a 1 ") + count(second, "MSG a 1 "), 200);
  assert.equal(count(first, "MSG a 2 ") + count(second, "MSG a 2 "), 200);
  assert.ok(count(first, "MSG a 1 ") > 50 && count(second, "MSG a 1 ") > 50);
});

test("a group passes over the publisher that wants no echo", async (t) => {
  const [publisher, worker] = await peers(t, [{ echo: false }, {}]);
  await say(publisher!, "SUB work q 1\r\n");
  await say(worker!, "SUB work q 1\r\n");
  publisher!.send("PUB work 0\r\n\r\n".repeat(100));
  assert.equal(await heard(publisher!), "");
  assert.equal(count(await heard(worker!), "MSG"), 100);
});

test("a member with a maximum takes that many, the others the rest", async (t) => {
  const [publisher, one, two] = await peers(t, [{}, {}, {}]);
  await say(one!, "SUB work q 1\r\nUNSUB 1 5\r\n");
  await say(two!, "SUB work q 1\r\n");
  await say(publisher!, "PUB work 0\r\n\r\n".repeat(100));
  assert.equal(count(await heard(one!), "MSG"), 5);
  assert.equal(count(await heard(two!), "MSG"), 95);
});

test("a maximum is exact, with several publishers and many messages at once", async (t) => {
  const { server, port } = await startMidge(t);
  const all: Peer[] = [];
  for (let i = 0; i < 4; i++) {
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake();
    all.push(peer);
  }
  const [listener, ...publishers] = all;
  await say(listener!, "SUB a 1\r\nUNSUB 1 500\r\nSUB * 2\r\nUNSUB 2 7\r\n");
  for (const publisher of publishers) {
    publisher.send("PUB a 0\r\n\r\n".repeat(1000));
  }
  for (const publisher of publishers) await say(publisher, "");
  const text = await heard(listener!);
  assert.equal(count(text, "MSG a 1 "), 500);
  assert.equal(count(text, "MSG a 2 "), 7);
  assert.equal(server.broker.host.accounts.global.sublist.size, 0);
});

test("one publisher's messages stay in order for each listener", async (t) => {
  const [publisher, one, two] = await peers(t, [{}, {}, {}]);
  await say(one!, "SUB n.* 1\r\n");
  await say(two!, "SUB > 1\r\n");
  let sent = "";
  for (let n = 0; n < 20_000; n++) {
    sent += `PUB n.${n % 7} ${`${n}`.length}\r\n${n}\r\n`;
  }
  await say(publisher!, sent);
  const expected = sent.replace(/PUB (n\.\d)/g, "MSG $1 1");
  assert.ok(await heard(one!) === expected);
  assert.ok(await heard(two!) === expected);
});

test("60,000 PINGs at once get 60,000 PONGs", async (t) => {
  const [peer, other] = await peers(t, [{}, {}]);
  peer!.send("PING\r\n".repeat(60_000));
  await say(other!, "");
  await peer!.expect("PONG\r\n".repeat(60_000));
  await peer!.silence();
});

test("100,000 subscriptions to one subject all get its message", async (t) => {
  const [publisher, listener] = await peers(t, [{}, {}]);
  let subscriptions = "";
  for (let sid = 0; sid < 100_000; sid++) subscriptions += `SUB a ${sid}\r\n`;
  await say(listener!, subscriptions);
  await say(publisher!, "PUB a 2\r\nhi\r\n");
  // On a busy machine the first PING of the server comes in between.
  const text = (await heard(listener!)).replaceAll("PING\r\n", "");
  const sids = new Set(
    text.matchAll(/MSG a (\d+) 2\r\nhi\r\n/g).map(([, n]) => n),
  );
  assert.equal(sids.size, 100_000);
  assert.equal(count(text, "\r\n"), 200_000);
});

test("interest that changes between two messages with the same line counts", async (t) => {
  const [both] = await peers(t, [{}]);
  const pub = (payload: string) => `PUB a.b 1\r\n${payload}\r\n`;
  await say(both!, pub("-"));
  // One chunk, so that the lines stand in the same memory.
  both!.send([
    `${pub("1")}SUB a.b 1\r\n${pub("2")}${pub("3")}SUB a.* 2\r\n${pub("4")}`,
    `UNSUB 1\r\n${pub("5")}${pub("6")}UNSUB 2\r\n${pub("7")}`,
    `SUB a.b 3\r\nUNSUB 3 2\r\n${pub("8")}${pub("9")}${pub("0")}`,
  ].join(""));
  const text = await heard(both!);
  const messages = [...text.matchAll(/MSG a\.b (\d) 1\r\n(.)\r\n/g)];
  assert.deepEqual(
    messages.map(([, sid, payload]) => `${payload}:${sid}`).sort(),
    ["2:1", "3:1", "4:1", "4:2", "5:2", "6:2", "8:3", "9:3"],
  );
});
