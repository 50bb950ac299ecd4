/**
 * The options of `websocket`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { TlsSettings } from "./tls.ts";
import type { TlsConfig } from "./tls_config.ts";

/** A port for clients that speak through WebSockets. */
export interface WebSocketOptions {
  /** The host part of `listen`. */
  host: string;
  /** The port part of `listen`; 0 for any free one. */
  port: number;
  /** The `host[:port]` that WebSocket clients are told to dial instead of this one. */
  advertise: string;
  /** TLS, which always comes first here. */
  tls: TlsSettings | undefined;
  /** Do without `tls`: what is sent can be read on the way. */
  noTls: boolean;
  /** Pages of browsers must come from the host that they connect to. */
  sameOrigin: boolean;
  /** Where pages of browsers may come from, such as `https://shop.example`; anywhere unless set. */
  allowedOrigins: string[];
  /** Compress what is sent to clients that offer it. */
  compression: boolean;
  /** How long a client may take for its request. */
  handshakeTimeoutMs: number | undefined;
  /** Who may log in, in place of the one user or token of the server. */
  authorization: WebSocketAuthorization | undefined;
  /** The user, by name or key, that a client without credentials is. */
  noAuthUser: string;
  /** The cookie with the user's JWT of a client that brings none itself. */
  jwtCookie: string;
  /** The cookie with the user's name of a client that brings none itself. */
  userCookie: string;
  /** The cookie with the password of a client that brings none itself. */
  passCookie: string;
  /** The cookie with the token of a client that brings none itself. */
  tokenCookie: string;
  /** Further headers of the answer to a client that may come in. */
  headers: Readonly<Record<string, string>>;
  /** How often a client that is silent gets a PING: as the server's. */
  pingIntervalMs: number | undefined;
}

/** The `websocket` block. It needs `tls`, or `no_tls: true`. */
export interface WebSocketConfig {
  /** Where clients connect to with a WebSocket. Takes: port or host:port. Default: `0.0.0.0:0`. */
  listen?: string | number;
  /** The host part of `listen`. Default: `0.0.0.0`. */
  host?: string;
  /** The port part of `listen`; 0 for any free one. Default: `0`. */
  port?: number;
  /** The `host[:port]` that WebSocket clients are told to dial instead of this one. */
  advertise?: string;
  /** TLS, which always comes first here. */
  tls?: TlsConfig;
  /** Do without `tls`: what is sent can be read on the way. */
  no_tls?: boolean;
  /** Pages of browsers must come from the host that they connect to. */
  same_origin?: boolean;
  /** Where pages of browsers may come from, such as `https://shop.example`; anywhere unless set. Takes: origin or list of origins. */
  allowed_origins?: string | readonly string[];
  /** Compress what is sent to clients that offer it. */
  compression?: boolean;
  /** How long a client may take for its request. Takes: seconds or duration. */
  handshake_timeout?: number | string;
  /** Who may log in, in place of the one user or token of the server. */
  authorization?: WebSocketAuthorizationConfig;
  /** The user, by name or key, that a client without credentials is. */
  no_auth_user?: string;
  /** The cookie with the user's JWT of a client that brings none itself. */
  jwt_cookie?: string;
  /** The cookie with the user's name of a client that brings none itself. */
  user_cookie?: string;
  /** The cookie with the password of a client that brings none itself. */
  pass_cookie?: string;
  /** The cookie with the token of a client that brings none itself. */
  token_cookie?: string;
  /** Further headers of the answer to a client that may come in. Takes: map of strings. */
  headers?: Readonly<Record<string, string>>;
  /** How often a client that is silent gets a PING: as the server's. Takes: duration, 0 for the default. */
  ping_interval?: string;
}

/** The options of `websocket` without a configuration; a fresh object each time. */
export function defaultWebSocketOptions(): WebSocketOptions {
  return {
    host: "0.0.0.0",
    port: 0,
    advertise: "",
    tls: undefined,
    noTls: false,
    sameOrigin: false,
    allowedOrigins: [],
    compression: false,
    handshakeTimeoutMs: undefined,
    authorization: undefined,
    noAuthUser: "",
    jwtCookie: "",
    userCookie: "",
    passCookie: "",
    tokenCookie: "",
    headers: {},
    pingIntervalMs: undefined,
  };
}

/** Who may log in through a WebSocket, in place of the one user of the server. */
export interface WebSocketAuthorization {
  /** The one user who may log in. */
  user: string;
  /** The password of `user`, in clear or as a bcrypt hash. */
  password: string;
  /** A token to log in with, in clear or as a bcrypt hash. */
  token: string;
  /** How long a client may take to log in: as the server's. */
  timeoutMs: number | undefined;
}

/** `{ user, password }` or `{ token }`, for WebSockets alone. */
export interface WebSocketAuthorizationConfig {
  /** The one user who may log in. */
  user?: string;
  /** The password of `user`, in clear or as a bcrypt hash. */
  password?: string;
  /** A token to log in with, in clear or as a bcrypt hash. */
  token?: string;
  /** How long a client may take to log in: as the server's. Takes: seconds or duration, 0 for the default. */
  timeout?: number | string;
}

/** The options of `authorization` in `websocket` without a configuration; a fresh object each time. */
export function defaultWebSocketAuthorizationOptions(): WebSocketAuthorization {
  return {
    user: "",
    password: "",
    token: "",
    timeoutMs: undefined,
  };
}
