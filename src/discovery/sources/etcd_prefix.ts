/** The keys of etcd below which nodes are written down, and how they are named in the log. */
import { formatAddress } from "../../net/address.ts";
import type { EtcdAddress } from "./etcd_gateway.ts";

export interface EtcdOptions extends EtcdAddress {
  /** Where the nodes are; slashes around it make no difference. */
  readonly prefix: string;
}

/** `etcd://host:port/prefix`, without the login. */
export function etcdName(options: EtcdOptions): string {
  return `etcd://${formatAddress(options)}/${withoutSlashes(options)}`;
}

/** It begins and ends with a slash. */
export function etcdPrefix(options: EtcdOptions): string {
  const path = withoutSlashes(options);
  return path === "" ? "/" : `/${path}/`;
}

function withoutSlashes({ prefix }: EtcdOptions): string {
  return prefix.replace(/^\/+|\/+$/g, "");
}
