/**
 * One server that a client may connect to: where it is, who said so, what is
 * known about it and how the attempts at it went. `pool.ts` keeps them together
 * and `admission.ts` decides which of those that others named may be used.
 */
import { formatAddress } from "../../net/address.ts";
import type { Address } from "../../platform/socket.ts";
import type { ServerInfo } from "../../wire/info.ts";
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
  /** Path and query of a WebSocket; undefined: TCP. */
  readonly webPath?: string | undefined;
  readonly serverId?: string | undefined;
  readonly serverName?: string | undefined;
  readonly cluster?: string | undefined;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
  readonly lameDuck?: boolean | undefined;
  /** Named by a server that may have our password. */
  readonly vouched?: boolean;
}

/** More than a dozen members: because they are all that is known about one server. */
export class PoolServer implements ServerTarget {
  readonly host: string;
  readonly port: number;
  /** Of a unix socket; host and port mean nothing then. */
  declare readonly path?: string;
  /** `host:port`, or the URL of a unix socket. */
  readonly listen: string;
  /** Two servers are the same when this is: one port may have several of them behind it, by their paths. */
  readonly key: string;
  readonly webPath: string | undefined;
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
  /** Of the last attempt, in milliseconds since the Unix epoch; 0: there was none. */
  lastConnect = 0;
  /** No attempt before then, on the monotonic clock. */
  restsUntilMs: number = -Infinity;
  /** On the monotonic clock; for those with the origin `grace`. */
  graceUntilMs: number = Infinity;
  lastError: string | undefined;
  everConnected = false;

  constructor(address: Address, origin: Origin, facts: ServerFacts = {}) {
    this.host = normalHost(address.host);
    this.port = address.port;
    if (address.path !== undefined) this.path = address.path;
    this.listen = formatAddress({ ...address, host: this.host });
    this.webPath = facts.webPath;
    this.key = this.listen + (facts.webPath ?? "");
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
    if (this.path !== undefined) return this.listen;
    if (this.webPath === undefined) {
      return `${this.tls ? "tls" : "nats"}://${this.listen}`;
    }
    // A query may be a secret.
    const path = this.webPath.replace(/\?.*/s, "").replace(/^\/$/, "");
    return `${this.tls ? "wss" : "ws"}://${this.listen}${path}`;
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

  /** Takes over what others have told of the same server. What the user said of it stays. */
  learn(news: PoolServer): void {
    // A source that is trusted less does not say how a server is spoken to: that
    // could undo TLS, or replace the name that its certificate must show.
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

  /** It let us in, and says more about itself than others do. */
  letIn(info: ServerInfo): void {
    this.attempts = 0;
    this.refusals = 0;
    this.everConnected = true;
    this.lastError = undefined;
    this.lameDuck = info.ldm === true;
    if (info.server_id !== "") this.serverId = info.server_id;
    if (info.server_name !== "") this.serverName = info.server_name;
    if (info.cluster) this.cluster = info.cluster;
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
