/**
 * A page over many rows holds nobody up: other clients are served between its
 * slices. What is counted is slices, answers and rows, never time.
 */
import assert from "node:assert/strict";
import type { SlicedWork } from "../../src/http/slices.ts";
import { printPage } from "../../src/monitor/monitor.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { type MonitoredMidge, startMonitored, wholeText } from "./pages.ts";

const SUBSCRIPTIONS = 100_000;
/** More than are looked at in one slice. */
const CLIENTS = 5000;

function subLines(count: number): string {
  return Array.from({ length: count }, (_, at) => `SUB many.${at} ${at}\r\n`)
    .join("");
}

async function startWithMany(t: TestContext): Promise<MonitoredMidge> {
  const midge = await startMonitored(t);
  await midge.say(await midge.client(), subLines(SUBSCRIPTIONS));
  return midge;
}

function begin(
  midge: MonitoredMidge,
  page: string,
): ReturnType<typeof printPage> {
  const { pathname, searchParams } = new URL(`http://midge/${page}`);
  return printPage(midge.watched, {
    method: "GET",
    path: pathname,
    query: searchParams,
  });
}

/** Runs `work`; between its slices `between` has all the turns that it wants. */
async function slowly<T>(
  work: SlicedWork<T>,
  between: (slice: number) => Promise<void>,
): Promise<{ result: T; slices: number }> {
  for (let slices = 1;; slices++) {
    const step = work.next();
    if (step.done) return { result: step.value, slices };
    await between(slices);
  }
}

async function pong(peer: Peer): Promise<void> {
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
}

const LONG_PAGES: readonly string[] = [
  `subsz?subs=1&limit=${SUBSCRIPTIONS}`,
  "connz?subs=detail&cid=1",
  "subsz?subs=1&test=many.7",
];

test("other clients are served while a long page is gathered", async (t) => {
  const midge = await startWithMany(t);
  const other = await midge.client();
  for (const page of LONG_PAGES) {
    const { result, slices } = await slowly(
      begin(midge, page),
      () => pong(other),
    );
    assert.equal(result.status, 200);
    assert.ok(slices > 25 && slices < 1000, `${page}: ${slices} slices`);
  }
});

test("a long list is printed in pieces, none of which is long", async (t) => {
  const midge = await startWithMany(t);
  const page = `subsz?subs=1&limit=${SUBSCRIPTIONS}`;
  const { result } = await slowly(begin(midge, page), async () => {});
  let text = "";
  let pieces = 0;
  for (;; pieces++) {
    const step = result.text.next();
    text += step.value;
    assert.ok(step.value.length < 100_000);
    if (step.done) break;
  }
  assert.ok(pieces > 50, `${pieces} pieces`);
  const { total, subscriptions_list } = JSON.parse(text);
  assert.equal(total, SUBSCRIPTIONS);
  assert.equal(subscriptions_list.length, SUBSCRIPTIONS);
  const subjects = new Set(
    subscriptions_list.map(({ subject }: { subject: string }) => subject),
  );
  assert.equal(subjects.size, SUBSCRIPTIONS);
  assert.equal(subscriptions_list.at(-1).subject, "many.99999");
});

test("subscriptions may come and go while they are listed", async (t) => {
  const midge = await startWithMany(t);
  const other = await midge.client();
  const page = `subsz?subs=1&limit=${2 * SUBSCRIPTIONS}`;
  const { result } = await slowly(begin(midge, page), async (slice) => {
    if (slice < 20) await midge.say(other, subLines(100 * slice));
    if (slice === 20) await midge.leave(other);
  });
  const { total, subscriptions_list } = JSON.parse(wholeText(result.text));
  assert.equal(subscriptions_list.length, total);
  const subjects = new Set(
    subscriptions_list.filter(({ cid }: { cid: number }) => cid === 1)
      .map(({ subject }: { subject: string }) => subject),
  );
  assert.equal(subjects.size, SUBSCRIPTIONS);
});

test("a client that leaves while clients are listed is listed once at most", async (t) => {
  const midge = await startMonitored(t);
  const [a, b] = [await midge.client(), await midge.client()];
  for (const peer of [a, b]) await midge.say(peer, subLines(10_000));
  const page = "connz?state=all&subs=1";
  const { result } = await slowly(begin(midge, page), async (slice) => {
    if (slice === 2) await midge.leave(b);
  });
  const { connections } = JSON.parse(wholeText(result.text));
  const ids = connections.map(({ cid }: { cid: number }) => cid);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.includes(1));
});

test("over HTTP other clients are answered while a long page is on its way", async (t) => {
  const { port, httpPort } = await startMidge(t, {
    http: { host: "127.0.0.1", port: 0 },
  });
  const connected = async (): Promise<Peer> => {
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake();
    return peer;
  };
  const many = await connected();
  many.send(subLines(SUBSCRIPTIONS));
  await pong(many);
  const other = await connected();
  let isDone = false;
  const url =
    `http://127.0.0.1:${httpPort}/subsz?subs=1&limit=${SUBSCRIPTIONS}`;
  const asked = fetch(url).then((answer) => answer.json())
    .finally(() => isDone = true);
  let pongs = 0;
  for (; !isDone; pongs++) await pong(other);
  const { subscriptions_list } = await asked;
  assert.equal(subscriptions_list.length, SUBSCRIPTIONS);
  assert.ok(pongs > 20, `${pongs} answers`);
});

test("many clients are sorted and listed while others are answered", async (t) => {
  const { server, port, httpPort } = await startMidge(t, {
    http: { host: "127.0.0.1", port: 0 },
  });
  const other = await connectPeer({ port });
  t.after(() => other.close());
  await other.handshake();
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => server.connect()),
  );
  clients.forEach((client, at) => {
    for (let count = 0; count < at % 7; count++) client.subscribe("a");
  });
  await Promise.all(clients.map((client) => client.flush()));
  const page = { sort: "subs", limit: 2 * CLIENTS } as const;
  let isDone = false;
  const asked = fetch(
    `http://127.0.0.1:${httpPort}/connz?sort=subs&limit=${2 * CLIENTS}`,
  ).then((answer) => answer.json()).finally(() => isDone = true);
  let pongs = 0;
  for (; !isDone; pongs++) await pong(other);
  const idsOf = (
    { connections }: { connections: readonly { cid: number }[] },
  ) => connections.map(({ cid }) => cid);
  const ids = idsOf(await asked);
  assert.equal(ids.length, CLIENTS + 1);
  assert.deepEqual(ids, idsOf(server.connz(page)));
  assert.ok(pongs > 5, `${pongs} answers`);
});
