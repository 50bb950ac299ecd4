/** What is published while there is no connection, and what becomes of what does not fit. */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../src/client/connection.ts";
import { Backlog, WAITING_MAX } from "../../src/client/messages/backlog.ts";
import {
  BufferFullError,
  ClosedConnectionError,
} from "../../src/client/api/errors.ts";
import type { BufferPolicy } from "../../src/client/api/message.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { Outbox } from "../../src/core/outbox.ts";
import { SlabPool } from "../../src/core/slab_pool.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import type { Status } from "../../src/client/api/status.ts";
import type { FakeServer } from "./fake_server.ts";
import { eventsOf, Scene } from "./scene.ts";
import { rejection } from "../support/rejection.ts";

/** `PUB a 10`, two line ends and ten bytes. */
const MESSAGE_BYTES = 22;

interface Outage {
  readonly client: NatsConnection;
  readonly publish: (number: number) => Promise<void> | undefined;
  /** Numbers of the messages that a server gets that comes back. */
  readonly comeBack: () => Promise<number[]>;
}

/** A client without a server, and with room for three messages. */
async function outage(scene: Scene, policy: BufferPolicy): Promise<Outage> {
  const server = await scene.server();
  const client = await scene.connect([server], {
    bufferPolicy: policy,
    maxBufferedBytes: 3 * MESSAGE_BYTES,
    maxReconnectAttempts: -1,
  });
  server.stop();
  await scene.until(() => client.getServer() === "");
  return {
    client,
    publish: (number) => client.publish("a", String(number).padStart(10, "0")),
    comeBack: async () => {
      const again = await scene.server({ port: server.port });
      await scene.until(() => client.getServer() !== "");
      await scene.settled(client.flush());
      return numbersIn(again);
    },
  };
}

function numbersIn(server: FakeServer): number[] {
  return server.ops.map((op) => {
    const [, number] = /^PUB a 10\r\n(\d{10})$/.exec(op) ?? [];
    assert.ok(number !== undefined, `a whole message: ${op}`);
    return Number(number);
  });
}

test("policy error: what does not fit is refused", async (t) => {
  const scene = new Scene(t);
  const { client, publish, comeBack } = await outage(scene, "error");
  for (let n = 1; n <= 3; n++) assert.equal(publish(n), undefined);
  assert.equal(client.bufferedBytes, 3 * MESSAGE_BYTES);
  assert.throws(() => publish(4), BufferFullError);
  assert.deepEqual(await comeBack(), [1, 2, 3]);
  const { outMsgs, outBytes, droppedMsgs } = client.stats();
  assert.deepEqual([outMsgs, outBytes, droppedMsgs], [3, 30, 0]);
});

test("policy drop-newest: what does not fit is dropped, and counted", async (t) => {
  const scene = new Scene(t);
  const { client, publish, comeBack } = await outage(scene, "drop-newest");
  const events = eventsOf(client);
  for (let n = 1; n <= 9; n++) assert.equal(publish(n), undefined);
  assert.equal(client.bufferedBytes, 3 * MESSAGE_BYTES);
  assert.deepEqual(await comeBack(), [1, 2, 3]);
  assert.equal(client.stats().droppedMsgs, 6);
  const drops = events.filter(({ type }) => type === "dropped");
  assert.deepEqual(drops, [{ type: "dropped", policy: "drop-newest" }]);
});

test("policy drop-oldest: the newest are kept", async (t) => {
  const scene = new Scene(t);
  const { client, publish, comeBack } = await outage(scene, "drop-oldest");
  const events = eventsOf(client);
  for (let n = 1; n <= 9; n++) assert.equal(publish(n), undefined);
  client.publish("a", "x".repeat(1000)); // alone too large: it drops nobody
  assert.deepEqual(await comeBack(), [7, 8, 9]);
  assert.equal(client.stats().droppedMsgs, 7);
  assert.equal(events.filter(({ type }) => type === "dropped").length, 1);
});

test("each outage tells of its first drop", async (t) => {
  const scene = new Scene(t);
  const { client, publish } = await outage(scene, "drop-newest");
  const events = eventsOf(client);
  const [, port] = client.servers()[0]!.listen.split(":");
  for (let round = 1; round <= 2; round++) {
    for (let n = 1; n <= 5; n++) publish(n);
    const server = await scene.server({ port: Number(port) });
    await scene.until(() => client.getServer() !== "");
    server.stop();
    await scene.until(() => client.getServer() === "");
  }
  assert.equal(events.filter(({ type }) => type === "dropped").length, 2);
});

test("policy wait: publishers wait until their messages are taken, in order", async (t) => {
  const scene = new Scene(t);
  const { client, publish, comeBack } = await outage(scene, "wait");
  for (let n = 1; n <= 3; n++) assert.equal(publish(n), undefined);
  let taken = 0;
  const waiting = [4, 5, 6].map((n) => publish(n)?.then(() => taken++));
  assert.ok(waiting.every((promise) => promise instanceof Promise));
  assert.ok(client.publish("a", "") instanceof Promise, "behind the others");
  await scene.clock.advance(5000);
  assert.equal(taken, 0);
  const again = comeBack();
  await assert.rejects(again, /a whole message: PUB a 0/);
  assert.equal(taken, 3);
  assert.equal(client.publish("a", "x"), undefined, "there is a connection");
});

test("policy wait: only a limited number may wait, and closing tells them", async (t) => {
  const scene = new Scene(t);
  const { client, publish } = await outage(scene, "wait");
  for (let n = 1; n <= 3; n++) publish(n);
  const waiting = Array.from({ length: WAITING_MAX }, (_, n) => publish(n));
  assert.throws(() => publish(0), BufferFullError);
  assert.equal(client.bufferedBytes, (3 + WAITING_MAX) * MESSAGE_BYTES);
  const first = rejection(waiting[0]!);
  await scene.settled(client.close());
  assert.ok(await first instanceof ClosedConnectionError);
  assert.equal(client.bufferedBytes, 0);
});

test("whatever is dropped, what is left is whole and in order", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const maxBytes = 200_000;
  const told: Status[] = [];
  const backlog = new Backlog(
    { maxBytes, policy: "drop-oldest" },
    { tell: (status) => told.push(status) },
  );
  const frames: string[] = [];
  for (let n = 0; n < 20_000; n++) {
    const frame = `${n}:${"x".repeat(randomBelow(random, 300))};`;
    frames.push(frame);
    backlog.add(asciiBytes(frame));
    assert.ok(backlog.bytes <= maxBytes);
  }
  assert.deepEqual(told, [{ type: "dropped", policy: "drop-oldest" }]);
  let written = "";
  const outbox = new Outbox(new SlabPool(), {
    pendingBytes: 0,
    write: (bytes) => {
      written += byteString(bytes);
      return true;
    },
  });
  backlog.moveTo(outbox);
  outbox.flush();
  const left = frames.slice(backlog.droppedMsgs).join("");
  assert.ok(written === left, `seed ${seed}`);
  assert.ok(backlog.droppedMsgs > 0 && written.length > maxBytes - 400);
  assert.equal(backlog.bytes, 0);
});
