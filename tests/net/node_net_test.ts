/** Sockets of `node:net`, on each runtime. */
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { describeMachineNetwork } from "./machine_suite.ts";

// On Deno Midge never opens a unix socket by `node:net`, which closes the
// descriptor twice: the second time that may be a file of another test.
const hasUnixSockets = !("Deno" in globalThis);

describeMachineNetwork("node:net", nodeNetwork, { hasUnixSockets });
