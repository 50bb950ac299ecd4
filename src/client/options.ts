/**
 * What the options of `connect` come to once the defaults are filled in and
 * what makes no sense is refused. Each room of the client reads its own share.
 */
import {
  CLIENT_PORT,
  PING_INTERVAL_MS,
  PING_OUTSTANDING_MAX,
} from "../core/limits.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import { splitList } from "../net/address.ts";
import { splitUrl } from "../net/url.ts";
import type { Authenticator, ConnectionOptions } from "./api/options.ts";
import type { BufferPolicy } from "./api/message.ts";
import type { Status } from "./api/status.ts";
import { checkInboxPrefix, INBOX_PREFIX } from "./messages/inbox.ts";
import type { SearchOptions } from "./servers/options.ts";

/** The options as the library reads them. */
export interface ClientOptions extends SearchOptions {
  readonly onStatus: ((status: Status) => void) | undefined;
  readonly reconnect: boolean;
  readonly inboxPrefix: string;
  readonly maxBufferedBytes: number;
  readonly bufferPolicy: BufferPolicy;
  readonly drainTimeoutMs: number;
}

const TIMEOUT_MS = 20_000;
const RECONNECT_ATTEMPTS_MAX = 10;
const RECONNECT_WAIT_MS = 2000;
const RECONNECT_JITTER_MS = 100;
const RECONNECT_JITTER_TLS_MS = 1000;
const DRAIN_TIMEOUT_MS = 30_000;
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
    drainTimeoutMs: given.drainTimeout ?? DRAIN_TIMEOUT_MS,
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
  const isSecure = (given.tls !== undefined && given.tls !== null) ||
    serverList(given.servers).some((url) =>
      /^(?:tls|wss)$/.test(splitUrl(url).scheme ?? "")
    );
  return isSecure
    ? given.reconnectJitterTLS ?? RECONNECT_JITTER_TLS_MS
    : given.reconnectJitter ?? RECONNECT_JITTER_MS;
}

/** One server, several, or several divided by commas. */
export function serverList(
  given: string | readonly string[] | undefined,
): string[] {
  const texts = typeof given === "string" ? [given] : given ?? [];
  return texts.flatMap(splitList);
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
  atLeast("drainTimeout", options.drainTimeoutMs, 0);
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
