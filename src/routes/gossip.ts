/**
 * How servers hear of each other: a server that registers a new one passes its
 * INFO on to all others, and they dial it.
 */
import type { ClusterOptions } from "../options/options.ts";
import type { Logger } from "../core/log.ts";
import { formatAddress, parseAddress } from "../net/address.ts";
import { splitUrl } from "../net/url.ts";
import type { Address } from "../platform/socket.ts";
import { infoLine, type ServerInfo } from "../wire/info.ts";
import { TOLD_SERVERS_MAX } from "./bounds.ts";
import type { Dialers } from "./dialers.ts";
import { sharedCredentials } from "./identity.ts";
import type { Route } from "./route.ts";

/** The parts of a cluster that gossip works on. */
export interface GossipWorld {
  /** This server's id. */
  readonly id: string;
  readonly log: Logger;
  /** As they are now. */
  readonly options: () => ClusterOptions;
  readonly dialers: Dialers;
  /** By server id. */
  readonly routes: ReadonlyMap<string, Route>;
}

export class Gossip {
  readonly #world: GossipWorld;
  #wasFull = false;

  constructor(world: GossipWorld) {
    this.#world = world;
  }

  /** NATS route protocol: servers that are here already dial the newcomer. */
  tellOthers({ member, connection: { socket } }: Route): void {
    const gossip = gossipAbout(member.info!, socket.remote);
    if (gossip === undefined) return;
    const line = infoLine(gossip);
    for (const route of this.#world.routes.values()) {
      if (route.member !== member) route.connection.send(line);
    }
  }

  /** A peer told of another server, which is dialled unless it is known. */
  heardOf({ server_id, ip = "", auth_required }: ServerInfo): void {
    const { id, options, dialers, routes } = this.#world;
    if (server_id === id || routes.has(server_id)) return;
    // NATS route protocol: `ip` says how to dial it.
    const target = routeAddress(ip);
    if (target === undefined || dialers.knows(target)) return;
    if (this.#isFull()) return;
    const credentials = auth_required
      ? sharedCredentials(options().authorization)
      : {};
    dialers.dial({ ...target, ...credentials }, "gossip");
  }

  /** As many servers are dialled as others may tell of. */
  #isFull(): boolean {
    const { dialers, log } = this.#world;
    const isFull = dialers.countOf("gossip") >= TOLD_SERVERS_MAX;
    if (isFull && !this.#wasFull) {
      log.error(
        `Servers that others tell of are not dialled: ` +
          `there are ${TOLD_SERVERS_MAX} of them already`,
      );
    }
    this.#wasFull = isFull;
    return isFull;
  }
}

/**
 * A server's INFO as it is passed on; undefined for one that cannot be dialled.
 * NATS route protocol: `ip` says how to dial it; a server that left it out is
 * dialled at the address that its connection came from.
 */
export function gossipAbout(
  info: ServerInfo,
  seenAt: Address,
): ServerInfo | undefined {
  const { ip = "", port, connect_urls = [], ws_connect_urls } = info;
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
    ...(info.jetstream && { jetstream: true }),
    ...(info.jetstream_since && { jetstream_since: info.jetstream_since }),
    ...(info.domain && { domain: info.domain }),
    cluster: info.cluster ?? "",
    ...(info.cluster_dynamic && { cluster_dynamic: true }),
    ...(connect_urls.length > 0 && { connect_urls }),
    ...(ws_connect_urls !== undefined && { ws_connect_urls }),
    ip: ip === "" ? seen : ip,
  };
}

/** The address in `nats-route://host:port`; undefined when it makes no sense. */
export function routeAddress(url: string): Address | undefined {
  const { host, port } = parseAddress(splitUrl(url).address) ?? {};
  return host === undefined || port === undefined ? undefined : { host, port };
}
