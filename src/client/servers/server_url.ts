/**
 * The URLs of servers: `host:port`, or with a scheme and credentials
 * `nats://user:pass@host:port`. What the user writes must make sense; nonsense
 * of others is left out. No error quotes credentials.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { CLIENT_PORT } from "../../core/limits.ts";
import { REDACTED, redactNodeUrl } from "../../core/redact.ts";
import { parseAddress, splitAddress } from "../../net/address.ts";
import { splitUrl } from "../../net/url.ts";
import type { Address } from "../../platform/socket.ts";
import type { Origin } from "../api/servers.ts";
import type { UrlCredentials } from "../session/target.ts";
import { PoolServer, type ServerFacts } from "./pool_server.ts";

/** `tcp` is another word for `nats`, as for other clients of NATS. */
const SCHEMES: readonly string[] = ["nats", "tcp", "tls"];

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
  const { scheme, userInfo = "", address } = splitUrl(
    text.includes("://") ? text : `nats://${text}`,
  );
  if (scheme !== undefined && !SCHEMES.includes(scheme)) {
    throw noServer(text, `has the unknown scheme "${scheme}://"`);
  }
  if (splitAddress(address)?.host === "") throw noServer(text, "has no host");
  // The usual port may be written as an empty one.
  const { host, port = CLIENT_PORT } =
    parseAddress(address.replace(/:$/, "")) ?? {};
  if (scheme === undefined || host === undefined) {
    throw noServer(text, "is no host:port and no URL");
  }
  return {
    address: { host, port },
    credentials: credentialsOf(userInfo),
    tls: scheme === "tls",
  };
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
