/**
 * The configuration as programs write it: the keys of the tables in `config/`,
 * each by its first name, so that an editor knows them. Keys that have no
 * effect on a server inside a program are left out. A test holds these types
 * against the tables.
 */

/**
 * Options of `startServer`, with the names of the configuration file. Sizes are
 * bytes, durations texts such as `"2s"` or `"1m30s"`, and a port of 0 is any
 * free one, wherever a port stands.
 *
 * ```ts
 * import { type ServerConfig, startServer } from "midge";
 *
 * const config: ServerConfig = {
 *   port: 0,
 *   http: "127.0.0.1:0",
 *   max_payload: 64 * 1024,
 *   authorization: { user: "ann", password: "s3cret" },
 *   write_deadline: "2s",
 * };
 * await using server = await startServer(config);
 * ```
 */
export interface ServerConfig {
  /**
   * A configuration file, in nats-server's dialect or `.toml`, whose keys hold
   * unless they stand here too: a block, such as `cluster`, is replaced as a
   * whole. A relative path starts at the working folder. Its `$VARIABLES` may
   * be those of the environment.
   */
  include?: string;

  /** Where clients connect to: `host:port`, or a port. Default: `0.0.0.0:4222`. */
  listen?: string | number;
  /** The host part of `listen`. */
  host?: string;
  /** The port part of `listen`; 0 for any free one. */
  port?: number;
  /** Open no port for clients; those of this process `connect` to the server. */
  dont_listen?: boolean;
  /** Unique in its cluster. Default: the server's id. */
  server_name?: string;
  /** The `host[:port]` that clients are told to dial. */
  client_advertise?: string;

  /** Log what helps to find a fault. */
  debug?: boolean;
  /** Log every operation of every connection. */
  trace?: boolean;
  /** Trace the server's own operations too. */
  trace_verbose?: boolean;
  /** Show so much of a payload in a trace; 0 for all. */
  max_traced_msg_len?: number;

  /** Where monitoring is served over HTTP: `host:port`, or a port. Default: nowhere. */
  http?: string | number;
  /** The port part of `http`, on the host of the clients; 0 for any free one. */
  http_port?: number;
  /** A prefix for the paths of monitoring. */
  http_base_path?: string;

  /** Who may connect. Default: everybody. */
  authorization?: AuthorizationConfig;
  /** The user that a client without credentials is. */
  no_auth_user?: string;

  /** Clients at one time; negative for no limit. Default: 65536. */
  max_connections?: number;
  /** Subscriptions of one client; 0 for no limit. Default: 0. */
  max_subscriptions?: number;
  /** Tokens in the subject of a subscription, 1 to 255. Default: no limit. */
  max_subscription_tokens?: number;
  /** The longest line of the protocol, in bytes. Default: 4096. */
  max_control_line?: number;
  /** The longest message, in bytes. Default: 1 MiB. */
  max_payload?: number;
  /** What a client may leave unread before it is closed, in bytes. Default: 64 MiB. */
  max_pending?: number;
  /** Closed connections that monitoring remembers. Default: 10000. */
  max_closed_clients?: number;
  /** How often clients are probed. Default: `"2m"`. */
  ping_interval?: string;
  /** Unanswered probes before a client is given up. Default: 2. */
  ping_max?: number;
  /** How long a client may take nothing that is sent to it before it is closed. Default: `"10s"`. */
  write_deadline?: string;
  /** What becomes of a client that missed the write deadline: either way it is closed. */
  write_timeout?: "default" | "close";
  /** Over which time a retiring server sends its clients away, at least `"30s"`. Default: `"2m"`. */
  lame_duck_duration?: string;
  /** How long it waits before the first. Default: `"10s"`. */
  lame_duck_grace_period?: string;
  /** Refuse messages with headers. */
  no_header_support?: boolean;
  /** Do not slow down producers for a slow consumer. */
  no_fast_producer_stall?: boolean;
  /** Look subscriptions up anew for each message. */
  disable_sublist_cache?: boolean;
  /** Log a failing route at every so many attempts. Default: 3600. */
  connect_error_reports?: number;
  /** The same for a route that was connected before. Default: 1. */
  reconnect_error_reports?: number;
  /** Labels that monitoring shows. */
  server_tags?: string | readonly string[];

  /** The routes to the other servers of a cluster. */
  cluster?: ClusterConfig;
  /** Where this server announces itself, and looks for others. */
  discovery?: DiscoveryConfig;
  /** Serve a registry of nodes. */
  registry?: RegistryConfig;
}

/** `{ user, password }` or `{ token }` or `{ users }`. Hashes made by bcrypt are recognised. */
export interface AuthorizationConfig {
  /** The one user. */
  user?: string;
  /** Its password, in clear or as a bcrypt hash. */
  password?: string;
  /** A token instead of users, in clear or as a bcrypt hash. */
  token?: string;
  /** Several users instead of one. */
  users?: readonly UserConfig[];
  /** How long a connection may take to log in: seconds, or a duration. Default: 2. */
  timeout?: number | string;
}

/** One of the `users`. */
export interface UserConfig {
  /** The name that the client logs in with. */
  user: string;
  /** Its password, in clear or as a bcrypt hash. */
  password?: string;
}

/** The `cluster` block. */
export interface ClusterConfig {
  /** The cluster's name, the same on each node. */
  name?: string;
  /** Where other nodes connect to: `host:port`, or a port. Without one, this node dials only. */
  listen?: string | number;
  /** The host part of `listen`. */
  host?: string;
  /** The port part of `listen`; 0 for any free one. */
  port?: number;
  /** What other nodes need to connect: a user, or a token. */
  authorization?: Omit<AuthorizationConfig, "users">;
  /** The nodes to connect to: `nats-route://[user:password@]host:port`. */
  routes?: readonly string[];
  /** The `host[:port]` that other nodes are told to dial. */
  advertise?: string;
  /** Keep the addresses for clients to this node. */
  no_advertise?: boolean;
  /** Further attempts at a node that only other nodes told of. */
  connect_retries?: number;
  /** Wait twice as long after each failed attempt. */
  connect_backoff?: boolean;
  /** How often routes are probed, at most `"30s"`. */
  ping_interval?: string;
  /** Unanswered probes before a route is given up. */
  ping_max?: number;
  /** Routes are not compressed. */
  compression?: false | "off" | "accept";
}

/**
 * The `discovery` block. URLs are those of clients: `registry://host:port`,
 * `etcd://host:port/prefix`, `dns://name:port` and so on, each alone or several
 * divided by commas.
 */
export interface DiscoveryConfig {
  /** Where this node announces itself. */
  announce?: string | readonly string[];
  /** Where it looks for other nodes of its cluster. */
  find?: string | readonly string[];
  /** How long an announcement holds that is not renewed. Default: `"15s"`. */
  ttl?: string;
  /** Send the cluster's credentials to the nodes that are found. */
  trust_credentials?: boolean;
}

/** The `registry` block. Without a host it is for programs of this machine only. */
export interface RegistryConfig {
  /** Where the registry is served: `host:port`, or a port. Default: `127.0.0.1:4280`. */
  listen?: string | number;
  /** The host part of `listen`. */
  host?: string;
  /** The port part of `listen`; 0 for any free one. */
  port?: number;
  /** What a node needs to announce itself. */
  token?: string;
  /** Keeps the nodes in this file over a restart. */
  state_file?: string;
}
