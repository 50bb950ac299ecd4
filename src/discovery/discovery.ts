/**
 * The seam of those that tell which nodes live. A `Discovery` answers when it is
 * asked, and may push changes. `finding/finder.ts` asks several of them for a
 * client that looks for a server, or for a node that looks for others. Where a
 * node says that it lives, `registrar.ts` tells.
 *
 * `tests/discovery/suite.ts` holds what every implementation must do.
 */
import { MidgeError } from "../core/errors.ts";

/** What a seeker dials: doors for clients, or doors for other nodes. */
export type Wanted = "client" | "route";

/** One door of one node. */
export interface Endpoint {
  /** `nats://host:port` or `tls://host:port`; for nodes `nats-route://host:port`. Never any credentials. */
  readonly url: string;
  /** Two doors with the same id lead into the same node. */
  readonly serverId?: string;
  /** The name that its operator gave it. */
  readonly serverName?: string;
  /** The cluster that it belongs to. */
  readonly cluster?: string;
  /** SRV (RFC 2782): lower ones first; 0 unless given. */
  readonly priority?: number;
  /** SRV (RFC 2782): share among those of the same priority. */
  readonly weight?: number;
  /** The name that a certificate must show, when `url` holds an address that was looked up. */
  readonly tlsName?: string;
  /** The node asks its clients to leave. */
  readonly lameDuck?: boolean;
}

/** What a provider knows at a moment. */
export interface Snapshot {
  /** All doors that it knows. */
  readonly endpoints: readonly Endpoint[];
  /** The provider's own mark for this state: an index, a revision, an ETag. */
  readonly version?: string;
  /** How long the answer is good, when the provider says so. */
  readonly ttlMs?: number;
  /**
   * True when an empty list means that there are no nodes, rather than that the
   * provider has not heard of any.
   */
  readonly authoritative: boolean;
}

/** Why a provider is asked. */
export type Reason =
  /** A first connection is being made. */
  | "connect"
  /** No server of the pool could be reached. */
  | "round-failed"
  /** It was time to ask again. */
  | "periodic"
  /** The cluster told of at most one server. */
  | "info-shrunk"
  /** The server asked its clients to leave. */
  | "lame-duck"
  /** The program called `rediscover`. */
  | "manual";

/** How a provider is asked once. */
export interface ResolveOptions {
  /** Ends the question when it aborts. */
  readonly signal: AbortSignal;
  /** Why it is asked now. */
  readonly reason: Reason;
  /** The provider's last answer. */
  readonly last?: Snapshot;
}

/** How a provider is watched. */
export interface WatchOptions {
  /** Ends the stream when it aborts. */
  readonly signal: AbortSignal;
  /** The provider's last answer; only what differs from it needs to be told. */
  readonly last?: Snapshot;
}

/** Somewhere to ask for living nodes. */
export interface Discovery {
  /** For events and logs, such as `etcd://127.0.0.1:2379/midge`; without secrets. */
  readonly name: string;
  /** Asks once. Rejects with a `DiscoveryError`, or with the signal's reason. */
  resolve(options: ResolveOptions): Promise<Snapshot>;
  /**
   * Whole snapshots, as they change, until the signal aborts. A stream that
   * fails throws a `DiscoveryError`; one that goes silent must notice by
   * itself and throw as well. The reader starts it again.
   */
  watch?(options: WatchOptions): AsyncIterable<Snapshot>;
}

/** A provider that remembers what a client saw, for its next start. */
export interface ServerCache extends Discovery {
  /** Replaces what is remembered. Rejects with a `DiscoveryError`. */
  store(endpoints: readonly Endpoint[]): Promise<void>;
}

/** A provider or a registrar could not do what it was asked for. */
export class DiscoveryError extends MidgeError {
  override readonly name = "DiscoveryError";

  constructor(message: string, options?: ErrorOptions) {
    super("DISCOVERY", message, options);
  }
}
