/**
 * URLs of servers and nodes: `scheme://user:password@host:port`. This is the
 * one reader of that form; the host and the port of it are read by
 * `address.ts`. Errors are told as `UrlError`, whose message quotes nothing
 * that stands before an `@`.
 *
 * There are two kinds. A URL in general ends its authority at the first `/`,
 * `?` or `#` (RFC 3986, 3.2). A node's URL has no path, so its user information
 * goes up to the last `@`, wherever that is: a password that was not escaped
 * is a password all the same. The strict kind is for what others have written.
 */
import { quoted } from "../core/quote.ts";
import { portNumber, splitAddress } from "./address.ts";

/** A URL in pieces, none of them decoded. */
export interface UrlParts {
  /** In lower case; undefined when the text has none. */
  readonly scheme: string | undefined;
  /** What stands before the `@`; undefined without one. */
  readonly userInfo: string | undefined;
  /** `host:port`, whatever stands in its place. */
  readonly address: string;
  /** Path, query and fragment. */
  readonly rest: string;
}

/** User information, each part decoded. */
export interface UserInfo {
  readonly name: string;
  /** Undefined without a colon. */
  readonly password?: string;
}

/** A node's URL, read. */
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

/** Takes a URL apart; the authority ends at the first `/`, `?` or `#`. */
export function splitUrl(text: string): UrlParts {
  const { scheme, after } = splitScheme(text);
  const end = endOfAuthority(after, 0);
  const at = after.lastIndexOf("@", end);
  return partsOf(scheme, after, at, end);
}

/** Takes a node's URL apart; the user information ends at the last `@`. */
export function splitNodeUrl(text: string): UrlParts {
  const { scheme, after } = splitScheme(text);
  const at = after.lastIndexOf("@");
  return partsOf(scheme, after, at, endOfAuthority(after, at + 1));
}

function partsOf(
  scheme: string | undefined,
  after: string,
  at: number,
  end: number,
): UrlParts {
  return {
    scheme,
    userInfo: at < 0 ? undefined : after.slice(0, at),
    address: after.slice(at + 1, end),
    rest: after.slice(end),
  };
}

function splitScheme(
  text: string,
): { readonly scheme: string | undefined; readonly after: string } {
  const [prefix = "", scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  return { scheme: scheme?.toLowerCase(), after: text.slice(prefix.length) };
}

function endOfAuthority(text: string, from: number): number {
  const length = text.slice(from).search(/[/?#]/);
  return length < 0 ? text.length : from + length;
}

/** Decodes `name`, `name:` and `name:password`; undefined when an escape is broken. */
export function parseUserInfo(text: string): UserInfo | undefined {
  const [name = "", ...rest] = text.split(":");
  try {
    return rest.length === 0 ? { name: decodeURIComponent(name) } : {
      name: decodeURIComponent(name),
      password: decodeURIComponent(rest.join(":")),
    };
  } catch {
    return undefined;
  }
}

/** Reads `scheme://[user[:password]@]host:port`; throws UrlError. */
export function parseNodeUrl(url: string): NodeUrl {
  const node = parseListenUrl(url);
  if (node.host !== "") return node;
  throw new UrlError(`expected host:port, got ":${node.port}"`);
}

/** Reads the URL of a place to listen at, whose host may be empty: that is any. Throws UrlError. */
export function parseListenUrl(url: string): NodeUrl {
  const { scheme, userInfo, address } = splitNodeUrl(url.trim());
  if (scheme === undefined) {
    throw new UrlError("first path segment in URL cannot contain colon");
  }
  const user = userInfo === undefined ? undefined : decodedUser(userInfo);
  const { host, port } = splitAddress(address) ?? { host: "", port: undefined };
  if (port === undefined) {
    const got = address.includes(":") ? "" : `, got ${quoted(address)}`;
    throw new UrlError(`expected host:port${got}`);
  }
  const number = portNumber(port);
  if (number === undefined) {
    // Without an `@`, what looks like a port may be a password.
    const shown = user === undefined && !/^\d*$/.test(port)
      ? ""
      : ` ${quoted(port)}`;
    throw new UrlError(`invalid port${shown} after host`);
  }
  return { scheme, user, host, port: number };
}

function decodedUser(userInfo: string): UserInfo {
  const user = parseUserInfo(userInfo);
  if (user !== undefined) return user;
  throw new UrlError("invalid URL escape in the user information");
}
