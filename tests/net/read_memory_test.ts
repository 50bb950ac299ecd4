/** What becomes of the memory that a socket has read into. */
import assert from "node:assert/strict";
import type { Network, Socket } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { giveBack } from "../../src/runtime/net/read_memory.ts";
import { test, type TestContext } from "../support/test.ts";

const isBun = "Bun" in globalThis;
const isNode = !isBun && !("Deno" in globalThis);

test("memory is given back at once, but for a part of something larger", () => {
  const own = new Uint8Array(100);
  giveBack(own);
  assert.equal(own.length, 0);
  const whole = new Uint8Array(100).fill(7);
  giveBack(whole.subarray(0, 50));
  assert.ok(whole.every((byte) => byte === 7) && whole.length === 100);
});

for (
  const [name, network] of [
    ["the machine's sockets", platform.network],
    ["sockets of node:net", nodeNetwork],
  ] as const
) {
  for (const kind of ["accepted", "dialled"] as const) {
    test(`${name}, ${kind}: a chunk that is not lent is gone behind its handling`, async (t) => {
      const { accepted, dialled } = await connected(network, t);
      const [near, far] = kind === "accepted"
        ? [accepted, dialled]
        : [dialled, accepted];
      const hears = chunksOf(near);
      // What Deno and Node accept reads into the same memory again.
      const isFreed = isBun || network === nodeNetwork || kind === "dialled";
      const borrowed = await hears(far, () => {});
      if (isFreed) assert.equal(borrowed.length, 0);
      let isKept = false;
      const kept = await hears(far, () => {
        isKept = near.keepChunk?.() === true;
      });
      if (isKept) assert.equal(textOf(kept), "hello");
      const isReused = isNode && !isFreed;
      assert.equal(isKept, near.keepChunk !== undefined && !isReused);
      const next = await hears(far, () => {});
      if (isFreed) assert.equal(next.length, 0, "only the one was kept");
      const resumed = await hears(far, () => near.pause());
      assert.equal(textOf(resumed), "hello");
      near.resume();
      if (isFreed) assert.equal(resumed.length, 0);
      const lent = await hears(far, () => near.pause());
      assert.equal(textOf(lent), "hello");
      // It stays with its receiver, who has ended the socket.
      near.end();
      near.resume();
      assert.equal(textOf(lent), "hello");
      if (isKept) assert.equal(textOf(kept), "hello");
    });
  }
}

async function connected(
  network: Network,
  t: TestContext,
): Promise<{ accepted: Socket; dialled: Socket }> {
  const at = { host: "127.0.0.1", port: 0 };
  const accepted = Promise.withResolvers<Socket>();
  const listener = await network.listen(at, {}, accepted.resolve);
  t.after(() => listener.close());
  const dialled = await network.dial(listener.address);
  t.after(() => dialled.destroy());
  const socket = await accepted.promise;
  t.after(() => socket.destroy());
  return { accepted: socket, dialled };
}

/** Has `far` say hello; `during` is called while `near` tells of it. Gives the chunk. */
function chunksOf(
  near: Socket,
): (far: Socket, during: () => void) => Promise<Uint8Array> {
  let onChunk: (chunk: Uint8Array) => void = () => {};
  near.open({
    onData: (chunk) => onChunk(chunk),
    onDrain: () => {},
    onClose: () => {},
  });
  return (far, during) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    onChunk = (chunk) => {
      during();
      resolve(chunk);
    };
    far.write(new TextEncoder().encode("hello"));
    return promise;
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
