/** What a URL says of a store that is asked and announced at alike. */
import type { DiscoveryTarget } from "../url.ts";
import type { ConsulOptions } from "./consul_service.ts";
import type { EtcdOptions } from "./etcd_prefix.ts";
import type { RegistryAddress } from "./registry_address.ts";

export function etcdOptionsOf(
  target: DiscoveryTarget,
  password: string,
): EtcdOptions {
  const { host, port, user, pathname: prefix } = target;
  return { host, port, tls: hasTls(target), user, password, prefix };
}

export function consulOptionsOf(
  target: DiscoveryTarget,
  token: string,
): ConsulOptions {
  const { pathname: service, params } = target;
  const filter = { dc: params.get("dc") ?? "", tag: params.get("tag") ?? "" };
  return { ...registryAddressOf(target, token), service, ...filter };
}

export function registryAddressOf(
  target: DiscoveryTarget,
  token: string,
): RegistryAddress {
  const { host, port } = target;
  return { host, port, tls: hasTls(target), token };
}

export function hasTls({ params }: DiscoveryTarget): boolean {
  return params.get("tls") === "true";
}
