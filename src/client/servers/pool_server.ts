/**
 * One server that a client may connect to: where it is, who said so, what is
 * known about it and how the attempts at it went. `pool.ts` keeps them together
 * and `admission.ts` decides which of those that others named may be used.
 */
import { CLIENT_PORT } from "../../core/limits.ts";
import { type Address, formatAddress } from "../../platform/socket.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import { normalHost } from "../../net/ip.ts";
import type { Origin } from "../api/servers.ts";
import type { ServerTarget, UrlCredentials } from "../session/target.ts";

/** What is told of a server besides its address. */
export interface ServerFacts {
  /** Undefined: those of the options hold. */
  readonly credentials?: UrlCredentials | undefined;
  /** Nothing is sent to it in clear. */
  readonly tls?: boolean;
  /** What its certificate must show, if not its host. */
  readonly tlsName?: string | undefined;
  readonly serverId?: string | undefined;
  readonly serverName?: string | undefined;
  readonly cluster?: string | undefined;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
  readonly lameDuck?: boolean | undefined;
  /** Named by a server that may have our password. */
  readonly vouched?: boolean;
}

/** A URL or a text of somebody else's that is longer is nonsense. */
export const SERVER_CHARS_MAX = 512;

export class PoolServer implements ServerTarget {
  readonly host: string;
  readonly port: number;
  /** `host:port`; two servers are the same when this is. */
  readonly listen: string;
  readonly origins: Set<Origin>;
  credentials: UrlCredentials | undefined;
  tls: boolean;
  tlsName: string | undefined;
  /** Two doors with the same id lead into the same node. */
  serverId: string | undefined;
  serverName: string | undefined;
  cluster: string | undefined;
  priority: number;
  weight: number;
  lameDuck: boolean;
  vouched: boolean;
  /** Failed attempts since it was last connected, or named anew by a provider. */
  attempts = 0;
  /** Authorization failures, one after the other. */
  refusals = 0;
  /** On the monotonic clock. */
  lastAttemptMs: number = -Infinity;
  /** No attempt before then, on the monotonic clock. */
  restsUntilMs: number = -Infinity;
  /** On the monotonic clock; for those with the origin `grace`. */
  graceUntilMs: number = Infinity;
  lastError: string | undefined;
  everConnected = false;

  constructor(address: Address, origin: Origin, facts: ServerFacts = {}) {
    this.host = normalHost(address.host);
    this.port = address.port;
    this.listen = formatAddress({ host: this.host, port: address.port });
    this.origins = new Set([origin]);
    this.credentials = facts.credentials;
    this.tls = facts.tls ?? false;
    this.tlsName = facts.tlsName;
    this.serverId = facts.serverId;
    this.serverName = facts.serverName;
    this.cluster = facts.cluster;
    this.priority = facts.priority ?? 0;
    this.weight = facts.weight ?? 1;
    this.lameDuck = facts.lameDuck ?? false;
    this.vouched = facts.vouched ?? false;
  }

  get url(): string {
    return `${this.tls ? "tls" : "nats"}://${this.listen}`;
  }

  /** Known from the cluster only. */
  get gossiped(): boolean {
    return this.origins.has("gossip") && !this.isStatic;
  }

  /** Named by the user. */
  get isStatic(): boolean {
    return this.origins.has("static");
  }

  /** May have our password in clear, as the user has named it, or a server that may have it. */
  get isTrusted(): boolean {
    return this.isStatic || this.vouched;
  }

  /** Takes over what somebody has told of the same server. What the user said of it stays. */
  learn(news: PoolServer): void {
    // Whoever is trusted less does not say how a server is spoken to: that
    // would undo TLS, or put another name in the place of the certificate's.
    if (!this.isStatic && (news.isTrusted || !this.isTrusted)) {
      this.credentials ??= news.credentials;
      this.tls = news.tls;
      this.tlsName = news.tlsName;
    }
    this.vouched ||= news.vouched;
    if (news.origins.has("gossip")) return;
    this.#learnLameDuck(news);
    this.serverId = news.serverId ?? this.serverId;
    this.serverName = news.serverName ?? this.serverName;
    this.cluster = news.cluster ?? this.cluster;
    this.priority = news.priority;
    this.weight = news.weight;
  }

  /** A lame duck recovers only by becoming another process, which has another id. */
  #learnLameDuck({ lameDuck, serverId }: PoolServer): void {
    if (lameDuck) this.lameDuck = true;
    else if (this.serverId === undefined) this.lameDuck = false;
    else if (serverId !== undefined && serverId !== this.serverId) {
      this.lameDuck = false;
    }
  }
}

/** Reads one entry of the `servers` option. Throws `InvalidArgumentError`. */
export function parseServer(text: string): PoolServer {
  const { address, credentials, tls } = parseServerUrl(text);
  return new PoolServer(address, "static", { credentials, tls });
}

/** Reads what somebody else names; credentials in it are not looked at. Undefined for nonsense. */
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
