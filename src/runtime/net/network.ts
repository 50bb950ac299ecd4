/**
 * The network of this machine: on Bun and Deno their own sockets. Those of
 * `node:net` can be had in their place, by `MIDGE_SOCKETS=node`.
 */
import type { Network } from "../../platform/socket.ts";
import { grantedEnvironment } from "../process/system.ts";
import { bunNetwork } from "./bun_net.ts";
import { denoNetwork, denoNodeNetwork } from "./deno_net.ts";
import { nodeNetwork } from "./node_net.ts";

/** What a program and its tests use. */
export const machineNetwork: Network = "Deno" in globalThis
  ? networkOnDeno(grantedEnvironment("MIDGE_SOCKETS"))
  : "Bun" in globalThis
  ? networkOnBun(grantedEnvironment("MIDGE_SOCKETS"))
  : nodeNetwork;

/** The network on Bun; `wanted` is what `MIDGE_SOCKETS` says. */
export function networkOnBun(wanted: string | undefined): Network {
  return wanted === "node" ? nodeNetwork : bunNetwork;
}

/** The network on Deno; `wanted` is what `MIDGE_SOCKETS` says. */
export function networkOnDeno(wanted: string | undefined): Network {
  return wanted === "node" ? denoNodeNetwork : denoNetwork;
}
