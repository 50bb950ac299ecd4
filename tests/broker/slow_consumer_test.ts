/**
 * Clients that do not read as fast as others write: nobody but them is to
 * suffer for long, and the server's memory not at all.
 */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import { SocketAround } from "../../src/net/socket_around.ts";
import type { Socket, SocketEvents } from "../../src/platform/socket.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import {
  NETWORK_BYTES,
  startStillMidge,
  type StillPeer,
} from "./still_midge.ts";
import { until } from "../support/until.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Messages of about a kibibyte, each with its number, so that no gap goes unseen. */
function numberedMessages(from: number, count: number): string {
  let text = "";
  for (let n = from; n < from + count; n++) {
    const payload = `${n} `.padEnd(KIB, "x");
    text += `PUB flood ${payload.length}\r\n${payload}\r\n`;
  }
  return text;
}

function deliveries(text: string): string {
  return text.replaceAll("PUB flood ", "MSG flood 1 ");
}

const FLOOD = numberedMessages(0, 4 * KIB);

test("what a client leaves unread is limited by max_pending", async (t) => {
  const still = await startStillMidge(t, {
    maxPendingBytes: MIB,
    noFastProducerStall: true,
  });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const session = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  let most = 0;
  for (let n = 0; n < 4 * KIB; n += 16) {
    await producer.say(numberedMessages(n, 16));
    most = Math.max(most, session.connection.output.outbox.pendingBytes);
  }
  assert.ok(most > 0.9 * MIB && most <= MIB, `${most} bytes were pending`);
  const { broker } = still.midge.server;
  assert.equal(
    session.connection.closedReason,
    ClosedReason.SLOW_CONSUMER_PENDING,
  );
  assert.equal(broker.host.counters.slowConsumers, 1);
  assert.equal(broker.host.accounts.global.sublist.size, 0);
  assert.ok(
    still.midge.log.lines.some((line) =>
      line.endsWith(`Slow Consumer Detected: MaxPending of ${MIB} Exceeded`)
    ),
  );
  slow.readAtMost(Infinity);
  await still.clock.advance(0);
  const heard = slow.take();
  assert.ok(slow.closed);
  assert.ok(deliveries(FLOOD).startsWith(heard), "heard what was not sent");
  await producer.say("PING\r\n");
  assert.equal(producer.take(), "PONG\r\n");
});

test("a producer waits at 16 MiB, however much a client may leave unread", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: 256 * MIB });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const reading = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  for (let n = 0; n < 6; n++) await producer.say(FLOOD);
  const { pendingBytes } = reading.connection.output.outbox;
  assert.ok(pendingBytes > 16 * MIB, `${pendingBytes} bytes were pending`);
  assert.ok(pendingBytes < 17 * MIB, `${pendingBytes} bytes were pending`);
  assert.ok(producer.unsentBytes > 2 * MIB, "the producer was not stopped");
});

test("a producer waits for a slow reader, who gets every byte", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const reading = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  const writing = still.newest;
  await producer.say(FLOOD);

  assert.ok(producer.unsentBytes > 2 * MIB, "the producer was not stopped");
  assert.ok(reading.connection.output.outbox.pendingBytes > 0.75 * MIB);
  assert.ok(reading.connection.output.outbox.pendingBytes <= MIB);
  assert.equal(writing.connection.facts.stalls, 1);
  const other = await still.login();
  await other.say("SUB other 1\r\nPUB other 0\r\n\r\n");
  assert.equal(other.take(), "MSG other 1 0\r\n\r\n");

  const heard = await readSlowly(slow, still.clock, 32 * KIB);
  assert.ok(heard === deliveries(FLOOD), "the stream is not what was sent");
  await producer.say("PING\r\n");
  assert.equal(producer.take(), "PONG\r\n");
  assert.equal(reading.connection.closedReason, undefined);
  assert.equal(still.midge.server.broker.host.counters.slowConsumers, 0);
});

test("a producer goes on when its slow reader is gone", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const session = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  await producer.say(`${FLOOD}PING\r\n`);
  assert.equal(producer.take(), "");
  session.connection.socket.destroy();
  await still.clock.advance(0);
  assert.equal(producer.take(), "PONG\r\n");
});

test("a reader that takes nothing for the write deadline is given up", async (t) => {
  const still = await startStillMidge(t, {
    maxPendingBytes: 8 * MIB,
    writeDeadlineMs: 10_000,
    pingIntervalMs: 3_600_000,
  });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const session = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  await producer.say(`${FLOOD}PING\r\n`);
  await still.clock.advance(9_999);
  assert.equal(session.connection.closedReason, undefined);
  await still.clock.advance(1);
  assert.equal(
    session.connection.closedReason,
    ClosedReason.SLOW_CONSUMER_DEADLINE,
  );
  assert.match(producer.take(), /PONG\r\n/);
  assert.ok(
    still.midge.log.lines.some((line) =>
      line.includes("Slow Consumer Detected: WriteDeadline of 10s exceeded")
    ),
  );
});

