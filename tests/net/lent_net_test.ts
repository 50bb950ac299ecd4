/**
 * Node's sockets that read into memory which is used again, and the choice between
 * them and streams as they are.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Socket as TcpSocket } from "node:net";
import type { Socket } from "../../src/platform/socket.ts";
import { lentNetwork } from "../../src/runtime/net/lent_net.ts";
import { networkOnNode } from "../../src/runtime/net/network.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { NodeReader } from "../../src/runtime/net/node_reading.ts";
import { test, type TestContext } from "../support/test.ts";
import { describeMachineNetwork } from "./machine_suite.ts";

const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
/** More than any buffer. */
const MUCH = 600_000;

test("MIDGE_SOCKETS=node asks for streams as they are on Node", () => {
  assert.equal(networkOnNode("node"), nodeNetwork);
  for (const other of [undefined, "", "lent"]) {
    assert.equal(networkOnNode(other), lentNetwork);
  }
});

test("a stream whose connection cannot be taken out of it stays as it is", () => {
  const stream = new TcpSocket();
  assert.equal(NodeReader.adopt(stream), undefined);
  stream.destroy();
});

if (isNode) {
  describeMachineNetwork("Node, memory used again", lentNetwork, {
    hasUnixSockets: true,
  });

  test("chunks stay as they are while their receiver is paused, while another one reads", async (t) => {
    const [first, second] = await connections(t, 2);
    const sent = bytesOf(MUCH, 1);
    const other = heardBy(second!, MUCH);
    first!.far.write(sent);
    let count = 0;
    const all = Promise.withResolvers<void>();
    let chunks = 0;
    const check = async (chunk: Uint8Array): Promise<void> => {
      const from = count;
      count += chunk.length;
      // The other one reads all that it is sent in the meantime.
      if (chunks++ === 1) {
        second!.far.write(bytesOf(MUCH, 2));
        await other;
      }
      await nextTurn();
      assert.ok(isSame(chunk, sent.subarray(from, count)), `from ${from}`);
      if (count === MUCH) all.resolve();
      first!.near.resume();
    };
    first!.near.open({
      onData: (chunk) => {
        first!.near.pause();
        check(chunk).catch(all.reject);
      },
      onDrain: () => {},
      onClose: () => {},
    });
    await all.promise;
    assert.ok(chunks >= 3, `${chunks} chunks`);
    assert.ok(isSame(await other, bytesOf(MUCH, 2)));
  });

  test("hundreds that bring much at once are read with few large buffers", async (t) => {
    const pairs = await connections(t, 200);
    const large = new Set<ArrayBufferLike>();
    const heard = pairs.map((pair) =>
      heardBy(pair, MUCH, ({ buffer }) => {
        if (buffer.byteLength > 5000) large.add(buffer);
      })
    );
    for (const { far } of pairs) far.write(bytesOf(MUCH, 3));
    await Promise.all(heard);
    assert.ok(large.size > 0 && large.size <= 72, `${large.size} buffers`);
  });
}

/** Both ends of a connection. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

async function connections(t: TestContext, count: number): Promise<Pair[]> {
  const accepted: Socket[] = [];
  const at = { host: "127.0.0.1", port: 0 };
  const all = Promise.withResolvers<void>();
  const listener = await lentNetwork.listen(at, {}, (socket) => {
    t.after(() => socket.destroy());
    if (accepted.push(socket) === count) all.resolve();
  });
  t.after(() => listener.close());
  const dialled: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await lentNetwork.dial(listener.address);
    t.after(() => socket.destroy());
    socket.open({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    dialled.push(socket);
  }
  await all.promise;
  return accepted.map((near) => {
    const far = dialled.find(({ local }) => local.port === near.remote.port);
    return { near, far: far! };
  });
}

/** The first `count` bytes that the near end hears. */
function heardBy(
  { near }: Pair,
  count: number,
  onChunk: (chunk: Uint8Array) => void = () => {},
): Promise<Uint8Array> {
  const heard = new Uint8Array(count);
  let filled = 0;
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  near.open({
    onData: (chunk) => {
      onChunk(chunk);
      heard.set(chunk, filled);
      filled += chunk.length;
      if (filled === count) resolve(heard);
    },
    onDrain: () => {},
    onClose: () => {},
  });
  return promise;
}

function bytesOf(count: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * seed) % 251);
}

/** Tells nothing of the difference, which takes long where there are many. */
function isSame(some: Uint8Array, others: Uint8Array): boolean {
  return Buffer.compare(some, others) === 0;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
