/** What a client tells of the servers that it knows. */
import type { Origin, PoolServer } from "./servers.ts";

/** One server of the pool, as it was when the client was asked. */
export interface ServerState {
  /** `nats://host:port` or `tls://host:port`, without credentials. */
  readonly url: string;
  /** `host:port`, as `getServer` and events have it. */
  readonly listen: string;
  /** The host of `listen`. */
  readonly hostname: string;
  /** The port of `listen`. */
  readonly port: number;
  /** The name that its certificate must show; empty: the host. */
  readonly tlsName: string;
  /** Who names it: `static` is the user. */
  readonly origins: readonly Origin[];
  /** Known from the cluster, and not named by the user. */
  readonly gossiped: boolean;
  /** The id by which two addresses are known to be one server. */
  readonly serverId?: string;
  /** The name that its operator gave it. */
  readonly serverName?: string;
  /** The cluster that it belongs to. */
  readonly cluster?: string;
  /** It asks its clients to leave. */
  readonly lameDuck: boolean;
  /** Failed attempts since it was last connected, or heard of. */
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly lastError?: string;
  /** Whether this client was ever let in. */
  readonly everConnected: boolean;
}

export function stateOf(server: PoolServer): ServerState {
  const { url, listen, origins, gossiped, lameDuck, attempts, everConnected } =
    server;
  const { serverId, serverName, cluster, lastError } = server;
  return {
    url,
    listen,
    hostname: server.host,
    port: server.port,
    tlsName: server.tlsName ?? "",
    origins: [...origins],
    gossiped,
    lameDuck,
    attempts,
    everConnected,
    ...(serverId !== undefined && { serverId }),
    ...(serverName !== undefined && { serverName }),
    ...(cluster !== undefined && { cluster }),
    ...(lastError !== undefined && { lastError }),
  };
}
