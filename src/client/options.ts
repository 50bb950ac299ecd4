/**
 * The options of `connect`, with nats.js's names, and what they come to once
 * the defaults are filled in. Milliseconds and bytes throughout.
 */
import {
  CLIENT_PORT,
  PING_INTERVAL_MS,
  PING_OUTSTANDING_MAX,
} from "../core/limits.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { ReconnectToServerHandler } from "./servers/chosen.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import { checkInboxPrefix, INBOX_PREFIX } from "./messages/inbox.ts";
import type { Status } from "./status.ts";

/** What `connect` takes; every field may be left out. */
export interface ConnectionOptions {
  /**
   * `host:port` or `nats://[user:pass@ | token@]host:port`, one, several, or
   * several divided by commas; with `tls://` nothing is sent in clear.
   * Default: `127.0.0.1:4222`, or with `discovery` none.
   */
  readonly servers?: string | readonly string[];
  /** In place of `servers`: the port of a server on this machine. */
  readonly port?: number;
  /** The name of the connection, which the server's monitoring shows. */
  readonly name?: string;
  /** The user that logs in, with `pass`; what a URL says comes first. */
  readonly user?: string;
  /** The password of `user`. */
  readonly pass?: string;
  /** The token that logs in, in place of `user`. */
  readonly token?: string;
  /** Take servers in the order in which they are given. */
  readonly noRandomize?: boolean;
  /** Milliseconds for one address, to connect and to log in. Default: 20 s. */
  readonly timeout?: number;
  /**
   * Keep trying when no server is there at first. Default: whether there is
   * `discovery`, which may learn of one.
   */
  readonly waitOnFirstConnect?: boolean;
  /** Ends the connection, and before that the attempts at it, when it aborts. */
  readonly signal?: AbortSignal;
  /** Calls back with each event of `status()`, those of the first connect included. */
  readonly onStatus?: (status: Status) => void;

  /** Connect again when the connection is lost; false: it is closed for good. Default: true. */
  readonly reconnect?: boolean;
  /**
   * Failed attempts after which a server is given up; -1: never. With
   * `discovery`, until it is heard of again. Default: 10.
   */
  readonly maxReconnectAttempts?: number;
  /** Milliseconds between two attempts at the same server. Default: 2 s. */
  readonly reconnectTimeWait?: number;
  /** At most so much is added to `reconnectTimeWait` at random. Default: 100 ms. */
  readonly reconnectJitter?: number;
  /** The same for connections with TLS, which cost a server more. Default: 1 s. */
  readonly reconnectJitterTLS?: number;
  /** Gives these milliseconds, in place of `reconnectTimeWait` and the two jitters. */
  readonly reconnectDelayHandler?: () => number;
  /**
   * Chooses the server of each attempt, but not of a first connect with
   * `discovery`. Whatever it throws ends the connection.
   */
  readonly reconnectToServer?: ReconnectToServerHandler;
  /** Do not give a server up that refused us twice in a row; without `discovery` only. */
  readonly ignoreAuthErrorAbort?: boolean;
  /** Room for what is published while the client reconnects, in bytes. Default: 8 MiB. */
  readonly maxBufferedBytes?: number;

  /** Milliseconds between two pings to the server. Default: 2 minutes. */
  readonly pingInterval?: number;
  /** Unanswered pings after which the connection counts as lost. Default: 2. */
  readonly maxPingOut?: number;

  /** Do not receive one's own messages. */
  readonly noEcho?: boolean;
  /** Have the server confirm every operation. */
  readonly verbose?: boolean;
  /** Have the server check more strictly. */
  readonly pedantic?: boolean;
  /** First tokens of the subjects for replies. Default: `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Use no servers but those given in `servers`, and those that `discovery` finds. */
  readonly ignoreClusterUpdates?: boolean;
  /** What becomes of publishes when `maxBufferedBytes` are waiting for a connection. Default: `error`. */
  readonly bufferPolicy?: BufferPolicy;
  /** Where to ask for servers when none of those known answers, and from time to time. */
  readonly discovery?: readonly Discovery[];
  /** How far the answers of `discovery` are followed. */
  readonly discoveryPolicy?: DiscoveryPolicy;

  /** Proves who we are, in place of `user`, `pass` and `token`; several are tried together. */
  readonly authenticator?: Authenticator | readonly Authenticator[];
  /**
   * Talk TLS with every server; `{}` means with the system's certificate
   * authorities, `null` never. Default: where a server offers it, as nats.js.
   */
  readonly tls?: TlsOptions | null;
  /** Calls back with every line of the protocol, credentials left out. */
  readonly debug?: boolean | ((line: string) => void);
}

