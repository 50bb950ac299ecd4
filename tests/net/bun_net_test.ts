/** Bun's own sockets, and the choice between them and those of `node:net`. */
import assert from "node:assert/strict";
import { bunNetwork } from "../../src/runtime/net/bun_net.ts";
import { networkOnBun } from "../../src/runtime/net/network.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { test } from "../support/test.ts";
import { describeMachineNetwork } from "./machine_suite.ts";

if ("Bun" in globalThis) {
  describeMachineNetwork("Bun.listen", bunNetwork, { hasUnixSockets: false });
}

test("MIDGE_SOCKETS=node asks for sockets of node:net", () => {
  assert.equal(networkOnBun("node"), nodeNetwork);
  for (const other of [undefined, "", "bun"]) {
    assert.equal(networkOnBun(other), bunNetwork);
  }
});
