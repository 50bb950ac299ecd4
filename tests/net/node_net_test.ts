/** Sockets of `node:net`, on each runtime. */
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { describeMachineNetwork } from "./machine_suite.ts";

describeMachineNetwork("node:net", nodeNetwork);
