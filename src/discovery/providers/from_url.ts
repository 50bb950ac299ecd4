/**
 * Providers and registrars out of the URLs that `url.ts` has read: the one place
 * that knows them all.
 */
import { cacheFile } from "./cache.ts";
import {
  type Discovery,
  DiscoveryError,
  type Registrar,
  type Wanted,
} from "../discovery.ts";
import { consul } from "./consul.ts";
import { dnsAddresses, dnsServices } from "./dns.ts";
import { etcd } from "./etcd.ts";
import { fileList } from "./file_list.ts";
import { fileRegistrar } from "../announcing/file_registrar.ts";
import { httpList } from "./http_list.ts";
import { natsMonitor } from "./monitor.ts";
import type { DiscoveryPlatform } from "../platform.ts";
import { registry } from "./registry.ts";
import { registryRegistrar } from "../announcing/registry_registrar.ts";
import { GuardedDiscovery, GuardedRegistrar, secretOf } from "./secret.ts";
import { staticList } from "./static_list.ts";
import type { DiscoveryTarget } from "../url.ts";

/** The provider that a URL names. Throws a `DiscoveryError` for one that cannot be used. */
export function providerOf(
  target: DiscoveryTarget,
  platform: DiscoveryPlatform,
  wanted: Wanted,
): Discovery {
  const { host, port, path, url, params } = target;
  const resolver = params.get("resolver");
  switch (target.scheme) {
    case "dns":
      return dnsAddresses({ host, port, resolver }, platform, wanted);
    case "srv":
      return dnsServices({ name: host, resolver }, platform, wanted);
    case "http":
    case "https":
      return httpList({ url }, platform, wanted);
    case "file":
      return fileList({ path }, platform, wanted);
    case "cache":
      return cacheFile({ path }, platform);
    case "monitor":
      return natsMonitor({ host, port, tls: hasTls(target) }, platform, wanted);
    case "nats":
    case "tls":
    case "nats-route":
      checkDoor(target, wanted);
      return staticList([url]);
    case "etcd":
    case "consul":
    case "registry":
      return guarded(target, platform, wanted);
  }
}

/** The registrar that a URL names. Throws a `DiscoveryError` where nothing can be announced. */
export function registrarOf(
  target: DiscoveryTarget,
  platform: DiscoveryPlatform,
): Registrar {
  const { scheme, name, path } = target;
  switch (scheme) {
    case "file":
      if (path.endsWith("/")) return fileRegistrar({ path }, platform);
      throw new DiscoveryError(
        `Cannot announce at "${name}": only a folder, whose path ends in a ` +
          "slash, holds announcements",
      );
    case "etcd":
    case "consul":
    case "registry":
      return guardedRegistrar(target, platform);
    default:
      throw new DiscoveryError(
        `Cannot announce at "${name}": ${scheme}:// can only be asked`,
      );
  }
}

function guarded(
  target: DiscoveryTarget,
  platform: DiscoveryPlatform,
  wanted: Wanted,
): Discovery {
  const make = (secret: string): Discovery =>
    target.scheme === "registry"
      ? registry(placeOf(target, secret), platform, wanted)
      : storeOf(target, secret, platform, wanted);
  const secret = secretOf(target, platform);
  return "path" in secret
    ? new GuardedDiscovery(secret.path, platform.files, make)
    : make(secret.text);
}

function guardedRegistrar(
  target: DiscoveryTarget,
  platform: DiscoveryPlatform,
): Registrar {
  const make = (secret: string): Registrar =>
    target.scheme === "registry"
      ? registryRegistrar(placeOf(target, secret), platform)
      : storeOf(target, secret, platform, "route");
  const secret = secretOf(target, platform);
  return "path" in secret
    ? new GuardedRegistrar(secret.path, platform.files, make)
    : make(secret.text);
}

/** Other people's registries, which are asked and announced at alike. */
function storeOf(
  target: DiscoveryTarget,
  secret: string,
  platform: DiscoveryPlatform,
  wanted: Wanted,
): Discovery & Registrar {
  const { host, port, user, path, params } = target;
  const tls = hasTls(target);
  if (target.scheme === "etcd") {
    const login = { user, password: secret };
    return etcd({ host, port, tls, ...login, prefix: path }, platform, wanted);
  }
  const place = { host, port, tls, token: secret };
  const filter = { dc: params.get("dc") ?? "", tag: params.get("tag") ?? "" };
  return consul({ ...place, service: path, ...filter }, platform, wanted);
}

function placeOf(
  target: DiscoveryTarget,
  token: string,
): Parameters<typeof registry>[0] {
  const { host, port } = target;
  return { host, port, tls: hasTls(target), token };
}

function hasTls({ params }: DiscoveryTarget): boolean {
  return params.get("tls") === "true";
}

/** A client that is sent to a route port, or a node to a client's, would never get in. */
function checkDoor({ scheme, name }: DiscoveryTarget, wanted: Wanted): void {
  if ((scheme === "nats-route") === (wanted === "route")) return;
  const [whose, right] = wanted === "client"
    ? ["nodes", "nats://host:port"]
    : ["clients", "nats-route://host:port"];
  throw new DiscoveryError(
    `Cannot use "${name}" for discovery: it is a door for ${whose}, ` +
      `expected ${right}`,
  );
}