test("the deadline counts for all that was pending: a little is not enough", async (t) => {
  const still = await startStillMidge(t, {
    maxPendingBytes: 8 * MIB,
    writeDeadlineMs: 10_000,
    pingIntervalMs: 3_600_000,
  });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const { connection } = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  await producer.say(FLOOD);
  for (let second = 0; second < 20 && !connection.closed; second++) {
    slow.readAtMost(NETWORK_BYTES);
    await still.clock.advance(1000);
  }
  assert.equal(connection.closedReason, ClosedReason.SLOW_CONSUMER_DEADLINE);
});

test("a reader that takes in time what was pending lives, though it always lags", async (t) => {
  const still = await startStillMidge(t, {
    maxPendingBytes: 8 * MIB,
    writeDeadlineMs: 10_000,
    pingIntervalMs: 3_600_000,
  });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const { connection } = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  await producer.say(numberedMessages(0, 1000));
  const roundBytes = deliveries(numberedMessages(0, 1000)).length;
  for (let round = 1; round < 8; round++) {
    await still.clock.advance(9000);
    await producer.say(numberedMessages(round * 1000, 1000));
    slow.readAtMost(roundBytes);
    await still.clock.advance(0);
    assert.ok(connection.output.outbox.pendingBytes > 0, "it has caught up");
  }
  assert.equal(connection.closedReason, undefined);
});

test("a stuck reader holds its producers for a moment, and is closed", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const stuck = await still.login();
  await stuck.say("SUB flood 1\r\n");
  const { connection } = still.newest;
  stuck.readAtMost(0);
  const producers = [await still.login(), await still.login()];
  for (const producer of producers) await producer.say(`${FLOOD}PING\r\n`);
  assert.equal(producers[0]!.take(), "");
  await still.clock.advance(1000);
  assert.equal(connection.closedReason, ClosedReason.SLOW_CONSUMER_PENDING);
  for (const producer of producers) assert.equal(producer.take(), "PONG\r\n");
});

test("a reader at a few kilobytes a second holds nobody longer than a stuck one", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const slow = await still.login();
  await slow.say("SUB flood 1\r\n");
  const { connection } = still.newest;
  slow.readAtMost(0);
  const producer = await still.login();
  await producer.say(`${FLOOD}PING\r\n`);
  for (let n = 0; n < 10 && !connection.closed; n++) {
    slow.readAtMost(30 * KIB);
    await still.clock.advance(100);
  }
  assert.equal(connection.closedReason, ClosedReason.SLOW_CONSUMER_PENDING);
  assert.equal(producer.take(), "PONG\r\n");
});

test("the bytes of a stuck client wait in one piece, not in many", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const slow = await still.login();
  await slow.say("SUB drop 1\r\n");
  const { socket, output } = still.newest.connection;
  const { outbox } = output;
  slow.readAtMost(0);
  const producer = await still.login();
  const drop = `PUB drop 100\r\n${"x".repeat(100)}\r\n`;
  for (let n = 0; n < 6000; n++) await producer.say(drop);
  const bytes = 6000 * (drop.length + 2);
  assert.ok(outbox.size > 0, "all of it went into the socket");
  assert.ok(socket.pendingBytes < 300 * KIB);
  assert.ok(outbox.pendingBytes > bytes - NETWORK_BYTES - KIB);
  const heard = await readSlowly(slow, still.clock, 64 * KIB);
  assert.equal(heard.length, bytes);
});

test("a client that reads its own flood is not stopped for ever", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const peer = await still.login();
  await peer.say("SUB flood 1\r\n");
  peer.readAtMost(0);
  await peer.say(FLOOD);
  assert.ok(peer.unsentBytes > 0);
  const heard = await readSlowly(peer, still.clock, 64 * KIB);
  assert.ok(heard === deliveries(FLOOD), "the stream is not what was sent");
  assert.equal(peer.unsentBytes, 0);
});

test("one slow reader of several stops the producer until it is done", async (t) => {
  const still = await startStillMidge(t, { maxPendingBytes: MIB });
  const readers: StillPeer[] = [];
  for (let i = 0; i < 3; i++) {
    const reader = await still.login();
    await reader.say("SUB flood 1\r\n");
    if (i > 0) reader.readAtMost(0);
    readers.push(reader);
  }
  const producer = await still.login();
  await producer.say(`${FLOOD}PING\r\n`);
  const [fast, slow, slower] = readers;
  const heard = await readSlowly(slow!, still.clock, 64 * KIB);
  assert.ok(heard.length < deliveries(FLOOD).length);
  assert.equal(producer.take(), "", "the slowest reader was passed over");
  const texts = [heard, ""];
  for (let round = 0; round < 10; round++) {
    texts[1] += await readSlowly(slower!, still.clock, 64 * KIB);
    texts[0] += await readSlowly(slow!, still.clock, 64 * KIB);
  }
  for (const text of [...texts, fast!.take()]) {
    assert.ok(text === deliveries(FLOOD), "the stream is not what was sent");
  }
  assert.equal(producer.take(), "PONG\r\n");
});

