/**
 * The servers that this one has routes to, remembered in the caches among its
 * providers. Started again after all others have moved on, it may find there
 * what no other provider lists any more.
 */
import type { Logger } from "../core/log.ts";
import { printableText } from "../core/quote.ts";
import type {
  Discovery,
  Endpoint,
  ServerCache,
} from "../discovery/discovery.ts";
import { gossipAbout } from "./gossip.ts";
import type { Route } from "./route.ts";

export class RouteMemory {
  readonly #caches: readonly ServerCache[];
  readonly #log: Logger;
  #hasFailed = false;

  constructor(providers: readonly Discovery[], log: Logger) {
    this.#caches = providers.filter(isCache);
    this.#log = log;
  }

  /** Remembers these and no others; without any, what is remembered stays. */
  store(routes: Iterable<Route>): void {
    if (this.#caches.length === 0) return;
    const endpoints = [...routes].map(endpointOf)
      .filter((endpoint) => endpoint !== undefined);
    if (endpoints.length === 0) return;
    for (const cache of this.#caches) {
      cache.store(endpoints).then(
        () => this.#hasFailed = false,
        (error: unknown) => this.#failed(error),
      );
    }
  }

  #failed(error: unknown): void {
    const line = printableText(
      error instanceof Error ? error.message : String(error),
    );
    if (this.#hasFailed) this.#log.debug(line);
    else this.#log.error(line);
    this.#hasFailed = true;
  }
}

function isCache(provider: Discovery): provider is ServerCache {
  return "store" in provider;
}

/** Where others are told to dial that server. */
function endpointOf(
  { member: { info }, connection: { socket } }: Route,
): Endpoint | undefined {
  const url = info && gossipAbout(info, socket.remote)?.ip;
  return url === undefined ? undefined : { url };
}
