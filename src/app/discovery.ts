/**
 * What the URLs of a server's configuration come to: providers for its
 * cluster, and registrars for its announcer.
 */
import type { Broker } from "../broker/broker.ts";
import type { ServerOptions } from "../config/options.ts";
import type { Discovery, Registrar, Wanted } from "../discovery/discovery.ts";
import type { DiscoveryTarget } from "../discovery/url.ts";
import { Announcer } from "./announcer.ts";

/** Makes providers and registrars. */
export interface DiscoveryMakers {
  providerOf(target: DiscoveryTarget, wanted: Wanted): Discovery;
  registrarOf(target: DiscoveryTarget): Registrar;
}

export interface DiscoverySource {
  readonly discovery?: DiscoveryMakers;
}

/** Those whom the server asks for other nodes. Throws a `DiscoveryError` for a URL that is none. */
export function providersOf(
  { discovery }: ServerOptions,
  platform: DiscoverySource,
): Discovery[] {
  const makers = platform.discovery;
  if (makers === undefined) return [];
  return (discovery?.find ?? [])
    .map((target) => makers.providerOf(target, "route"));
}

/** Whoever announces the server; undefined when it is to be announced nowhere. Throws as `providersOf` does. */
export function announcerOf(
  broker: Broker,
  platform: DiscoverySource,
): Announcer | undefined {
  const makers = platform.discovery;
  const { discovery } = broker.options;
  if (makers === undefined || discovery === undefined) return undefined;
  if (discovery.announce.length === 0) return undefined;
  const registrars = discovery.announce
    .map((target) => makers.registrarOf(target));
  return new Announcer(registrars, broker, discovery.ttlMs);
}
