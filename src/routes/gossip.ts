/**
 * How servers hear of each other: whoever registers a new server passes its
 * INFO on to all others, and they dial it.
 */
import { type Address, formatAddress } from "../platform/socket.ts";
import type { ServerInfo } from "../wire/info.ts";

/**
 * A server's INFO as it is passed on; undefined for one that nobody can dial.
 * NATS route protocol: `ip` says how to dial it; unless it said so itself, at
 * the address that it was seen at.
 */
export function gossipAbout(
  info: ServerInfo,
  seenAt: Address,
): ServerInfo | undefined {
  const { ip = "", port, connect_urls = [] } = info;
  if (ip === "" && port === 0) return undefined;
  const seen = `nats-route://${formatAddress({ host: seenAt.host, port })}/`;
  return {
    server_id: info.server_id,
    server_name: info.server_name,
    version: info.version,
    proto: info.proto,
    host: info.host,
    port,
    headers: info.headers,
    ...(info.auth_required && { auth_required: true }),
    ...(info.tls_required && { tls_required: true }),
    max_payload: info.max_payload,
    cluster: info.cluster ?? "",
    ...(info.cluster_dynamic && { cluster_dynamic: true }),
    ...(connect_urls.length > 0 && { connect_urls }),
    ip: ip === "" ? seen : ip,
  };
}

/** The address in `nats-route://host:port`; undefined when it makes no sense. */
export function routeAddress(url: string): Address | undefined {
  try {
    const { hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, "");
    return host === "" || port === "" || port === "0"
      ? undefined
      : { host, port: Number(port) };
  } catch {
    return undefined;
  }
}