test("real sockets: a slow reader gets every byte, in bounded memory", async (t) => {
  const { server, port } = await startMidge(t, { maxPendingBytes: 4 * MIB });
  const slow = await connectPeer({ port });
  t.after(() => slow.close());
  await slow.handshake();
  slow.send("SUB flood 1\r\n");
  await slow.silence();
  const [session] = server.broker.clients.sessions.values();
  slow.pause();
  const producer = await connectPeer({ port });
  t.after(() => producer.close());
  await producer.handshake();
  const flood = FLOOD.repeat(8);
  producer.send(`${flood}PING\r\n`);
  // The kernel takes its share first, so a stop may come more than once. A
  // producer that nothing stops ends the session, and so the wait.
  const isStopped = (): boolean =>
    server.broker.host.counters.stalledProducers > 0 &&
    session!.connection.output.outbox.pendingBytes > 3 * MIB;
  await until(
    "the producer stops",
    () => isStopped() || session!.connection.closed,
  );
  assert.equal(session!.connection.closedReason, undefined);
  assert.ok(session!.connection.output.outbox.pendingBytes <= 4 * MIB);
  slow.resume();
  await producer.expect("PONG\r\n");
  slow.send("PING\r\n");
  const heard = await slow.expect("PONG\r\n");
  // On a busy machine the server asks meanwhile whether it is still there.
  const messages = heard.replaceAll("PING\r\n", "");
  assert.ok(messages === `${deliveries(flood)}PONG\r\n`);
  assert.equal(server.broker.host.counters.slowConsumers, 0);
});

for (const maxPendingBytes of [128 * KIB, MIB]) {
  test(`real sockets: max_pending of ${maxPendingBytes} closes nobody who reads`, async (t) => {
    const { server, port } = await startMidge(t, {
      maxPendingBytes,
      maxPayloadBytes: 64 * KIB,
    });
    const reader = await connectPeer({ port });
    t.after(() => reader.close());
    await reader.handshake();
    // One message is a thousand for it.
    const subscriptions = 1000;
    let subs = "SUB flood 1\r\n";
    for (let n = 0; n < subscriptions; n++) subs += `SUB tiny ${1000 + n}\r\n`;
    reader.send(subs);
    await reader.silence();
    const producers = [
      await connectPeer({ port }),
      await connectPeer({ port }),
    ];
    for (const producer of producers) {
      t.after(() => producer.close());
      await producer.handshake();
      producer.send(FLOOD + "PUB tiny 1\r\nx\r\n".repeat(300));
    }
    for (const producer of producers) {
      producer.send("PING\r\n");
      await producer.expect("PONG\r\n");
    }
    reader.send("PING\r\n");
    const heard = await reader.expect("PONG\r\n");
    const tiny = 300 * subscriptions * "MSG tiny 1000 1\r\nx\r\n".length;
    const bytes = producers.length * (deliveries(FLOOD).length + tiny);
    // It may be asked for its round trip.
    const rest = heard.replace("PING\r\n", "").length - bytes;
    assert.equal(rest, "PONG\r\n".length);
    assert.equal(server.broker.host.counters.slowConsumers, 0);
  });
}

/** Takes a little without a word, as streams do: what is below the mark has no drain. */
class MarkedSocket extends SocketAround {
  #awaited = false;

  override open(events: SocketEvents): void {
    super.open({
      onData: (chunk) => events.onData(chunk),
      onDrain: () => {
        if (this.#awaited) events.onDrain();
        this.#awaited = false;
      },
      onClose: (reason) => events.onClose(reason),
    });
  }

  override write(bytes: Uint8Array): boolean {
    super.write(bytes);
    this.#awaited ||= this.pendingBytes >= 64 * KIB;
    return !this.#awaited;
  }
}

test("no producer waits for a socket that will not tell of its drain", async (t) => {
  const wrap = (socket: Socket): Socket => new MarkedSocket(socket);
  const options = { maxPendingBytes: 40 * KIB };
  const still = await startStillMidge(t, options, { wrap });
  const reader = await still.login();
  await reader.say("SUB flood 1\r\n");
  reader.readAtMost(0);
  // One message more than the network holds, then three quarters of the limit.
  const producer = await still.login();
  await producer.say(numberedMessages(0, 64));
  await producer.say(numberedMessages(64, 32));
  await producer.say("PING\r\n");
  assert.equal(producer.take(), "PONG\r\n");
  reader.readAtMost(Infinity);
  await still.clock.advance(0);
  assert.equal(reader.take(), deliveries(numberedMessages(0, 96)));
});

/** Reads `bytes` at a time, then lets `restMs` pass, until nothing more comes. */
async function readSlowly(
  peer: StillPeer,
  clock: { advance(ms: number): Promise<void> },
  bytes: number,
  restMs: number = 0,
): Promise<string> {
  let heard = "";
  for (;;) {
    peer.readAtMost(bytes);
    await clock.advance(0);
    const part = peer.take();
    if (part === "") return heard;
    heard += part;
    await clock.advance(restMs);
  }
}
