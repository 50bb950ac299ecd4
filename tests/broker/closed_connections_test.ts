/** What is remembered of clients that are gone: as much as fits, the newest first. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { StillBroker } from "./still_sockets.ts";

const BYTES_MAX = 16_777_216;

test("subscriptions of the oldest make room, their number stays", () => {
  const still = new StillBroker();
  const { closed } = still.broker.clients;
  // Their subjects take three times as much as is kept.
  const clients = 150;
  const subject = "x".repeat(1000);
  for (let n = 0; n < clients; n++) {
    const client = still.client();
    for (let sid = 0; sid < 300; sid++) {
      client.says(`SUB ${n}.${subject}.${sid} ${sid}\r\n`);
    }
    still.settle();
    client.closes();
    still.settle();
    assert.ok(closed.bytes <= BYTES_MAX, `${closed.bytes} bytes`);
  }
  const list = closed.list();
  assert.equal(list.length, clients);
  assert.ok(list.every(({ subscriptionCount }) => subscriptionCount === 300));
  const kept = list.map(({ subscriptions }) => subscriptions.length);
  assert.equal(kept[0], 0);
  assert.equal(kept.at(-1), 256);
  assert.deepEqual(kept, kept.toSorted((a, b) => a - b));
  assert.ok(closed.bytes > BYTES_MAX / 2, "hardly anything is kept");
});

test("clients with long names are forgotten before they are many", () => {
  const still = new StillBroker();
  const { closed } = still.broker.clients;
  const clients = 5000;
  const name = "n".repeat(3900);
  for (let n = 0; n < clients; n++) {
    const client = still.client(
      `CONNECT {"verbose":false,"name":"${name}"}\r\n`,
    );
    client.closes();
    still.settle();
    assert.ok(closed.bytes <= BYTES_MAX, `${closed.bytes} bytes`);
  }
  const list = closed.list();
  assert.ok(list.length < clients && list.length > 1000, `${list.length}`);
  const ids = list.map(({ id }) => id);
  const last = ids.at(-1)!;
  assert.deepEqual(ids, ids.map((_, n) => last - ids.length + 1 + n));
  assert.equal(closed.total, clients);
});

test("not more than asked for are remembered, the newest of them", () => {
  const still = new StillBroker({ maxClosedClients: 10 });
  for (let n = 0; n < 100; n++) {
    still.client(`SUB a.${n} 1\r\n`).closes();
    still.settle();
    const list = still.broker.clients.closed.list();
    assert.equal(list.length, Math.min(n + 1, 10));
    const [newest] = list.at(-1)!.subscriptions;
    assert.equal(newest!.subject, `a.${n}`);
  }
  const kept = still.broker.clients.closed.list();
  assert.deepEqual(
    kept.map(({ subscriptions: [one] }) => one!.subject),
    Array.from({ length: 10 }, (_, n) => `a.${90 + n}`),
  );
});
