/** Routes under load: much interest, and a server that does not keep up. */
import assert from "node:assert/strict";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  connectClient,
  interests,
  join,
  lineOf,
  logged,
  meshed,
  roundTrip,
  routeCount,
  routeTo,
  tell,
} from "./route_peer.ts";
import { until } from "../support/until.ts";

const MANY = 100_000;

/** Joins, and waits for `count` lines: they are told in as many turns as they need. */
async function joinAndHear(
  t: TestContext,
  midge: TestServer,
  count: number,
): Promise<{ peer: Peer; lines: string[] }> {
  const { peer, lines } = await join(t, midge);
  const all = [...lines];
  while (all.length < count) all.push(...await roundTrip(peer));
  return { peer, lines: all };
}

test("100,000 interests are told when a route is made, and forgotten with it", async (t) => {
  const first = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, first);
  const subscriptions = Array.from(
    { length: MANY },
    (_, i) => `SUB many.${i} ${i}\r\n`,
  );
  await tell(client, subscriptions.join(""));
  const { peer, lines } = await joinAndHear(t, first, MANY);
  assert.equal(new Set(lines).size, MANY);
  assert.ok(lines.every((line) => line.startsWith("RS+ $G many.")));
  await peer.close();

  const second = await startMidge(t, { cluster: { routes: [routeTo(first)] } });
  await meshed([first, second]);
  await interests(second, MANY);
  const publisher = await connectClient(t, second);
  await tell(
    publisher,
    `PUB many.0 2\r\nhi\r\nPUB many.${MANY - 1} 2\r\nho\r\n`,
  );
  await client.expect(`MSG many.0 0 2\r\nhi\r\nMSG many.${MANY - 1}`);
  await client.crash();
  await interests(second, 0);
});

test("interest that is more than a client may leave unread does no harm", async (t) => {
  const limits = { maxPendingBytes: 65_536, maxPayloadBytes: 1024 };
  const midge = await startMidge(t, { ...limits, cluster: {} });
  const client = await connectClient(t, midge);
  const subscriptions = Array.from(
    { length: 20_000 },
    (_, i) => `SUB some.longer.subject.${i} ${i}\r\n`,
  );
  await tell(client, subscriptions.join(""));
  const { lines } = await joinAndHear(t, midge, 20_000);
  assert.equal(lines.length, 20_000);
  assert.equal(routeCount(midge), 1);
});

test("a server that does not read stops its publishers, and no other client", async (t) => {
  const maxPendingBytes = 4_194_304;
  const midge = await startMidge(t, {
    maxPendingBytes,
    writeDeadlineMs: 500,
    cluster: {},
  });
  const slow = await join(t, midge, { id: "SLOW" });
  const other = await join(t, midge, { id: "OTHER" });
  await tell(slow.peer, "RS+ $G flood\r\n");
  await tell(other.peer, "RS+ $G calm\r\n");
  const [flooder, calm] = [
    await connectClient(t, midge),
    await connectClient(t, midge),
  ];
  const route = [...midge.server.cluster!.routes.values()]
    .find(({ member }) => member.info?.server_id === "SLOW")!;
  slow.peer.pause();
  const payload = "x".repeat(100_000);
  const message = `PUB flood ${payload.length}\r\n${payload}\r\n`;
  const messages = 600;
  for (let i = 0; i < messages; i++) flooder.send(message);

  await until(
    "stall",
    () => route.connection.output.outbox.pendingBytes > 0.75 * maxPendingBytes,
  );
  let most = 0;
  for (let i = 0; i < 50; i++) {
    await tell(calm, "PUB calm 2\r\nhi\r\n");
    assert.equal(await lineOf(other.peer), "RMSG $G calm 2");
    await other.peer.expect("hi\r\n");
    most = Math.max(most, route.connection.output.outbox.pendingBytes);
  }
  // One chunk of a publisher may come on top.
  assert.ok(most < 2 * maxPendingBytes, `${most} bytes wait`);
  assert.ok(route.traffic.outMsgs < messages);

  await logged(midge, "Slow Consumer Detected: WriteDeadline");
  await logged(midge, "closed: Slow Consumer (Write Deadline)");
  assert.equal(routeCount(midge), 1);
  // The publishers that were stopped go on.
  await roundTrip(flooder);
});

test("a server that was slow for a while gets everything", async (t) => {
  const midge = await startMidge(t, {
    maxPendingBytes: 2_097_152,
    cluster: {},
  });
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G flood\r\n");
  const flooder = await connectClient(t, midge);
  const payload = "x".repeat(50_000);
  const messages = 400;
  peer.pause();
  for (let i = 0; i < messages; i++) {
    const head = `${i} `;
    const size = head.length + payload.length;
    flooder.send(`PUB flood ${size}\r\n${head}${payload}\r\n`);
  }
  const [route] = midge.server.cluster!.routes.values();
  await until(
    "stall",
    () => route!.connection.output.outbox.pendingBytes > 1_572_864,
  );
  peer.resume();
  for (let i = 0; i < messages; i++) await peer.expect(`\r\n${i} xx`);
  await roundTrip(flooder);
  assert.equal(routeCount(midge), 1);
});
