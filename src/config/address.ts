/**
 * Addresses as configurations state them: `host:port` to listen on, and URLs
 * of other nodes. Nothing here resolves names or opens connections.
 */
import type { RouteTarget } from "../options/options.ts";
import { redactUrl } from "../core/redact.ts";

export const PORT_MAX = 65_535;

export interface HostPort {
  /** Empty when the text had none. */
  readonly host: string;
  /** Not yet a number, and possibly not one. */
  readonly port: string;
}

/** Splits at the last colon, as Go does; an IPv6 address stands in brackets. */
export function splitHostPort(text: string): HostPort | undefined {
  const [, six, four, port = ""] =
    /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text) ?? [];
  const host = six ?? four;
  return host === undefined ? undefined : { host, port };
}

/** A URL's user information, each part decoded. */
interface UserInfo {
  readonly name: string;
  readonly password?: string;
}

/** The parts of a node's URL that mean something to Midge. */
export interface NodeUrl {
  readonly scheme: string;
  readonly user: UserInfo | undefined;
  readonly host: string;
  readonly port: number;
}

/** A URL that cannot be used; the message quotes none of its secrets. */
export class UrlError extends Error {
  override readonly name = "UrlError";
}

/** Reads `scheme://[user[:password]@]host:port`; throws UrlError. */
export function parseNodeUrl(url: string): NodeUrl {
  const [, scheme, authority = ""] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(url.trim()) ?? [];
  if (scheme === undefined) {
    throw new UrlError("first path segment in URL cannot contain colon");
  }
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? undefined : parseUser(authority.slice(0, at));
  const address = authority.slice(at + 1);
  const { host, port } = splitHostPort(address) ?? { host: "", port: "" };
  if (host === "") {
    throw new UrlError(`expected host:port, got "${redactUrl(address)}"`);
  }
  return { scheme: scheme.toLowerCase(), user, host, port: parsePort(port) };
}

function parseUser(text: string): UserInfo {
  const [name = "", ...rest] = text.split(":");
  if (rest.length === 0) return { name: decode(name) };
  return { name: decode(name), password: decode(rest.join(":")) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UrlError("invalid URL escape in the user information");
  }
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > PORT_MAX) {
    throw new UrlError(`invalid port "${text}" after host`);
  }
  return port;
}

/**
 * A route to dial. User information without a password is a token, as in
 * `nats-route://TOKEN@host:port`. Throws UrlError.
 */
export function parseRouteUrl(url: string): RouteTarget {
  const { scheme, user, host, port } = parseNodeUrl(url);
  if (scheme === "tls") {
    throw new UrlError("tls routes are not supported by Midge yet");
  }
  if (port === 0) throw new UrlError('invalid port "0" after host');
  if (user === undefined) return { host, port };
  const { name, password } = user;
  return password === undefined
    ? { host, port, token: name }
    : { host, port, user: name, password };
}
