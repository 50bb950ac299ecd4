/**
 * The URLs of servers: `host:port`, or with a scheme and credentials
 * `nats://user:pass@host:port`. What the user writes must make sense; nonsense
 * of others is left out. No error quotes credentials.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { CLIENT_PORT } from "../../core/limits.ts";
import type { Address } from "../../platform/socket.ts";
import type { Origin } from "../api/servers.ts";
import type { UrlCredentials } from "../session/target.ts";
import { PoolServer, type ServerFacts } from "./pool_server.ts";

/** A URL that others name and that is longer is nonsense. */
const SERVER_CHARS_MAX = 512;

/** Reads one entry of the `servers` option. Throws `InvalidArgumentError`. */
export function parseServer(text: string): PoolServer {
  const { address, credentials, tls } = parseServerUrl(text);
  return new PoolServer(address, "static", { credentials, tls });
}

/** The servers that `setServers` was given. Throws `InvalidArgumentError` for none, and for nonsense. */
export function parseServers(urls: readonly string[]): PoolServer[] {
  if (urls.length === 0) {
    throw new InvalidArgumentError("There must be at least one server");
  }
  return urls.map(parseServer);
}

/** Reads what others name; credentials in it are not looked at. Undefined for nonsense. */
export function foundServer(
  text: string,
  origin: Origin,
  facts: ServerFacts,
): PoolServer | undefined {
  if (text.length > SERVER_CHARS_MAX) return undefined;
  try {
    const { address, tls } = parseServerUrl(text);
    return new PoolServer(address, origin, { ...facts, tls: facts.tls || tls });
  } catch {
    return undefined;
  }
}

interface ServerUrl {
  readonly address: Address;
  readonly credentials: UrlCredentials | undefined;
  readonly tls: boolean;
}

function parseServerUrl(text: string): ServerUrl {
  const url = parseUrl(text.includes("://") ? text : `nats://${text}`, text);
  if (url.protocol !== "nats:" && url.protocol !== "tls:") {
    throw new InvalidArgumentError(
      `Server "${redacted(text)}" has the unknown scheme "${url.protocol}//"`,
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") {
    throw new InvalidArgumentError(
      `Server "${redacted(text)}" has no host`,
    );
  }
  const port = url.port === "" ? CLIENT_PORT : Number(url.port);
  return {
    address: { host, port },
    credentials: credentialsOf(url),
    tls: url.protocol === "tls:",
  };
}

function parseUrl(url: string, text: string): URL {
  try {
    return new URL(url);
  } catch {
    // Without the cause: it holds the whole text, and so maybe a password.
    throw new InvalidArgumentError(
      `Server "${redacted(text)}" is no host:port and no URL`,
    );
  }
}

/** `nats://user:pass@` are a user and a password, `nats://token@` is a token. */
function credentialsOf(url: URL): UrlCredentials | undefined {
  const user = percentDecoded(url.username);
  const pass = percentDecoded(url.password);
  if (user === "") return undefined;
  return pass === "" ? { token: user } : { user, pass };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone "%" stands for itself
  }
}

/** Passwords stay out of error messages. */
function redacted(text: string): string {
  return text.replace(/^(.*:\/\/)?.*@/, "$1***@");
}