/**
 * When no more fits the buffer of publishes that wait for a connection:
 * `error` throws `BufferFullError`, `wait` gives a promise that resolves when
 * there is room, the other two drop whole messages.
 */
export type BufferPolicy = "error" | "wait" | "drop-oldest" | "drop-newest";

/** How far the answers of `discovery` are followed. */
export interface DiscoveryPolicy {
  /**
   * Which of the hosts that were found may be dialled: names, `*.name` for all
   * below it, addresses, and networks such as `10.0.0.0/8`. Default: all.
   */
  readonly allow?: readonly string[];
  /**
   * Only servers that say that they belong to this cluster, or to none. Empty:
   * any. Default: the first cluster with a name that we get into.
   */
  readonly cluster?: string;
  /** Between two questions while connected, in milliseconds. Default: 60 s. */
  readonly periodMs?: number;
  /** Gives up for good after so long without a connection. Default: never. */
  readonly giveUpAfterMs?: number;
  /**
   * Send user and password, or a token, also to servers that were found by
   * discovery and are not behind TLS. Default: false.
   */
  readonly trustWithPasswords?: boolean;
}

/** TLS of a client; certificates and keys are PEM text, or files with such text. */
export interface TlsOptions {
  /** Certificate authorities in place of the system's. */
  readonly ca?: string | readonly string[];
  /** The certificate of this client. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
  /** Read by `connect`, once. */
  readonly caFile?: string;
  /** A file in place of `cert`. */
  readonly certFile?: string;
  /** A file in place of `key`. */
  readonly keyFile?: string;
  /** Begin with TLS, before the server's INFO. */
  readonly handshakeFirst?: boolean;
  /** The name that the server's certificate must show, in place of the host's. */
  readonly serverName?: string;
  /** False: take any certificate. For experiments only. */
  readonly rejectUnauthorized?: boolean;
}

/** What a client tells of itself in CONNECT. */
export interface Authentication {
  /** The name. */
  readonly user?: string;
  /** Of `user`. */
  readonly pass?: string;
  /** A token in place of user and password. */
  readonly auth_token?: string;
  /** The public key of the user. */
  readonly nkey?: string;
  /** What the account says of the user. */
  readonly jwt?: string;
  /** The nonce, signed; base64url. */
  readonly sig?: string;
}

/** Answers a server's nonce, which is empty when the server sent none. */
export type Authenticator = (nonce: string) => Authentication;

/** The options as the library reads them. */
export interface ClientOptions {
  readonly servers: readonly string[];
  readonly name: string;
  readonly user: string | undefined;
  readonly pass: string | undefined;
  readonly token: string | undefined;
  readonly noRandomize: boolean;
  readonly timeoutMs: number;
  readonly waitOnFirstConnect: boolean;
  readonly onStatus: ((status: Status) => void) | undefined;
  readonly reconnect: boolean;
  readonly maxReconnectAttempts: number;
  readonly reconnectTimeWaitMs: number;
  readonly reconnectJitterMs: number;
  readonly reconnectDelayHandler: (() => number) | undefined;
  readonly reconnectToServer: ReconnectToServerHandler | undefined;
  readonly ignoreAuthErrorAbort: boolean;
  readonly maxBufferedBytes: number;
  readonly pingIntervalMs: number;
  readonly maxPingOut: number;
  readonly noEcho: boolean;
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly inboxPrefix: string;
  readonly ignoreClusterUpdates: boolean;
  readonly bufferPolicy: BufferPolicy;
  readonly discovery: readonly Discovery[];
  readonly discoveryPolicy: DiscoveryPolicy;
  readonly authenticators: readonly Authenticator[];
  /** Undefined: what the server says decides. */
  readonly tls: TlsOptions | undefined;
  readonly refusesTls: boolean;
  readonly debug: ((line: string) => void) | undefined;
}

const TIMEOUT_MS = 20_000;
const RECONNECT_ATTEMPTS_MAX = 10;
const RECONNECT_WAIT_MS = 2000;
const RECONNECT_JITTER_MS = 100;
const RECONNECT_JITTER_TLS_MS = 1000;
const BUFFERED_BYTES_MAX = 8 * 1024 * 1024;

