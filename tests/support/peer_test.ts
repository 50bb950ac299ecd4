/** The raw peer: what it takes, what it leaves, and how it says that nothing came. */
import assert from "node:assert/strict";
import { connectPeer, listenForPeers, type Peer } from "./peer.ts";
import { test, type TestContext } from "./test.ts";

test("text is taken in order, whatever the chunks", async (t) => {
  const { peer, broker } = await connectedPair(t);
  const waits = [
    peer.expect("one\r\n"),
    peer.expect(/t(w+)o\r\n/),
    peer.expectLine(),
    peer.expect("end"),
  ];
  for (const chunk of ["o", "ne\r", "\nand twwo", "\r\nli", "ne\r\nen", "d!"]) {
    broker.send(chunk);
  }
  assert.deepEqual(await Promise.all(waits), [
    "one\r\n",
    "and twwo\r\n",
    "line",
    "end",
  ]);
  await broker.close();
  assert.equal(await peer.expectClosed(), "!");
  assert.equal(peer.received, "one\r\nand twwo\r\nline\r\nend!");
});

test("bytes pass through unchanged in both directions", async (t) => {
  const { peer, broker } = await connectedPair(t);
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = String.fromCharCode(...bytes);
  peer.send(bytes);
  peer.send(text);
  assert.equal(await broker.expect(text + text), text + text);
});

test("a wait that cannot end says what was received instead", async (t) => {
  const { peer, broker } = await connectedPair(t);
  const wait = assert.rejects(peer.expect("PONG"), /"PONG".*ended.*"PING\\r/);
  broker.send("PING\r\n");
  await broker.close();
  await wait;
  await assert.rejects(peer.expectLine().then(() => peer.expectLine()));
  assert.equal(await peer.expectClosed(), "");
});

test("a connection that nobody accepts is an error", async () => {
  const listener = await listenForPeers();
  const { port } = listener;
  await listener.close();
  await assert.rejects(connectPeer({ port }));
});

test("the handshake reads INFO and ends with the PONG", async (t) => {
  const { peer, broker } = await connectedPair(t);
  broker.send('INFO {"port":4222} \r\n');
  const handshake = peer.handshake({ name: "me" });
  const sent = await broker.expect("PING\r\n");
  assert.equal(
    sent,
    'CONNECT {"verbose":false,"pedantic":false,"name":"me"}\r\nPING\r\n',
  );
  broker.send("PONG\r\n");
  await handshake;
  assert.equal(peer.info.port, 4222);
});

test("silence holds when nothing but PING has come, and only then", async (t) => {
  const { peer, broker } = await connectedPair(t);
  const quiet = peer.silence();
  await broker.expect("PING\r\n");
  broker.send("PING\r\nPONG\r\n");
  await quiet;
  const disturbed = assert.rejects(peer.silence(), /something has arrived/);
  broker.send("MSG foo 1 0\r\n\r\n");
  await broker.expect("PING\r\n");
  broker.send("PONG\r\n");
  await disturbed;
});

test("a paused peer reads on where it stopped", async (t) => {
  const { peer, broker } = await connectedPair(t);
  peer.pause();
  broker.send("late");
  peer.send("go");
  await broker.expect("go");
  assert.equal(peer.received, "");
  peer.resume();
  await peer.expect("late");
});

test("what was sent before close arrives; a crash is an end too", async (t) => {
  const { peer, broker } = await connectedPair(t);
  const text = "x".repeat(100_000);
  peer.send(text);
  const [received] = await Promise.all([broker.expectClosed(), peer.close()]);
  assert.equal(received, text);
  const other = await connectedPair(t);
  await Promise.all([other.broker.expectClosed(), other.peer.crash()]);
});

async function connectedPair(
  t: TestContext,
): Promise<{ peer: Peer; broker: Peer }> {
  const listener = await listenForPeers();
  t.after(() => listener.close());
  const peer = await connectPeer({ port: listener.port });
  t.after(() => peer.close());
  return { peer, broker: await listener.accept() };
}
