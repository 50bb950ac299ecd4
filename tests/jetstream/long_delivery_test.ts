/**
 * Consumers with more messages than a client may leave unread, or than a turn of
 * the event loop has time for.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as dial } from "node:net";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

const MESSAGES = 700;
const PAYLOAD_BYTES = 65_536;
/** A byte that stands in payloads alone. */
const FILLER = 0xff;
/** Far less than all of the messages, and than what may be above it for a while. */
const MAX_PENDING = 1_048_576;

test("a client that reads gets a backlog beyond max_pending, pushed", async (t) => {
  const { port, maker } = await backlog(t);
  const heard = hearAll(t, port, "to.c", "");
  await makeConsumer(maker, { deliver_subject: "to.c", ack_policy: "none" });
  assert.equal(await heard, MESSAGES * PAYLOAD_BYTES);
});

test("a client that reads gets a backlog beyond max_pending by one request", async (t) => {
  const { port, maker } = await backlog(t);
  await makeConsumer(maker, { ack_policy: "none" });
  const request = `{"batch":${MESSAGES}}`;
  const subject = "$JS.API.CONSUMER.MSG.NEXT.S.c";
  const heard = hearAll(
    t,
    port,
    "to.c",
    `PUB ${subject} to.c ${request.length}\r\n${request}\r\n`,
  );
  assert.equal(await heard, MESSAGES * PAYLOAD_BYTES);
});

/** A server with a stream of `MESSAGES`, and a peer that talks with it. */
async function backlog(t: TestContext): Promise<{ port: number; maker: Peer }> {
  const { port } = await startMidge(t, {
    maxPendingBytes: MAX_PENDING,
    jetstream: defaultJetStreamOptions(),
  });
  const maker = await connectPeer({ port });
  t.after(() => maker.close());
  await maker.handshake();
  maker.send("SUB answers.* 1\r\n");
  await ask(maker, "STREAM.CREATE.S", {
    name: "S",
    subjects: ["s"],
    storage: "memory",
  });
  const message = Buffer.alloc(PAYLOAD_BYTES, FILLER).toString("latin1");
  for (let sent = 0; sent < MESSAGES; sent++) {
    maker.send(`PUB s ${PAYLOAD_BYTES}\r\n${message}\r\n`);
  }
  maker.send("PING\r\n");
  await maker.expect("PONG\r\n");
  return { port, maker };
}

async function makeConsumer(peer: Peer, config: object): Promise<void> {
  await ask(peer, "CONSUMER.CREATE.S.c", {
    stream_name: "S",
    config: { durable_name: "c", max_ack_pending: -1, ...config },
  });
}

async function ask(peer: Peer, api: string, body: object): Promise<void> {
  const text = JSON.stringify(body);
  peer.send(`PUB $JS.API.${api} answers.a ${text.length}\r\n${text}\r\n`);
  const answer = await peer.expect(/MSG answers\.a .*\r\n.*\r\n/);
  assert(!answer.includes('"error"'), answer);
}

/**
 * A client that listens to `subject` and then says `words`: gives the bytes of all
 * payloads that it hears until it has heard `MESSAGES`, or its connection ends.
 */
async function hearAll(
  t: TestContext,
  port: number,
  subject: string,
  words: string,
): Promise<number> {
  const socket = dial({ port, host: "127.0.0.1" });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(`CONNECT {"verbose":false}\r\nSUB ${subject} 1\r\n${words}`);
  let payload = 0;
  let isOver = false;
  socket.on("data", (bytes: Buffer) => {
    for (const byte of bytes) if (byte === FILLER) payload++;
    if (payload >= MESSAGES * PAYLOAD_BYTES) isOver = true;
  });
  socket.on("error", () => {});
  while (!isOver && !socket.destroyed) {
    await Promise.race([once(socket, "data"), once(socket, "close")]);
  }
  return payload;
}
