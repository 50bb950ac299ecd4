/**
 * How a client answers the first INFO of a server: whether the connection goes
 * over to TLS, and what CONNECT says. TLS that was asked for is never left out;
 * CONNECT carries a fixed list of fields, whatever options or authenticators
 * hold.
 */
import { CLIENT_PROTOCOL, MIDGE_VERSION } from "../../core/version.ts";
import type { TlsUpgrade } from "../../platform/socket.ts";
import type { WebTarget } from "../../platform/web_dialler.ts";
import type { ServerInfo } from "../../wire/info.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import { AuthorizationError, ConnectionError } from "../api/errors.ts";
import type { Authentication } from "../api/options.ts";
import type { SessionOptions } from "./options.ts";
import type { ServerTarget } from "./target.ts";

/**
 * Whether to go over to TLS now. As in nats.js a client that says nothing about
 * TLS takes it where it is offered. Throws a `ConnectionError` when server and
 * options contradict each other.
 */
export function upgrades(
  options: SessionOptions,
  server: ServerTarget,
  info: ServerInfo,
): boolean {
  const { listen } = server;
  // Its TLS is below the WebSocket, or nowhere.
  if (server.webPath !== undefined) return false;
  const isRequired = info.tls_required === true;
  const isOffered = isRequired || info.tls_available === true;
  const isWanted = options.tls !== undefined || server.tls;
  if (server.path !== undefined) {
    return refusesOverUnix(server, isRequired || isWanted);
  }
  if (isWanted && !isOffered) {
    throw new ConnectionError(`${listen} has no TLS, which was asked for`);
  }
  if (options.refusesTls && (isRequired || isWanted)) {
    throw new ConnectionError(
      `${listen} wants TLS, which option "tls" rules out`,
    );
  }
  return isOffered && !options.refusesTls;
}

/**
 * What a WebSocket needs that leads to the server; undefined where it is spoken
 * to by TCP. Throws a `ConnectionError` when URL and options contradict each
 * other.
 */
export function webTarget(
  options: SessionOptions,
  server: ServerTarget,
): WebTarget | undefined {
  const { host, port, listen, webPath } = server;
  if (webPath === undefined) return undefined;
  if (options.tls !== undefined && !server.tls) {
    throw new ConnectionError(
      `ws://${listen} has no TLS, which was asked for: that is wss://`,
    );
  }
  if (options.refusesTls && server.tls) {
    throw new ConnectionError(
      `wss://${listen} wants TLS, which option "tls" rules out`,
    );
  }
  return {
    host,
    port,
    path: webPath,
    tls: server.tls ? tlsUpgrade(options, server) : undefined,
    timeoutMs: options.timeoutMs,
  };
}

/** The system keeps a unix socket from others: it speaks no TLS. Throws where TLS is wanted all the same. */
function refusesOverUnix({ listen }: ServerTarget, isWanted: boolean): false {
  if (!isWanted) return false;
  throw new ConnectionError(
    `${listen} was to speak TLS, which a unix socket does not`,
  );
}

/** What a handshake with a server checks and shows. */
export function tlsUpgrade(
  options: SessionOptions,
  server: ServerTarget,
): TlsUpgrade {
  const { ca, cert, key, serverName, rejectUnauthorized } = options.tls ?? {};
  return {
    role: "client",
    verify: rejectUnauthorized ?? true,
    serverName: serverName ?? server.tlsName ?? server.host,
    timeoutMs: options.timeoutMs,
    ...(ca !== undefined && {
      authorities: typeof ca === "string" ? [ca] : ca,
    }),
    ...(cert !== undefined && {
      certificates: [{ certificate: cert, key: key ?? "" }],
    }),
  };
}

/** All that the server is told about us, and nothing else. */
export function connectFields(
  options: SessionOptions,
  server: ServerTarget,
  info: ServerInfo,
  isSecure: boolean,
): Record<string, unknown> {
  const who = authentication(options, server, info.nonce ?? "");
  return {
    verbose: options.verbose,
    pedantic: options.pedantic,
    user: who.user,
    pass: who.pass,
    auth_token: who.auth_token,
    jwt: who.jwt,
    nkey: who.nkey,
    sig: who.sig,
    name: options.name === "" ? undefined : options.name,
    lang: "midge",
    version: MIDGE_VERSION,
    protocol: CLIENT_PROTOCOL,
    headers: info.headers,
    no_responders: info.headers,
    echo: !options.noEcho,
    tls_required: isSecure,
  };
}

/** A server's URL says best who we are there; a key or a JWT goes along with it. */
function authentication(
  options: SessionOptions,
  { credentials }: ServerTarget,
  nonce: string,
): Authentication {
  const { authenticators } = options;
  const who = authenticators.length > 0
    ? Object.assign({}, ...authenticators.map((ask) => answerOf(ask, nonce)))
    : namedBy(options);
  if (credentials === undefined) return who;
  const { jwt, nkey, sig } = who;
  return { jwt, nkey, sig, ...namedBy(credentials) } as Authentication;
}

type Ask = SessionOptions["authenticators"][number];

/** An authenticator is the user's own code, and may read a file that is not there. */
function answerOf(ask: Ask, nonce: string): Authentication {
  try {
    return ask(nonce);
  } catch (error) {
    throw error instanceof InvalidArgumentError
      ? new AuthorizationError(error.message, { cause: error })
      : new AuthorizationError("The authenticator failed", { cause: error });
  }
}

interface Named {
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly token?: string | undefined;
}

function namedBy({ user, pass, token }: Named): Authentication {
  return { user, pass, auth_token: token } as Authentication;
}
