/**
 * Keeps caches up to date with the servers that this client has seen to live, or
 * that others have named: a while after each change, as changes come in bursts,
 * and once more at the end. A cache is never emptied, and gets no credentials. A
 * failure is told as a status, and has no other effect.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import {
  DiscoveryError,
  type Endpoint,
  type ServerCache,
} from "../../discovery/discovery.ts";
import type { ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";
import type { StatusSink } from "../api/status.ts";

const WRITE_DELAY_MS = 500;
/** The end waits no longer than this for a file. */
const LAST_WRITE_MS = 1000;

/** All caches of a client. */
export class Caches {
  readonly #writers: readonly CacheWriter[];

  constructor(
    caches: readonly ServerCache[],
    pool: ServerPool,
    clock: Clock,
    statuses: StatusSink,
  ) {
    this.#writers = caches.map((cache) =>
      new CacheWriter(cache, pool, clock, statuses)
    );
  }

  /** Writes the servers worth remembering, soon. */
  write(): void {
    for (const writer of this.#writers) writer.write();
  }

  /** Writes what is due. */
  async stop(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }
}

class CacheWriter {
  readonly #cache: ServerCache;
  readonly #pool: ServerPool;
  readonly #clock: Clock;
  readonly #statuses: StatusSink;
  #timer: Timer | undefined;
  #isDue = false;
  /** What was written last, as text. */
  #written = "";
  #writing: Promise<void> = Promise.resolve();

  constructor(
    cache: ServerCache,
    pool: ServerPool,
    clock: Clock,
    statuses: StatusSink,
  ) {
    this.#cache = cache;
    this.#pool = pool;
    this.#clock = clock;
    this.#statuses = statuses;
  }

  /** Writes the servers worth remembering, soon. */
  write(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#timer = this.#clock.after(WRITE_DELAY_MS, () => this.#store());
  }

  /** Writes what is due. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    if (this.#isDue) this.#store();
    const { promise, resolve } = deferred<void>();
    const timer = this.#clock.after(LAST_WRITE_MS, resolve);
    await Promise.race([this.#writing, promise]);
    timer.cancel();
  }

  #store(): void {
    this.#isDue = false;
    const { servers, current } = this.#pool;
    const endpoints = servers
      .filter((server) => isWorthRemembering(server, current))
      .toSorted((a, b) => Number(b.everConnected) - Number(a.everConnected))
      .map(endpointOf);
    const text = JSON.stringify(endpoints);
    if (endpoints.length === 0 || text === this.#written) return;
    this.#written = text;
    this.#writing = this.#writing.then(() => this.#storeNow(endpoints));
  }

  async #storeNow(endpoints: readonly Endpoint[]): Promise<void> {
    try {
      await this.#cache.store(endpoints);
    } catch (cause) {
      this.#written = "";
      const { name } = this.#cache;
      const error = cause instanceof DiscoveryError
        ? cause
        : new DiscoveryError(`Cannot write "${name}"`, { cause });
      this.#statuses.tell({
        type: "discovery",
        provider: name,
        reason: "store",
        count: endpoints.length,
        error,
      });
    }
  }
}

/** That the user or the cache itself names a server says nothing new; that it let us in does. */
function isWorthRemembering(
  server: PoolServer,
  current: PoolServer | undefined,
): boolean {
  const { everConnected, isStatic, origins } = server;
  const isKnownToLive = everConnected && (isStatic || server === current);
  return isKnownToLive ||
    [...origins].some((origin) => origin !== "static" && origin !== "cache");
}

function endpointOf(server: PoolServer): Endpoint {
  const { url, serverId, serverName, cluster, tlsName } = server;
  return {
    url,
    ...(serverId !== undefined && { serverId }),
    ...(serverName !== undefined && { serverName }),
    ...(cluster !== undefined && { cluster }),
    ...(tlsName !== undefined && { tlsName }),
  };
}
