/** The providers that a client was given, by the names that their answers carry. */
import type { Discovery, ServerCache } from "../../discovery/discovery.ts";
import type { Origin } from "../api/servers.ts";

export class Sources {
  /** Those that remember what a client has seen. */
  readonly caches: readonly ServerCache[];
  readonly #cacheNames: ReadonlySet<string>;
  readonly #watchedNames: ReadonlySet<string>;

  constructor(providers: readonly Discovery[]) {
    this.caches = providers.filter(isCache);
    this.#cacheNames = namesOf(this.caches);
    this.#watchedNames = namesOf(
      providers.filter(({ watch }) => watch !== undefined),
    );
  }

  /** Who says so, when a provider of this name does. */
  originOf(provider: string): Origin {
    return hasName(this.#cacheNames, provider)
      ? "cache"
      : `provider:${provider}`;
  }

  /** Whether what a source names comes as soon as it changes. */
  isWatched(origin: Origin): boolean {
    return hasName(this.#watchedNames, origin.replace("provider:", ""));
  }
}

function isCache(provider: Discovery): provider is ServerCache {
  return "store" in provider && typeof provider.store === "function";
}

function namesOf(providers: readonly Discovery[]): ReadonlySet<string> {
  return new Set(providers.map(({ name }) => name));
}

/** A finder tells apart two providers of one name by a number. */
function hasName(names: ReadonlySet<string>, name: string): boolean {
  return names.has(name) || names.has(name.replace(/#\d+$/, ""));
}
