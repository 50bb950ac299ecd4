/**
 * The options of the top level: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { AccountConfig } from "./account_config.ts";
import type { AccountOptions, MappingOptions } from "./accounts.ts";
import type {
  AuthorizationConfig,
  AuthorizationOptions,
} from "./authorization.ts";
import type { ClusterConfig, ClusterOptions } from "./cluster.ts";
import type { DiscoveryConfig, DiscoveryOptions } from "./discovery.ts";
import type { JetStreamConfig, JetStreamOptions } from "./jetstream.ts";
import type { MappingConfig } from "./mapping.ts";
import type { RegistryConfig, RegistryOptions } from "./registry.ts";
import type { TlsSettings } from "./tls.ts";
import type { TlsConfig } from "./tls_config.ts";
import type { ProxiesOptions, TrustOptions } from "./trust.ts";
import type { ProxiesConfig, ResolverConfig } from "./trust_config.ts";
import type { WebSocketConfig, WebSocketOptions } from "./websocket.ts";

/** A server, as its configuration comes out. Sizes in bytes, durations in milliseconds. */
export interface ServerOptions {
  /** The host to listen on for clients. */
  host: string;
  /** The port to listen on for clients; 0 for any free one. */
  port: number;
  /** Open no port for clients; those of the same process connect, and those of unix sockets that `listen` names. */
  dontListen: boolean;
  /** Who may connect to the unix sockets of `listen` and `http`, as the mode of their files. */
  unixSocketMode: number;
  /** The server's name, unique in its cluster; its id unless given. */
  serverName: string;
  /** Clients may come through a proxy that says for whom it connects (PROXY protocol 1 and 2). */
  proxyProtocol: boolean;
  /** The `host[:port]` that clients are told to dial instead of this one. */
  clientAdvertise: string;
  /** Where monitoring is served; nowhere unless set. */
  http: { host: string; port: number } | undefined;
  /** Where monitoring is served over TLS, in place of `http`, with the certificates of `tls`; no client has to show one. */
  https: { host: string; port: number } | undefined;
  /** A prefix for the paths of monitoring. */
  httpBasePath: string;
  /** Log into this file instead of standard error. */
  logFile: string;
  /** Begin log lines with the time. */
  logtime: boolean;
  /** That time is UTC, not local time. */
  logtimeUtc: boolean;
  /** Begin a new log file at this size in bytes; 0 for never. */
  logSizeLimit: number;
  /** Log files to keep, the current one included; 0 for all. */
  logMaxNum: number;
  /** Log what helps to find a fault. */
  debug: boolean;
  /** Log every operation of every connection. */
  trace: boolean;
  /** Trace the server's own operations too. */
  traceVerbose: boolean;
  /** Longest payload that a trace shows, in bytes; 0 for all of it. */
  maxTracedMsgLen: number;
  /** Write the process's number into this file. */
  pidFile: string;
  /** Write the listening addresses into a file in this folder. */
  portsFileDir: string;
  /** TLS for clients. */
  tls: TlsSettings | undefined;
  /** With `tls`: clients may do without. */
  allowNonTls: boolean;
  /** TLS towards the URL of `resolver`. */
  resolverTls: TlsSettings | undefined;
  /** Who may connect as a client. */
  authorization: AuthorizationOptions | undefined;
  /** The user, by name or key, that a client without credentials is. */
  noAuthUser: string;
  /** The accounts besides the global one, with their users. */
  accounts: AccountOptions[];
  /** Subjects of the global account, each with what its messages are published on instead. */
  mappings: MappingOptions[];
  /** The account that events and requests about the server are in. */
  systemAccount: string;
  /** Proxies that clients may come through. */
  proxies: ProxiesOptions | undefined;
  /** Most clients at one time; negative for no limit. */
  maxConnections: number;
  /** Most subscriptions of one client; 0 for no limit. */
  maxSubscriptions: number;
  /** Most tokens in the subject of a subscription; no limit unless set. */
  maxSubscriptionTokens: number;
  /** Longest line of the protocol, in bytes. */
  maxControlLineBytes: number;
  /** Longest message with its headers, in bytes. */
  maxPayloadBytes: number;
  /** Most bytes that a client may leave unread before it is closed. */
  maxPendingBytes: number;
  /** Most bytes that all clients and routes together may leave unread before those with the most are closed; 0 for no limit. */
  maxPendingTotalBytes: number;
  /** How many closed connections monitoring remembers. */
  maxClosedClients: number;
  /** How often a client that is silent gets a PING. */
  pingIntervalMs: number;
  /** Unanswered PINGs before a client is closed. */
  pingMax: number;
  /** How long a client may take for what is pending before it is closed. */
  writeDeadlineMs: number;
  /** How long a server in lame duck mode takes to send its clients away. */
  lameDuckDurationMs: number;
  /** How long it waits before it sends the first away. */
  lameDuckGraceMs: number;
  /** Refuse messages with headers. */
  noHeaderSupport: boolean;
  /** Do not slow down publishers for a slow subscriber. */
  noFastProducerStall: boolean;
  /** Look subscriptions up anew for each message. */
  disableSublistCache: boolean;
  /** Attempts at a failing route for each line that the log has of it. */
  connectErrorReports: number;
  /** The same for a route that was up before. */
  reconnectErrorReports: number;
  /** Refuse a configuration that asks for what Midge has not. */
  strict: boolean;
  /** Labels that monitoring shows. */
  serverTags: string[];
  /** A port for clients that speak through WebSockets. */
  websocket: WebSocketOptions | undefined;
  /** The routes between the nodes of a cluster. */
  cluster: ClusterOptions | undefined;
  /** Where this node announces itself, and looks for others. */
  discovery: DiscoveryOptions | undefined;
  /** Keep messages in streams. */
  jetstream: JetStreamOptions | undefined;
  /** The folder of streams, where `jetstream` names none. */
  storeDir: string;
  /** Serve a registry of nodes. */
  registry: RegistryOptions | undefined;
  /** Operator mode: whom to trust, and where accounts are found. */
  trust?: TrustOptions;
  /** The paths of unix sockets for clients. */
  unixSockets: string[];
  /** The paths of unix sockets for monitoring. */
  httpSockets: string[];
  /** Serve nothing but the registry. */
  registryOnly: boolean;
  /** The file that the options came from; empty without one. */
  configFile: string;
  /** What tells the contents of that file apart: `sha256:...`. */
  configDigest: string;
}

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
  /** Where clients connect to. Unix sockets alone are the only way in, unless `host` or `port` names a port. Takes: port, host:port, `unix:///path`, or list of them. Default: `0.0.0.0:4222`. */
  listen?: string | number | readonly string[];
  /** The host to listen on for clients. Default: `0.0.0.0`. */
  host?: string;
  /** The port to listen on for clients; 0 for any free one. Default: `4222`. */
  port?: number;
  /** Open no port for clients; those of the same process connect, and those of unix sockets that `listen` names. */
  dont_listen?: boolean;
  /** Who may connect to the unix sockets of `listen` and `http`, as the mode of their files. Takes: octal digits in quotes. Default: `0600`. */
  unix_socket_mode?: string;
  /** The server's name, unique in its cluster; its id unless given. */
  server_name?: string;
  /** Clients may come through a proxy that says for whom it connects (PROXY protocol 1 and 2). */
  proxy_protocol?: boolean;
  /** The `host[:port]` that clients are told to dial instead of this one. */
  client_advertise?: string;
  /** Where monitoring is served; nowhere unless set. Takes: port, host:port, `unix:///path`, or list of them. */
  http?: string | number | readonly string[];
  /** The port for monitoring, on the host that clients connect to. */
  http_port?: number;
  /** Where monitoring is served over TLS, in place of `http`, with the certificates of `tls`; no client has to show one. Takes: port or host:port. */
  https?: string | number;
  /** The port of `https`, on the host that clients connect to. */
  https_port?: number;
  /** A prefix for the paths of monitoring. */
  http_base_path?: string;
  /** Log what helps to find a fault. */
  debug?: boolean;
  /** Log every operation of every connection. */
  trace?: boolean;
  /** Trace the server's own operations too. */
  trace_verbose?: boolean;
  /** Longest payload that a trace shows, in bytes; 0 for all of it. Default: `0`. */
  max_traced_msg_len?: number;
  /** TLS for clients. */
  tls?: TlsConfig;
  /** With `tls`: clients may do without. */
  allow_non_tls?: boolean;
  /** TLS towards the URL of `resolver`. */
  resolver_tls?: TlsConfig;
  /** Who may connect as a client. */
  authorization?: AuthorizationConfig;
  /** The user, by name or key, that a client without credentials is. */
  no_auth_user?: string;
  /** The accounts besides the global one, with their users. Takes: map of accounts, or list of names. */
  accounts?: Readonly<Record<string, AccountConfig>> | readonly string[];
  /** Subjects of the global account, each with what its messages are published on instead. Takes: map of subjects. */
  mappings?: Readonly<Record<string, MappingConfig>>;
  /** The account that events and requests about the server are in. Takes: account. Default: `$SYS`. */
  system_account?: string;
  /** Have no system account. Default: `$SYS`. */
  no_system_account?: boolean;
  /** Operators whose accounts are trusted: JWTs, or files with one. Takes: JWT or file, or list of them. */
  operator?: string | readonly string[];
  /** Public keys of operators, without their JWTs. Takes: public key or list of them. */
  trusted_keys?: string | readonly string[];
  /** Where the JWTs of accounts come from. Takes: `MEMORY`, `URL(...)` or map. */
  resolver?: string | ResolverConfig;
  /** JWTs of accounts, by the accounts' public keys. Takes: map of JWTs. */
  resolver_preload?: Readonly<Record<string, string>>;
  /** The only accounts that may be logged in to; all unless set. Takes: public key or list of them. */
  resolver_pinned_accounts?: string | readonly string[];
  /** The bearer JWT of clients that bring none. */
  default_sentinel?: string;
  /** Proxies that clients may come through. */
  proxies?: ProxiesConfig;
  /** Most clients at one time; negative for no limit. Default: `65536`. */
  max_connections?: number;
  /** Most subscriptions of one client; 0 for no limit. Default: `0`. */
  max_subscriptions?: number;
  /** Most tokens in the subject of a subscription; no limit unless set. Default: `0`. */
  max_subscription_tokens?: number;
  /** Longest line of the protocol, in bytes. Takes: integer, 0 for the default. Default: `4kb`. */
  max_control_line?: number;
  /** Longest message with its headers, in bytes. Takes: integer, 0 for the default. Default: `1mb`. */
  max_payload?: number;
  /** Most bytes that a client may leave unread before it is closed. Takes: integer, 0 for the default. Default: `64mb`. */
  max_pending?: number;
  /** Most bytes that all clients and routes together may leave unread before those with the most are closed; 0 for no limit. Default: `0`. */
  max_pending_total?: number;
  /** How many closed connections monitoring remembers. Takes: integer, 0 for the default. Default: `10000`. */
  max_closed_clients?: number;
  /** How often a client that is silent gets a PING. Takes: duration, 0 for the default. Default: `2m0s`. */
  ping_interval?: string;
  /** Unanswered PINGs before a client is closed. Takes: integer, 0 for the default. Default: `2`. */
  ping_max?: number;
  /** How long a client may take for what is pending before it is closed. Takes: duration, 0 for the default. Default: `10s`. */
  write_deadline?: string;
  /** What becomes of a client that missed `write_deadline`; both close it. */
  write_timeout?: "default" | "close";
  /** How long a server in lame duck mode takes to send its clients away. Takes: duration, at least 30s. Default: `2m0s`. */
  lame_duck_duration?: string;
  /** How long it waits before it sends the first away. Takes: duration, 0 for the default. Default: `10s`. */
  lame_duck_grace_period?: string;
  /** Refuse messages with headers. */
  no_header_support?: boolean;
  /** Do not slow down publishers for a slow subscriber. */
  no_fast_producer_stall?: boolean;
  /** Look subscriptions up anew for each message. */
  disable_sublist_cache?: boolean;
  /** Attempts at a failing route for each line that the log has of it. Takes: integer, 0 for the default. Default: `3600`. */
  connect_error_reports?: number;
  /** The same for a route that was up before. Takes: integer, 0 for the default. Default: `1`. */
  reconnect_error_reports?: number;
  /** Refuse a configuration that asks for what Midge has not. */
  strict?: boolean;
  /** Labels that monitoring shows. Takes: string or list of strings. */
  server_tags?: string | readonly string[];
  /** A port for clients that speak through WebSockets. */
  websocket?: WebSocketConfig;
  /** The routes between the nodes of a cluster. */
  cluster?: ClusterConfig;
  /** Where this node announces itself, and looks for others. */
  discovery?: DiscoveryConfig;
  /** Keep messages in streams. */
  jetstream?: boolean | "enabled" | "disabled" | JetStreamConfig;
  /** The folder of streams, where `jetstream` names none. */
  store_dir?: string;
  /** Serve a registry of nodes. */
  registry?: RegistryConfig;
}

