/**
 * The broker's options as the broker reads them: every field present, every
 * number in the unit of its name. The configuration file, the command line
 * and `startServer` all end here, by way of `schema.ts`.
 */
import * as limits from "../core/limits.ts";
import type { DiscoveryTarget } from "../discovery/url.ts";

/** Who may log in. Passwords and tokens may be bcrypt hashes. */
export interface AuthorizationOptions {
  user?: string;
  password?: string;
  token?: string;
  users: UserOptions[];
  /** From the connection to its CONNECT. */
  timeoutMs: number;
}

export interface UserOptions {
  user: string;
  password: string;
}

/** A route to dial, from `nats-route://[user:password@ | token@]host:port`. */
export interface RouteTarget {
  host: string;
  port: number;
  user?: string;
  password?: string;
  token?: string;
}

export interface ClusterOptions {
  /** Empty: the node makes one up, and takes over that of the cluster it joins. */
  name: string;
  host: string;
  /** 0: any free port. Undefined: dial out only. */
  port: number | undefined;
  authorization: AuthorizationOptions | undefined;
  routes: RouteTarget[];
  /** `host[:port]` that other nodes are told to dial. */
  advertise: string;
  /** Keep client addresses out of the gossip. */
  noAdvertise: boolean;
  /** Further attempts at a node learnt by gossip. */
  connectRetries: number;
  /** Double the wait between attempts, up to 30 s. */
  connectBackoff: boolean;
  pingIntervalMs: number | undefined;
  pingMax: number | undefined;
}

/** A registry of nodes, served over HTTP. */
export interface RegistryOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** What announcing needs; undefined: nothing. */
  token: string | undefined;
  /** Keeps the nodes over a restart; empty: they announce themselves again. */
  stateFile: string;
}

/** Where this node tells that it lives, and where it looks for others. */
export interface DiscoveryOptions {
  announce: DiscoveryTarget[];
  find: DiscoveryTarget[];
  /** An announcement that is not renewed is forgotten after this. */
  ttlMs: number;
  /** Nodes that are found may be sent the credentials of the cluster's authorization. */
  trustCredentials: boolean;
}

export interface ServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Empty: the server's id. */
  serverName: string;
  /** `host[:port]` that clients are told to dial. */
  clientAdvertise: string;

  debug: boolean;
  trace: boolean;
  traceVerbose: boolean;
  logtime: boolean;
  logtimeUtc: boolean;
  logFile: string;
  logSizeLimit: number;
  logMaxNum: number;
  /** Longest payload shown in a trace line; 0 shows all of it. */
  maxTracedMsgLen: number;
  pidFile: string;
  portsFileDir: string;

  /** Where monitoring is served; undefined: nowhere. */
  http: { host: string; port: number } | undefined;
  /** Prefix of the monitoring paths, `""` or `/like/this`. */
  httpBasePath: string;

  authorization: AuthorizationOptions | undefined;
  /** The user of connections that bring no credentials. */
  noAuthUser: string;

  maxConnections: number;
  /** Per connection; 0: no limit. */
  maxSubscriptions: number;
  /** Tokens in one subscription's subject; 0: no limit. */
  maxSubscriptionTokens: number;
  maxControlLineBytes: number;
  maxPayloadBytes: number;
  maxPendingBytes: number;
  maxClosedClients: number;
  pingIntervalMs: number;
  pingMax: number;
  writeDeadlineMs: number;
  lameDuckDurationMs: number;
  lameDuckGraceMs: number;
  noHeaderSupport: boolean;
  noFastProducerStall: boolean;
  disableSublistCache: boolean;
  connectErrorReports: number;
  reconnectErrorReports: number;
  serverTags: string[];

  cluster: ClusterOptions | undefined;

  registry: RegistryOptions | undefined;
  /** Serve nothing but the registry. */
  registryOnly: boolean;
  discovery: DiscoveryOptions | undefined;

  /** The file that the options came from; empty without one. */
  configFile: string;
}

/** Options of a server that nobody configured; a fresh object each time. */
export function defaultServerOptions(): ServerOptions {
  return {
    host: limits.ANY_HOST,
    port: limits.CLIENT_PORT,
    serverName: "",
    clientAdvertise: "",
    debug: false,
    trace: false,
    traceVerbose: false,
    logtime: true,
    logtimeUtc: false,
    logFile: "",
    logSizeLimit: 0,
    logMaxNum: 0,
    maxTracedMsgLen: 0,
    pidFile: "",
    portsFileDir: "",
    http: undefined,
    httpBasePath: "",
    authorization: undefined,
    noAuthUser: "",
    maxConnections: limits.MAX_CONNECTIONS,
    maxSubscriptions: 0,
    maxSubscriptionTokens: 0,
    maxControlLineBytes: limits.MAX_CONTROL_LINE_BYTES,
    maxPayloadBytes: limits.MAX_PAYLOAD_BYTES,
    maxPendingBytes: limits.MAX_PENDING_BYTES,
    maxClosedClients: limits.MAX_CLOSED_CONNECTIONS,
    pingIntervalMs: limits.PING_INTERVAL_MS,
    pingMax: limits.PING_OUTSTANDING_MAX,
    writeDeadlineMs: limits.WRITE_DEADLINE_MS,
    lameDuckDurationMs: limits.LAME_DUCK_DURATION_MS,
    lameDuckGraceMs: limits.LAME_DUCK_GRACE_MS,
    noHeaderSupport: false,
    noFastProducerStall: false,
    disableSublistCache: false,
    connectErrorReports: limits.CONNECT_ERROR_REPORTS,
    reconnectErrorReports: limits.RECONNECT_ERROR_REPORTS,
    serverTags: [],
    cluster: undefined,
    registry: undefined,
    registryOnly: false,
    discovery: undefined,
    configFile: "",
  };
}

/** A registry block with nothing in it. */
export function defaultRegistryOptions(): RegistryOptions {
  return {
    host: limits.REGISTRY_HOST,
    port: limits.REGISTRY_PORT,
    token: undefined,
    stateFile: "",
  };
}

/** A discovery block with nothing in it. */
export function defaultDiscoveryOptions(): DiscoveryOptions {
  return {
    announce: [],
    find: [],
    ttlMs: limits.ANNOUNCEMENT_TTL_MS,
    trustCredentials: false,
  };
}

/** A cluster block with nothing in it. */
export function defaultClusterOptions(): ClusterOptions {
  return {
    name: "",
    host: limits.ANY_HOST,
    port: undefined,
    authorization: undefined,
    routes: [],
    advertise: "",
    noAdvertise: false,
    connectRetries: 0,
    connectBackoff: false,
    pingIntervalMs: undefined,
    pingMax: undefined,
  };
}

/** An authorization block with nothing in it. */
export function defaultAuthorizationOptions(): AuthorizationOptions {
  return { users: [], timeoutMs: limits.AUTH_TIMEOUT_MS };
}