/** Fills in the defaults; throws `InvalidArgumentError` for what makes no sense. */
export function clientOptions(given: ConnectionOptions): ClientOptions {
  const discovery = given.discovery ?? [];
  const options: ClientOptions = {
    servers: namedServers(given),
    name: given.name ?? "",
    user: given.user,
    pass: given.pass,
    token: given.token,
    noRandomize: given.noRandomize ?? false,
    timeoutMs: given.timeout ?? TIMEOUT_MS,
    waitOnFirstConnect: given.waitOnFirstConnect ?? discovery.length > 0,
    onStatus: given.onStatus,
    reconnect: given.reconnect ?? true,
    maxReconnectAttempts: given.maxReconnectAttempts ?? RECONNECT_ATTEMPTS_MAX,
    reconnectTimeWaitMs: given.reconnectTimeWait ?? RECONNECT_WAIT_MS,
    reconnectJitterMs: jitterMs(given),
    reconnectDelayHandler: given.reconnectDelayHandler,
    reconnectToServer: given.reconnectToServer,
    ignoreAuthErrorAbort: given.ignoreAuthErrorAbort ?? false,
    maxBufferedBytes: given.maxBufferedBytes ?? BUFFERED_BYTES_MAX,
    pingIntervalMs: given.pingInterval ?? PING_INTERVAL_MS,
    maxPingOut: given.maxPingOut ?? PING_OUTSTANDING_MAX,
    noEcho: given.noEcho ?? false,
    verbose: given.verbose ?? false,
    pedantic: given.pedantic ?? false,
    inboxPrefix: given.inboxPrefix ?? INBOX_PREFIX,
    ignoreClusterUpdates: given.ignoreClusterUpdates ?? false,
    bufferPolicy: given.bufferPolicy ?? "error",
    discovery,
    discoveryPolicy: given.discoveryPolicy ?? {},
    authenticators: authenticatorsOf(given.authenticator),
    tls: given.tls ?? undefined,
    refusesTls: given.tls === null,
    debug: debugOf(given.debug),
  };
  check(options);
  return options;
}

function authenticatorsOf(
  given: ConnectionOptions["authenticator"] = [],
): readonly Authenticator[] {
  return typeof given === "function" ? [given] : given;
}

/** What it throws is not the connection's matter. */
function debugOf(
  given: ConnectionOptions["debug"] = false,
): ((line: string) => void) | undefined {
  if (given === false) return undefined;
  const tell = given === true ? console.log : given;
  return (line) => {
    try {
      tell(line);
    } catch {
      // There is nobody to tell.
    }
  };
}

function namedServers(given: ConnectionOptions): string[] {
  const { servers, port, discovery = [] } = given;
  if (servers !== undefined && port !== undefined) {
    throw new InvalidArgumentError(
      'Options "servers" and "port" exclude each other',
    );
  }
  const named = serverList(servers);
  if (named.length > 0 || (discovery.length > 0 && port === undefined)) {
    return named;
  }
  return [`127.0.0.1:${port ?? CLIENT_PORT}`];
}

function jitterMs(given: ConnectionOptions): number {
  const asksForTls = (given.tls !== undefined && given.tls !== null) ||
    serverList(given.servers).some((server) => server.startsWith("tls://"));
  return asksForTls
    ? given.reconnectJitterTLS ?? RECONNECT_JITTER_TLS_MS
    : given.reconnectJitter ?? RECONNECT_JITTER_MS;
}

/** One server, several, or several divided by commas. */
export function serverList(
  given: string | readonly string[] | undefined,
): string[] {
  const texts = typeof given === "string" ? [given] : given ?? [];
  return texts.flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

function check(options: ClientOptions): void {
  if (options.token !== undefined && options.user !== undefined) {
    throw new InvalidArgumentError(
      'Options "token" and "user" exclude each other',
    );
  }
  if (options.pass !== undefined && options.user === undefined) {
    throw new InvalidArgumentError('Option "pass" needs option "user"');
  }
  const { caFile, certFile, keyFile } = options.tls ?? {};
  if ((caFile ?? certFile ?? keyFile) !== undefined) {
    throw new InvalidArgumentError("Files of certificates are not read here");
  }
  checkInboxPrefix('Option "inboxPrefix"', options.inboxPrefix);
  const { timeoutMs, pingIntervalMs, maxPingOut, maxBufferedBytes } = options;
  atLeast("timeout", timeoutMs, 1);
  atLeast("pingInterval", pingIntervalMs, 1);
  atLeast("maxPingOut", maxPingOut, 1);
  atLeast("maxBufferedBytes", maxBufferedBytes, 0);
  atLeast("maxReconnectAttempts", options.maxReconnectAttempts, -1);
  atLeast("reconnectTimeWait", options.reconnectTimeWaitMs, 0);
  atLeast("reconnectJitter", options.reconnectJitterMs, 0);
  const { periodMs = 1, giveUpAfterMs = 1 } = options.discoveryPolicy;
  atLeast("discoveryPolicy.periodMs", periodMs, 1);
  atLeast("discoveryPolicy.giveUpAfterMs", giveUpAfterMs, 1);
}

function atLeast(name: string, value: number, least: number): void {
  if (value >= least) return;
  throw new InvalidArgumentError(
    `Option "${name}" is below ${least}: ${value}`,
  );
}
