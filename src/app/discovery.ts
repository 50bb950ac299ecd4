/**
 * What the URLs of a server's configuration come to: providers for its
 * cluster, and registrars for its announcer.
 */
import type { Broker } from "../broker/broker.ts";
import {
  defaultDiscoveryOptions,
  type ServerOptions,
} from "../options/options.ts";
import type { Discovery, Wanted } from "../discovery/discovery.ts";
import type { Registrar } from "../discovery/registrar.ts";
import { providerOf } from "../discovery/providers/provider_of.ts";
import { registrarOf } from "../discovery/announcing/registrar_of.ts";
import type { DiscoveryPlatform } from "../discovery/platform.ts";
import type { DiscoveryTarget } from "../discovery/url.ts";
import { Announcer } from "../discovery/announcing/announcer.ts";

/** Makes providers and registrars. */
export interface DiscoveryMakers {
  providerOf(target: DiscoveryTarget, wanted: Wanted): Discovery;
  registrarOf(target: DiscoveryTarget): Registrar;
}

export interface DiscoverySource extends DiscoveryPlatform {
  /** Makes providers and registrars of URLs in another way. */
  readonly discovery?: DiscoveryMakers;
}

/** Those whom the server asks for other nodes. Throws a `DiscoveryError` for a URL that cannot be used. */
export function providersOf(
  { discovery }: ServerOptions,
  platform: DiscoverySource,
): Discovery[] {
  const makers = makersOn(platform);
  return (discovery?.find ?? [])
    .map((target) => makers.providerOf(target, "route"));
}

/**
 * What announces the server; undefined when it is to be announced nowhere.
 * Throws as `providersOf` does.
 */
export function announcerOf(
  broker: Broker,
  platform: DiscoverySource,
): Announcer | undefined {
  const { announce, ttlMs } = broker.options.discovery ??
    defaultDiscoveryOptions();
  if (announce.length === 0) return undefined;
  const makers = makersOn(platform);
  const registrars = announce.map((target) => makers.registrarOf(target));
  return new Announcer(registrars, broker.host, ttlMs);
}

function makersOn(platform: DiscoverySource): DiscoveryMakers {
  return platform.discovery ?? {
    providerOf: (target, wanted) => providerOf(target, platform, wanted),
    registrarOf: (target) => registrarOf(target, platform),
  };
}
