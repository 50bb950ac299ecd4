/** What becomes of the memory that a socket has read into. */
import assert from "node:assert/strict";
import type { Socket } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { giveBack } from "../../src/runtime/net/read_memory.ts";
import { test } from "../support/test.ts";

const isDeno = "Deno" in globalThis;

test("memory is given back at once, but for a part of something larger", () => {
  const own = new Uint8Array(100);
  giveBack(own);
  assert.equal(own.length, isDeno ? 100 : 0);
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
  test(`${name}: a chunk that is not lent is gone behind its handling`, async (t) => {
    const at = { host: "127.0.0.1", port: 0 };
    const accepted = Promise.withResolvers<Socket>();
    const listener = await network.listen(at, {}, accepted.resolve);
    t.after(() => listener.close());
    const far = await network.dial(listener.address);
    t.after(() => far.destroy());
    const near = await accepted.promise;
    const chunks: Uint8Array[] = [];
    let came = Promise.withResolvers<void>();
    let isLent = false;
    near.open({
      onData: (chunk) => {
        if (isLent) near.pause();
        chunks.push(chunk);
        came.resolve();
      },
      onDrain: () => {},
      onClose: () => {},
    });
    const next = async (): Promise<Uint8Array> => {
      came = Promise.withResolvers();
      far.write(new TextEncoder().encode("hello"));
      await came.promise;
      return chunks.at(-1)!;
    };
    const borrowed = await next();
    if (!isDeno) assert.equal(borrowed.length, 0);
    isLent = true;
    const lent = await next();
    assert.equal(new TextDecoder().decode(lent), "hello");
    // It stays with its receiver, who has ended the socket.
    near.end();
    assert.equal(new TextDecoder().decode(lent), "hello");
  });
}
