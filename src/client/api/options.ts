/**
 * The options of `connect`, with nats.js's names where nats.js has the same.
 * Milliseconds and bytes throughout. `options.ts` of the client fills in the
 * defaults.
 */
import type { Discovery } from "../../discovery/discovery.ts";
import type { ReconnectToServerHandler } from "./servers.ts";
import type { Status } from "./status.ts";
import type { BufferPolicy } from "./message.ts";

/** What `connect` takes; every field may be left out. */
export interface ConnectionOptions {
  /**
   * `host:port` or `nats://[user:pass@ | token@]host:port`, one, several, or
   * several divided by commas; with `tls://` nothing is sent in clear, and
   * `tcp://` is the same as `nats://`. `ws://host[:port][/path]`, and `wss://`
   * with TLS, are WebSockets, on ports 80 and 443 unless given.
   * `unix:///run/midge.sock` is the file of a unix socket; `%2C` stands for a
   * comma in its path.
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
  /** The most that is added to `reconnectTimeWait` at random, in milliseconds. Default: 100 ms. */
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

  /**
   * The most that `drain` waits, in milliseconds, for promises of callbacks and
   * for loops over subscriptions; then it tells what it left. Default: 30 s.
   */
  readonly drainTimeout?: number;

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
  /** Milliseconds without a connection after which the client gives up for good. Default: never. */
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
