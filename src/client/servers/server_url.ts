/**
 * The URLs of servers: `host:port`, or with a scheme and credentials
 * `nats://user:pass@host:port`, with a path `wss://host/path`, or
 * `unix:///run/midge.sock`. What the user writes must make sense; nonsense of
 * others is left out. No error quotes credentials.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { CLIENT_PORT } from "../../core/limits.ts";
import { REDACTED, redactNodeUrl } from "../../core/redact.ts";
import { parseAddress, splitAddress, unixAddress } from "../../net/address.ts";
import { isUnixUrl, parseUnixUrl } from "../../net/unix_url.ts";
import { splitUrl, UrlError } from "../../net/url.ts";
import type { Address } from "../../platform/socket.ts";
import type { Origin } from "../api/servers.ts";
import type { UrlCredentials } from "../session/target.ts";
import { PoolServer, type ServerFacts } from "./pool_server.ts";

interface Scheme {
  readonly tls: boolean;
  /** It is asked for a WebSocket. */
  readonly web: boolean;
  /** The usual one. */
  readonly port: number;
}

/** `tcp` is another word for `nats`, as for other clients of NATS. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  nats: { tls: false, web: false, port: CLIENT_PORT },
  tcp: { tls: false, web: false, port: CLIENT_PORT },
  tls: { tls: true, web: false, port: CLIENT_PORT },
  ws: { tls: false, web: true, port: 80 },
  wss: { tls: true, web: true, port: 443 },
};

/** A URL that others name and that is longer is nonsense. */
const SERVER_CHARS_MAX = 512;

/** Reads one entry of the `servers` option. Throws `InvalidArgumentError`. */
export function parseServer(text: string): PoolServer {
  const { address, ...facts } = parseServerUrl(text, "nats");
  return new PoolServer(address, "static", facts);
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
  // Others do not know the files of this machine.
  if (isUnixUrl(text)) return undefined;
  try {
    // What has no scheme is spoken to as its facts say.
    const { address, ...said } = parseServerUrl(
      text,
      facts.webPath === undefined ? "nats" : facts.tls ? "wss" : "ws",
    );
    const tls = facts.tls || said.tls;
    const webPath = said.webPath && (facts.webPath ?? said.webPath);
    return new PoolServer(address, origin, { ...facts, tls, webPath });
  } catch {
    return undefined;
  }
}

interface ServerUrl {
  readonly address: Address;
  readonly credentials: UrlCredentials | undefined;
  readonly tls: boolean;
  readonly webPath: string | undefined;
}

function parseServerUrl(text: string, usualScheme: string): ServerUrl {
  if (isUnixUrl(text)) return unixServer(text);
  const { scheme, userInfo = "", address, rest } = splitUrl(
    text.includes("://") ? text : `${usualScheme}://${text}`,
  );
  const kind = SCHEMES[scheme ?? ""];
  if (scheme !== undefined && kind === undefined) {
    throw noServer(text, `has the unknown scheme "${scheme}://"`);
  }
  if (splitAddress(address)?.host === "") throw noServer(text, "has no host");
  // The usual port may be written as an empty one.
  const { host, port = kind?.port } = parseAddress(address.replace(/:$/, "")) ??
    {};
  if (kind === undefined || host === undefined || port === undefined) {
    throw noServer(text, "is no host:port and no URL");
  }
  if (kind.web && !/^[!-~]*$/.test(rest)) {
    throw noServer(
      text,
      "has blanks or other characters in its path that a URL must escape",
    );
  }
  return {
    address: { host, port },
    credentials: credentialsOf(userInfo),
    tls: kind.tls,
    webPath: kind.web ? pathAndQuery(rest) : undefined,
  };
}

/** What a server is asked for; it never hears of a fragment. */
function pathAndQuery(rest: string): string {
  return rest.replace(/#.*/s, "").replace(/^(?!\/)/, "/");
}

function unixServer(text: string): ServerUrl {
  try {
    const { path, userInfo = "" } = parseUnixUrl(text);
    const credentials = credentialsOf(userInfo);
    return {
      address: unixAddress(path),
      credentials,
      tls: false,
      webPath: undefined,
    };
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw noServer(text, `cannot be used: ${error.message}`);
  }
}

/** Passwords stay out of the message. */
function noServer(text: string, problem: string): InvalidArgumentError {
  const shown = redactNodeUrl(text).replaceAll(REDACTED, "***");
  return new InvalidArgumentError(`Server "${shown}" ${problem}`);
}

/** `nats://user:pass@` are a user and a password, `nats://token@` is a token. */
function credentialsOf(userInfo: string): UrlCredentials | undefined {
  const [name = "", ...rest] = userInfo.split(":").map(percentDecoded);
  if (name === "") return undefined;
  const pass = rest.join(":");
  return pass === "" ? { token: name } : { user: name, pass };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone "%" stands for itself
  }
}
