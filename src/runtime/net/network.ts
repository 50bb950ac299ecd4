/**
 * The network of this machine: on Bun and Deno their own sockets, on Node streams
 * whose memory is used again. Streams of `node:net` as they are can be had in their
 * place, by `MIDGE_SOCKETS=node`.
 */
import type { Network } from "../../platform/socket.ts";
import { grantedEnvironment } from "../process/system.ts";
import { bunNetwork } from "./bun_net.ts";
import { denoNetwork, denoNodeNetwork } from "./deno_net.ts";
import { lentNetwork } from "./lent_net.ts";
import { nodeNetwork } from "./node_net.ts";

/** What a program and its tests use. */
export const machineNetwork: Network = "Deno" in globalThis
  ? networkOnDeno(grantedEnvironment("MIDGE_SOCKETS"))
  : "Bun" in globalThis
  ? networkOnBun(grantedEnvironment("MIDGE_SOCKETS"))
  : networkOnNode(grantedEnvironment("MIDGE_SOCKETS"));

/** The network on Bun; `wanted` is what `MIDGE_SOCKETS` says. */
export function networkOnBun(wanted: string | undefined): Network {
  return wanted === "node" ? nodeNetwork : bunNetwork;
}

/** The network on Deno; `wanted` is what `MIDGE_SOCKETS` says. */
export function networkOnDeno(wanted: string | undefined): Network {
  return wanted === "node" ? denoNodeNetwork : denoNetwork;
}

/** The network on Node; `wanted` is what `MIDGE_SOCKETS` says. */
export function networkOnNode(wanted: string | undefined): Network {
  return wanted === "node" ? nodeNetwork : lentNetwork;
}
