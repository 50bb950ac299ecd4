/**
 * The servers that a client may connect to: those that the user named and
 * those that the cluster gossiped in `connect_urls`. The pool knows the order
 * in which they are tried; when to try them is decided in `link.ts`.
 */
import { type Random, randomBelow } from "../core/clock.ts";
import { CLIENT_PORT } from "../core/limits.ts";
import { type Address, formatAddress } from "../net/socket.ts";
import { InvalidArgumentError } from "./errors.ts";

/** What a server URL said about who we are. */
export interface Credentials {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** One server and how the attempts at it went. */
export class Server implements Address {
  readonly host: string;
  readonly port: number;
  /** `host:port`; two servers are the same when this is. */
  readonly listen: string;
  /** Undefined: those of the options hold. */
  readonly credentials: Credentials | undefined;
  readonly gossiped: boolean;
  /** Failed attempts since it was last connected. */
  attempts = 0;
  /** Authorization failures, one after the other. */
  refusals = 0;
  /** On the monotonic clock. */
  lastAttemptMs: number = -Infinity;

  constructor(
    address: Address,
    credentials: Credentials | undefined,
    gossiped: boolean,
  ) {
    this.host = address.host;
    this.port = address.port;
    this.listen = formatAddress(address);
    this.credentials = credentials;
    this.gossiped = gossiped;
  }
}

/** What a new INFO changed, as `host:port`. */
export interface PoolChange {
  readonly added: readonly string[];
  readonly deleted: readonly string[];
}

export class ServerPool {
  #servers: Server[];
  #current: Server | undefined;
  /** Undefined: keep the order in which servers become known. */
  readonly #random: Random | undefined;

  constructor(servers: readonly Server[], random: Random | undefined) {
    const known = new Map(servers.map((server) => [server.listen, server]));
    this.#servers = [...known.values()];
    this.#random = random;
    this.#shuffle(this.#servers);
  }

  /** The server that `next` gave last. */
  get current(): Server | undefined {
    return this.#current;
  }

  get size(): number {
    return this.#servers.length;
  }

  /** The next server to try: each has its turn, the current one last. Undefined: none is left. */
  next(): Server | undefined {
    const [head] = this.#servers;
    if (head !== undefined && head === this.#current) {
      this.#servers.push(...this.#servers.splice(0, 1));
    }
    this.#current = this.#servers[0];
    return this.#current;
  }

  /** Gives a server up. */
  drop(server: Server): void {
    this.#servers = this.#servers.filter((other) => other !== server);
  }

  /**
   * Takes over `connect_urls` of a new INFO. Servers that it no longer names
   * are forgotten, unless the user named them or they are in use. A server that
   * names none, not even itself, has not met its cluster yet: nothing changes.
   */
  update(connectUrls: readonly string[]): PoolChange {
    if (connectUrls.length === 0) return { added: [], deleted: [] };
    const gossip = new Map(
      connectUrls.map((url) => gossipedServer(url, this.#current?.credentials))
        .filter((server) => server !== undefined)
        .map((server) => [server.listen, server]),
    );
    const gone = this.#servers.filter((server) =>
      server.gossiped && server !== this.#current && !gossip.has(server.listen)
    );
    for (const server of gone) this.drop(server);
    for (const { listen } of this.#servers) gossip.delete(listen);
    const added = [...gossip.values()];
    this.#shuffle(added);
    this.#servers.push(...added);
    return { added: listens(added), deleted: listens(gone) };
  }

  #shuffle(servers: Server[]): void {
    if (this.#random === undefined) return;
    for (let last = servers.length - 1; last > 0; last--) {
      const other = randomBelow(this.#random, last + 1);
      [servers[last], servers[other]] = [servers[other]!, servers[last]!];
    }
  }
}

function listens(servers: readonly Server[]): string[] {
  return servers.map(({ listen }) => listen);
}

/** Reads one entry of the `servers` option. */
export function parseServer(text: string): Server {
  const { address, credentials } = parseServerUrl(text);
  return new Server(address, credentials, false);
}

/** Gossip names addresses only, so who we are stays as it is. A peer's nonsense is skipped. */
function gossipedServer(
  text: string,
  credentials: Credentials | undefined,
): Server | undefined {
  try {
    return new Server(parseServerUrl(text).address, credentials, true);
  } catch {
    return undefined;
  }
}

function parseServerUrl(
  text: string,
): { address: Address; credentials: Credentials | undefined } {
  const url = parseUrl(text.includes("://") ? text : `nats://${text}`, text);
  if (url.protocol !== "nats:") {
    throw new InvalidArgumentError(
      `Server "${redacted(text)}" has the unknown scheme "${url.protocol}//"`,
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") {
    throw new InvalidArgumentError(`Server "${redacted(text)}" has no host`);
  }
  const port = url.port === "" ? CLIENT_PORT : Number(url.port);
  return { address: { host, port }, credentials: credentialsOf(url) };
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
function credentialsOf(url: URL): Credentials | undefined {
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
