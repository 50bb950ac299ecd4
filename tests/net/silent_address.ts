/** An address of this machine that never answers. */
import assert from "node:assert/strict";
import type { Address, Socket } from "../../src/platform/socket.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { spawnCommand } from "../support/process.ts";
import { executableOf } from "../support/runtimes.ts";
import type { Cleanup } from "../support/temp.ts";

// Listens, and then does nothing for ever.
const SLEEPER = `
const server = require("node:net").createServer();
server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
  require("node:fs").writeSync(1, "port " + server.address().port + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A listener that never accepts, with its queue filled up. */
export async function silentAddress(t: Cleanup): Promise<Address> {
  const node = executableOf("node");
  assert.ok(node !== undefined);
  const sleeper = spawnCommand([node, "-e", SLEEPER]);
  t.after(() => sleeper.stop());
  const [, port] = await sleeper.waitFor(/port (\d+)\n/);
  const address = { host: "127.0.0.1", port: Number(port) };
  const inQueue: Socket[] = [];
  t.after(() => inQueue.forEach((socket) => socket.destroy()));
  for (;;) {
    try {
      inQueue.push(await nodeNetwork.dial(address, { timeoutMs: 100 }));
    } catch {
      return address;
    }
  }
}
