/**
 * The broker's options as the broker reads them: every field present, every
 * number in the unit of its name. The configuration file, the command line
 * and `startServer` all end here, by way of `schema.ts`.
 */
import * as limits from "../core/limits.ts";
import type { DiscoveryTarget } from "../discovery/url.ts";

/** Who may log in. Passwords and tokens may be bcrypt hashes. */
export interface AuthorizationOptions {
  /** With `password`: the one user, in place of `users`. */
  user?: string;
  /** Plain or hashed by bcrypt. */
  password?: string;
  /** In place of users. Plain or hashed by bcrypt. */
  token?: string;
  /** Those who may log in, when there are several. */
  users: UserOptions[];
  /** From the connection to its CONNECT. */
  timeoutMs: number;
}

/** One user. */
export interface UserOptions {
  /** The name. */
  user: string;
  /** Plain or hashed by bcrypt. */
  password: string;
}

/** A route to dial, from `nats-route://[user:password@ | token@]host:port`. */
export interface RouteTarget {
  /** A name or an address. */
  host: string;
  /** Where the other node listens for routes. */
  port: number;
  /** Credentials that this node presents. */
  user?: string;
  /** Of `user`. */
  password?: string;
  /** In place of user and password. */
  token?: string;
}

/** The routes between the nodes of a cluster. */
export interface ClusterOptions {
  /** Empty: the node makes one up, and takes over that of the cluster it joins. */
  name: string;
  /** The address to listen on. */
  host: string;
  /** 0: any free port. Undefined: dial out only. */
  port: number | undefined;
  /** What a node that dials in must present. */
  authorization: AuthorizationOptions | undefined;
  /** Nodes to dial. */
  routes: RouteTarget[];
  /** `host[:port]` that other nodes are told to dial. */
  advertise: string;
  /** Keep client addresses out of the gossip. */
  noAdvertise: boolean;
  /** Further attempts at a node learnt by gossip. */
  connectRetries: number;
  /** Double the wait between attempts, up to 30 s. */
  connectBackoff: boolean;
  /** Between two pings on a route; undefined: as for clients, and at most 30 s. */
  pingIntervalMs: number | undefined;
  /** Unanswered pings after which a route is lost; undefined: as for clients. */
  pingMax: number | undefined;
}

/** A registry of nodes, served over HTTP. */
export interface RegistryOptions {
  /** The address to listen on. */
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
  /** Where this node announces itself. */
  announce: DiscoveryTarget[];
  /** Where it looks for other nodes. */
  find: DiscoveryTarget[];
  /** An announcement that is not renewed is forgotten after this. */
  ttlMs: number;
  /** Nodes that are found may be sent the credentials of the cluster's authorization. */
  trustCredentials: boolean;
}

/** A server, as its configuration comes out. Sizes in bytes, durations in milliseconds. */
export interface ServerOptions {
  /** The address to listen on for clients. */
  host: string;
  /** 0: any free port. */
  port: number;
  /** Open no port for clients: all of them are in this process. */
  dontListen: boolean;
  /** Empty: the server's id. */
  serverName: string;
  /** `host[:port]` that clients are told to dial. */
  clientAdvertise: string;

  /** Log what happens to connections and routes. */
  debug: boolean;
  /** Log every operation of the protocol. */
  trace: boolean;
  /** Taken from nats-server's configuration; turns `trace` on. */
  traceVerbose: boolean;
  /** Begin each line of the log with the time. */
  logtime: boolean;
  /** The time of the log is UTC. */
  logtimeUtc: boolean;
  /** Where the log goes; empty: to standard error. */
  logFile: string;
  /** Size in bytes at which a new log file is begun; 0: never. */
  logSizeLimit: number;
  /** Log files that are kept; 0: all of them. */
  logMaxNum: number;
  /** Longest payload shown in a trace line; 0 shows all of it. */
  maxTracedMsgLen: number;
  /** Holds the process number; empty: no such file. */
  pidFile: string;
  /** Folder of a file that lists the open ports; empty: no such file. */
  portsFileDir: string;

  /** Where monitoring is served; undefined: nowhere. */
  http: { host: string; port: number } | undefined;
  /** Prefix of the monitoring paths, `""` or `/like/this`. */
  httpBasePath: string;

  /** Who may log in; undefined: everybody. */
  authorization: AuthorizationOptions | undefined;
  /** The user of connections that bring no credentials. */
  noAuthUser: string;

  /** Clients at a time. */
  maxConnections: number;
  /** Per connection; 0: no limit. */
  maxSubscriptions: number;
  /** Tokens in one subscription's subject; 0: no limit. */
  maxSubscriptionTokens: number;
  /** Longest control line. */
  maxControlLineBytes: number;
  /** Largest message, headers included. */
  maxPayloadBytes: number;
  /** What a client may leave unread before it is closed. */
  maxPendingBytes: number;
  /** Clients that monitoring remembers when they are gone. */
  maxClosedClients: number;
  /** Between two pings to a client. */
  pingIntervalMs: number;
  /** Unanswered pings after which a client is closed. */
  pingMax: number;
  /** A client that takes nothing for so long is closed. */
  writeDeadlineMs: number;
  /** Time in which clients are told to leave, one after the other. */
  lameDuckDurationMs: number;
  /** Of that, the time before the first one is told. */
  lameDuckGraceMs: number;
  /** Take and send no headers. */
  noHeaderSupport: boolean;
  /** Do not pause those who feed a slow client. */
  noFastProducerStall: boolean;
  /** Remember no look-ups of subjects. */
  disableSublistCache: boolean;
  /** A first connect to a route that fails is logged at its first and then at every so many attempts. */
  connectErrorReports: number;
  /** The same for a route that stood before. */
  reconnectErrorReports: number;
  /** Shown by monitoring. */
  serverTags: string[];

  /** Undefined: no cluster. */
  cluster: ClusterOptions | undefined;

  /** Undefined: no registry. */
  registry: RegistryOptions | undefined;
  /** Serve nothing but the registry. */
  registryOnly: boolean;
  /** Undefined: it announces itself nowhere, and looks for nobody. */
  discovery: DiscoveryOptions | undefined;

  /** The file that the options came from; empty without one. */
  configFile: string;
}

/** Options of a server that nobody configured; a fresh object each time. */
export function defaultServerOptions(): ServerOptions {
  return {
    host: limits.ANY_HOST,
    port: limits.CLIENT_PORT,
    dontListen: false,
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
