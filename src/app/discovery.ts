/**
 * What the URLs of a server's configuration come to: providers for its
 * cluster, and registrars for its announcer.
 */
import type { Broker } from "../broker/broker.ts";
import { fetchTlsOf } from "../net/fetch_with_tls.ts";
import {
  defaultDiscoveryOptions,
  type DiscoveryOptions,
} from "../options/options.ts";
import type { Discovery, Wanted } from "../discovery/discovery.ts";
import type { Registrar } from "../discovery/registrar.ts";
import { providerOf } from "../discovery/providers/provider_of.ts";
import { registrarOf } from "../discovery/announcing/registrar_of.ts";
import type { DiscoveryPlatform } from "../discovery/platform.ts";
import { type DiscoveryTarget, overTls } from "../discovery/url.ts";
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
  broker: Broker,
  platform: DiscoverySource,
): Discovery[] {
  const { find } = optionsOf(broker);
  const makers = makersOn(broker, platform);
  return find.map((target) => makers.providerOf(target, "route"));
}

/**
 * What announces the server; undefined when it is to be announced nowhere.
 * Throws as `providersOf` does.
 */
export function announcerOf(
  broker: Broker,
  platform: DiscoverySource,
): Announcer | undefined {
  const { announce, ttlMs } = optionsOf(broker);
  if (announce.length === 0) return undefined;
  const makers = makersOn(broker, platform);
  const registrars = announce.map((target) => makers.registrarOf(target));
  return new Announcer(registrars, broker.host, ttlMs);
}

function optionsOf({ options }: Broker): DiscoveryOptions {
  return options.discovery ?? defaultDiscoveryOptions();
}

/** With `tls` all are asked over TLS, by its settings as they are at each question. */
function makersOn(broker: Broker, machine: DiscoverySource): DiscoveryMakers {
  if (machine.discovery !== undefined) return machine.discovery;
  if (optionsOf(broker).tls === undefined) return makersOf(machine);
  const makers = makersOf({
    ...machine,
    sourceTls: () => {
      const { tls } = optionsOf(broker);
      return tls && fetchTlsOf(tls);
    },
  });
  return {
    providerOf: (target, wanted) => makers.providerOf(overTls(target), wanted),
    registrarOf: (target) => makers.registrarOf(overTls(target)),
  };
}

function makersOf(platform: DiscoveryPlatform): DiscoveryMakers {
  return {
    providerOf: (target, wanted) => providerOf(target, platform, wanted),
    registrarOf: (target) => registrarOf(target, platform),
  };
}