/** The options of the top level without a configuration; a fresh object each time. */
export function defaultServerOptions(): ServerOptions {
  return { ...part1(), ...part2() };
}

function part1() {
  return {
    host: "0.0.0.0",
    port: 4222,
    dontListen: false,
    unixSocketMode: 384,
    serverName: "",
    proxyProtocol: false,
    clientAdvertise: "",
    http: undefined,
    https: undefined,
    httpBasePath: "",
    logFile: "",
    logtime: true,
    logtimeUtc: false,
    logSizeLimit: 0,
    logMaxNum: 0,
    debug: false,
    trace: false,
    traceVerbose: false,
    maxTracedMsgLen: 0,
    pidFile: "",
    portsFileDir: "",
    tls: undefined,
    allowNonTls: false,
    resolverTls: undefined,
    authorization: undefined,
    noAuthUser: "",
    accounts: [],
    mappings: [],
    systemAccount: "$SYS",
    proxies: undefined,
    maxConnections: 65536,
    maxSubscriptions: 0,
    maxSubscriptionTokens: 0,
    maxControlLineBytes: 4096,
    maxPayloadBytes: 1048576,
    maxPendingBytes: 67108864,
    maxPendingTotalBytes: 0,
    maxClosedClients: 10000,
    pingIntervalMs: 120000,
    pingMax: 2,
    writeDeadlineMs: 10000,
    lameDuckDurationMs: 120000,
    lameDuckGraceMs: 10000,
    noHeaderSupport: false,
    noFastProducerStall: false,
    disableSublistCache: false,
    connectErrorReports: 3600,
    reconnectErrorReports: 1,
    strict: false,
    serverTags: [],
  } satisfies Partial<ServerOptions>;
}

function part2() {
  return {
    websocket: undefined,
    cluster: undefined,
    discovery: undefined,
    jetstream: undefined,
    storeDir: "",
    registry: undefined,
    unixSockets: [],
    httpSockets: [],
    registryOnly: false,
    configFile: "",
    configDigest: "",
  } satisfies Partial<ServerOptions>;
}
