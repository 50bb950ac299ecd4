/**
 * How servers hear of each other: whoever registers a new server passes its
 * INFO on to all others, and they dial it.
 */
import type { RouteTarget } from "../config/options.ts";
import { type Address, formatAddress } from "../net/socket.ts";
import type { ServerInfo } from "../wire/info.ts";

/**
 * A server's INFO as it is passed on. NATS route protocol: `ip` says how to
 * dial it; unless it said so itself, at the address that it was seen at.
 */
export function gossipAbout(info: ServerInfo, seenAt: Address): ServerInfo {
  const ip = info.ip === "" || info.ip === undefined
    ? `nats-route://${formatAddress({ host: seenAt.host, port: info.port })}/`
    : info.ip;
  const { nonce: _, go: __, ...rest } = info;
  return { ...rest, ip };
}

/** Where gossip says that a server can be dialled; undefined when it makes no sense. */
export function gossipTarget(info: ServerInfo): RouteTarget | undefined {
  try {
    const { hostname, port } = new URL(info.ip ?? "");
    const host = hostname.replace(/^\[|\]$/g, "");
    return host === "" || port === "" || port === "0"
      ? undefined
      : { host, port: Number(port) };
  } catch {
    return undefined;
  }
}
