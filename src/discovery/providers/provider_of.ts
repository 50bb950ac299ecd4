/**
 * Providers out of the URLs that `url.ts` has read: the one place that knows all
 * of them. `announcing/registrar_of.ts` does the same for registrars.
 */
import { cacheFile } from "./cache.ts";
import { type Discovery, DiscoveryError, type Wanted } from "../discovery.ts";
import { consul } from "./consul.ts";
import { dnsAddresses, dnsServices } from "./dns.ts";
import { etcd } from "./etcd.ts";
import { fileList } from "./file_list.ts";
import { httpList } from "./http_list.ts";
import { natsMonitor } from "./monitor.ts";
import type { DiscoveryPlatform } from "../platform.ts";
import { registry } from "./registry.ts";
import { GuardedDiscovery } from "./guarded_discovery.ts";
import { secretOf } from "../sources/secret.ts";
import {
  consulOptionsOf,
  etcdOptionsOf,
  hasTls,
  registryAddressOf,
} from "../sources/target_options.ts";
import { withTlsOf } from "../sources/target_tls.ts";
import { staticList } from "./static_list.ts";
import type { DiscoveryTarget } from "../url.ts";

/** The provider that a URL names. Throws a `DiscoveryError` for one that cannot be used. */
export function providerOf(
  target: DiscoveryTarget,
  machine: DiscoveryPlatform,
  wanted: Wanted,
): Discovery {
  const platform = withTlsOf(target, machine);
  const { host, port, pathname: path, url, params } = target;
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

function guarded(
  target: DiscoveryTarget,
  platform: DiscoveryPlatform,
  wanted: Wanted,
): Discovery {
  const make = (secret: string): Discovery => {
    switch (target.scheme) {
      case "etcd":
        return etcd(etcdOptionsOf(target, secret), platform, wanted);
      case "consul":
        return consul(consulOptionsOf(target, secret), platform, wanted);
      default:
        return registry(registryAddressOf(target, secret), platform, wanted);
    }
  };
  const secret = secretOf(target, platform);
  return "path" in secret
    ? new GuardedDiscovery(secret.path, platform.files, make)
    : make(secret.text);
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
