/**
 * The options of `cluster`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { PermissionsConfig } from "./account_config.ts";
import type {
  AuthorizationConfig,
  AuthorizationOptions,
} from "./authorization.ts";
import type { PermissionsOptions } from "./permissions.ts";
import type { RouteTarget } from "./route_target.ts";
import type { TlsSettings } from "./tls.ts";
import type { TlsConfig } from "./tls_config.ts";

/** The routes between the nodes of a cluster. */
export interface ClusterOptions {
  /** The host part of `listen`. */
  host: string;
  /** The port part of `listen`; 0 for any free one. */
  port: number | undefined;
  /** What other nodes need to connect: a user, one of several, or a token. */
  authorization: AuthorizationOptions | undefined;
  /** The nodes to connect to: `nats-route://[user:password@]host:port`. */
  routes: RouteTarget[];
  /** The cluster's name, the same on each node; that of the others unless set. */
  name: string;
  /** Tell other nodes no addresses for clients. */
  noAdvertise: boolean;
  /** The `host[:port]` that other nodes are told to dial instead of this one. */
  advertise: string;
  /** Further attempts at a node that is known only from other nodes. */
  connectRetries: number;
  /** Wait twice as long after each failed attempt, up to 30 s. */
  connectBackoff: boolean;
  /** How often a silent route gets a PING: as the server's, at most 30 s. */
  pingIntervalMs: number | undefined;
  /** Unanswered PINGs before a route is closed: as the server's. */
  pingMax: number | undefined;
  /** TLS between nodes: both show certificates, and that of a node that is dialled is for the host of its URL. */
  tls: TlsSettings | undefined;
  /** Interest of this node's clients that others hear of (`import`), and interest of others that is served (`export`). */
  permissions: PermissionsOptions | undefined;
}

/** The `cluster` block. */
export interface ClusterConfig {
  /** Where other nodes connect to; without it the node only dials out. Takes: port or host:port. */
  listen?: string | number;
  /** The host part of `listen`. Default: `0.0.0.0`. */
  host?: string;
  /** The port part of `listen`; 0 for any free one. */
  port?: number;
  /** What other nodes need to connect: a user, one of several, or a token. */
  authorization?: AuthorizationConfig;
  /** The nodes to connect to: `nats-route://[user:password@]host:port`. Takes: list of URLs. */
  routes?: readonly string[];
  /** The cluster's name, the same on each node; that of the others unless set. */
  name?: string;
  /** Tell other nodes no addresses for clients. */
  no_advertise?: boolean;
  /** The `host[:port]` that other nodes are told to dial instead of this one. */
  advertise?: string;
  /** Further attempts at a node that is known only from other nodes. Default: `0`. */
  connect_retries?: number;
  /** Wait twice as long after each failed attempt, up to 30 s. */
  connect_backoff?: boolean;
  /** How often a silent route gets a PING: as the server's, at most 30 s. Takes: duration, 0 for the default. */
  ping_interval?: string;
  /** Unanswered PINGs before a route is closed: as the server's. Takes: integer, 0 for the default. */
  ping_max?: number;
  /** TLS between nodes: both show certificates, and that of a node that is dialled is for the host of its URL. */
  tls?: TlsConfig;
  /** Routes are never compressed. */
  compression?: false | "off" | "accept";
  /** Interest of this node's clients that others hear of (`import`), and interest of others that is served (`export`). */
  permissions?: PermissionsConfig;
}

/** The options of `cluster` without a configuration; a fresh object each time. */
export function defaultClusterOptions(): ClusterOptions {
  return {
    host: "0.0.0.0",
    port: undefined,
    authorization: undefined,
    routes: [],
    name: "",
    noAdvertise: false,
    advertise: "",
    connectRetries: 0,
    connectBackoff: false,
    pingIntervalMs: undefined,
    pingMax: undefined,
    tls: undefined,
    permissions: undefined,
  };
}
