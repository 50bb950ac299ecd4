/**
 * A client's side of discovery: lets a finder ask the providers, puts what they
 * name into the pool as far as it is admitted, tells what happened, and keeps
 * the caches of what this client has seen up to date.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import { Combined } from "../../discovery/finding/combined.ts";
import type {
  Discovery,
  Endpoint,
  Reason,
  ServerCache,
} from "../../discovery/discovery.ts";
import { Finder } from "../../discovery/finding/finder.ts";
import type { ServerInfo } from "../../wire/info.ts";
import type { Admission } from "./admission.ts";
import type { Origin, SkipReason } from "../api/servers.ts";
import { CacheWriter } from "./cache_writer.ts";
import type { ServerOptions } from "./options.ts";
import type { PoolChange, ServerPool } from "./pool.ts";
import { foundServer, type PoolServer } from "./pool_server.ts";
import type { Status } from "../api/status.ts";

export interface SeekerEvents {
  onStatus(status: Status): void;
  /** Servers may be tried that could not be tried before. */
  onNews(): void;
}

/** Servers that were skipped are told of once, as far as this many are remembered. */
const SKIPS_REMEMBERED = 1024;

export class Seeker {
  readonly #pool: ServerPool;
  readonly #admission: Admission;
  readonly #events: SeekerEvents;
  readonly #finder: Finder;
  readonly #caches: readonly CacheWriter[];
  readonly #cacheNames: ReadonlySet<string>;
  readonly #watchedNames: ReadonlySet<string>;
  /** What each source named last, admitted or not. */
  readonly #named = new Map<Origin, readonly Endpoint[]>();
  readonly #skips = new Set<string>();
  readonly #firstNews = deferred<void>();
  /** Who we are where nobody says otherwise: what the user's first URL with a user says. */
  readonly #credentials: PoolServer["credentials"];

  constructor(
    options: ServerOptions,
    platform: { readonly clock: Clock; readonly random: Random },
    pool: ServerPool,
    admission: Admission,
    events: SeekerEvents,
  ) {
    this.#pool = pool;
    this.#admission = admission;
    this.#events = events;
    const providers = options.discovery.flatMap(apart);
    const caches = providers.filter(isCache);
    this.#cacheNames = namesOf(caches);
    this.#watchedNames = namesOf(
      providers.filter(({ watch }) => watch !== undefined),
    );
    this.#credentials = pool.servers
      .find(({ credentials }) => credentials !== undefined)?.credentials;
    this.#caches = caches.map((cache) =>
      new CacheWriter(
        cache,
        pool,
        platform.clock,
        (status) => events.onStatus(status),
      )
    );
    this.#finder = new Finder(
      providers,
      platform,
      {
        onFound: (provider, endpoints) => this.#onFound(provider, endpoints),
        onAnswer: (answer) => events.onStatus({ type: "discovery", ...answer }),
      },
      options.discoveryPolicy,
    );
  }

  /** Whether what a source names comes as soon as it changes. */
  isWatched(origin: Origin): boolean {
    return hasName(this.#watchedNames, origin.replace("provider:", ""));
  }

  /** Resolves when somebody has named servers, or nobody waits for that any more. */
  get news(): Promise<void> {
    return this.#firstNews.promise;
  }

  start(): void {
    this.#finder.start();
  }

  stopWaiting(): void {
    this.#firstNews.resolve();
  }

  /** Resolves when every provider has answered or failed. */
  ask(reason: Reason): Promise<void> {
    return this.#finder.ask(reason);
  }

  /** Nobody is reachable. */
  seek(): void {
    this.#finder.seek("round-failed");
  }

  /** There is a session. */
  found(info: ServerInfo): void {
    this.#finder.rest();
    if (this.#admission.learnCluster(info)) {
      for (const [origin, endpoints] of this.#named) {
        this.#take(origin, endpoints);
      }
    }
    this.remember();
  }

  /** Gossip of a server that is itself only admitted is looked at like everything else. */
  learnGossip(connectUrls: readonly string[]): PoolChange {
    const change = this.#pool.update(
      connectUrls,
      (server) => this.#admits(server),
    );
    this.#tell(change, "gossip");
    return change;
  }

  /** The pool has changed. */
  remember(): void {
    for (const cache of this.#caches) cache.write();
  }

  /** Tells once that a server is not used. */
  tellOfSkip({ listen, origins }: PoolServer, reason: SkipReason): void {
    const key = `${reason} ${listen}`;
    if (this.#skips.has(key)) return;
    if (this.#skips.size >= SKIPS_REMEMBERED) this.#skips.clear();
    this.#skips.add(key);
    const [source = "static"] = origins;
    this.#events.onStatus({
      type: "serverSkipped",
      server: listen,
      source,
      reason,
    });
  }

  /** Resolves when the caches are written. */
  async stop(): Promise<void> {
    this.#finder.stop();
    await Promise.all(this.#caches.map((cache) => cache.stop()));
  }

  #onFound(provider: string, endpoints: readonly Endpoint[]): void {
    const origin = hasName(this.#cacheNames, provider)
      ? "cache"
      : `provider:${provider}` as const;
    this.#named.set(origin, endpoints);
    this.#take(origin, endpoints);
    this.#pool.forgive();
    this.#firstNews.resolve();
    this.#events.onNews();
  }

  #take(origin: Origin, endpoints: readonly Endpoint[]): void {
    const found = endpoints
      .map((endpoint) => this.#serverOf(endpoint, origin))
      .filter((server) => server !== undefined)
      .filter((server) => this.#admits(server));
    this.#tell(this.#pool.replace(origin, found), origin);
  }

  /** Field by field: a provider may hand on more of what it read than it should. */
  #serverOf(endpoint: Endpoint, origin: Origin): PoolServer | undefined {
    return foundServer(endpoint.url, origin, {
      serverId: endpoint.serverId,
      serverName: endpoint.serverName,
      cluster: endpoint.cluster,
      priority: endpoint.priority,
      weight: endpoint.weight,
      tlsName: endpoint.tlsName,
      lameDuck: endpoint.lameDuck,
      credentials: this.#pool.current?.credentials ?? this.#credentials,
    });
  }

  #admits(server: PoolServer): boolean {
    const reason = this.#admission.refusal(server);
    if (reason === undefined) return true;
    const known = this.#pool.servers.find(({ listen }) =>
      listen === server.listen
    );
    // It needs no admission, as the user has named it.
    if (known?.isTrusted === true) return reason !== "cluster";
    this.tellOfSkip(server, reason);
    return false;
  }

  #tell({ added, deleted }: PoolChange, source: Origin): void {
    if (added.length + deleted.length === 0) return;
    this.#events.onStatus({ type: "servers", added, removed: deleted, source });
    this.remember();
  }
}

/** The finder takes combinations apart, and tells of their parts. */
function apart(provider: Discovery): readonly Discovery[] {
  return provider instanceof Combined
    ? provider.parts.flatMap(apart)
    : [provider];
}

function isCache(provider: Discovery): provider is ServerCache {
  return "store" in provider && typeof provider.store === "function";
}

function namesOf(providers: readonly Discovery[]): ReadonlySet<string> {
  return new Set(providers.map(({ name }) => name));
}

/** The finder tells apart two providers of one name by a number. */
function hasName(names: ReadonlySet<string>, name: string): boolean {
  return names.has(name) || names.has(name.replace(/#\d+$/, ""));
}
