/**
 * Registrars out of the URLs that `url.ts` has read: the one place that knows
 * all of them. `providers/provider_of.ts` does the same for providers.
 */
import { DiscoveryError } from "../discovery.ts";
import type { DiscoveryPlatform } from "../platform.ts";
import type { Registrar } from "../registrar.ts";
import { secretOf } from "../sources/secret.ts";
import {
  consulOptionsOf,
  etcdOptionsOf,
  registryAddressOf,
} from "../sources/target_options.ts";
import { withTlsOf } from "../sources/target_tls.ts";
import type { DiscoveryTarget } from "../url.ts";
import { consulRegistrar } from "./consul_registrar.ts";
import { etcdRegistrar } from "./etcd_registrar.ts";
import { fileRegistrar } from "./file_registrar.ts";
import { GuardedRegistrar } from "./guarded_registrar.ts";
import { registryRegistrar } from "./registry_registrar.ts";

/** The registrar that a URL names. Throws a `DiscoveryError` where nothing can be announced. */
export function registrarOf(
  target: DiscoveryTarget,
  machine: DiscoveryPlatform,
): Registrar {
  const platform = withTlsOf(target, machine);
  const { scheme, name, pathname: path } = target;
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
      return guarded(target, platform);
    default:
      throw new DiscoveryError(
        `Cannot announce at "${name}": ${scheme}:// can only be asked`,
      );
  }
}

function guarded(
  target: DiscoveryTarget,
  platform: DiscoveryPlatform,
): Registrar {
  const make = (secret: string): Registrar => {
    switch (target.scheme) {
      case "etcd":
        return etcdRegistrar(etcdOptionsOf(target, secret), platform);
      case "consul":
        return consulRegistrar(consulOptionsOf(target, secret), platform);
      default:
        return registryRegistrar(registryAddressOf(target, secret), platform);
    }
  };
  const secret = secretOf(target, platform);
  return "path" in secret
    ? new GuardedRegistrar(secret.path, platform.files, make)
    : make(secret.text);
}
