/**
 * What a client tells of the servers that it knows: what each of them is, who
 * named it, and why one is left out. Also how a program chooses among them.
 */
import type { ServerInfo } from "../../wire/info.ts";

/**
 * Who says that there is a server: the user, the cluster in `connect_urls`, a
 * provider of discovery, or the memory of an earlier run. `grace` is for those
 * that the cluster does not name any more.
 */
export type Origin =
  | "static"
  | "gossip"
  | `provider:${string}`
  | "cache"
  | "grace";

/** Why a server that was found is left out. */
export type SkipReason = "allow-list" | "cluster" | "password";

/** One server of the pool, as it was when the client was asked. */
export interface ServerState {
  /** Like `nats://host:port`, `wss://host:port/path` or `unix:///path`, without credentials and query. */
  readonly url: string;
  /** `host:port` or `unix:///path`, as `getServer` and events have it. */
  readonly listen: string;
  /** The host of `listen`; empty for a unix socket. */
  readonly hostname: string;
  /** The port of `listen`; 0 for a unix socket. */
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
  /** When the last attempt began, in milliseconds since the Unix epoch; 0: there was none. */
  readonly lastConnect: number;
  /** The same as `listen`, by a name that nats.js has for it. */
  readonly src: string;
  /** The same as `attempts`, by the name that nats.js has for it. */
  readonly reconnects: number;
  /** The same as `everConnected`, by the name that nats.js has for it. */
  readonly didConnect: boolean;
}

/**
 * Chooses among all servers; the first is the one that would be taken. `info`
 * is the last that a server told, or null. Gives one of them, one of them with
 * a delay in milliseconds to wait first, or null for the first.
 */
export type ReconnectToServerHandler = (
  pool: readonly ServerState[],
  info: ServerInfo | null,
) => ServerState | { server: ServerState; delay: number } | null;
