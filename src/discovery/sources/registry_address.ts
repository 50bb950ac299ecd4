/** Where a registry of Midge's own is, and how it is named in URLs and in the log. */
import { formatAddress } from "../../net/address.ts";

/** Where a registry is, and what it takes to announce there. */
export interface RegistryAddress {
  /** An IPv6 address carries no brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Empty for none. */
  readonly token: string;
}

/** `registry://host:port`, which shows no token. */
export function registryName(address: RegistryAddress): string {
  return `registry://${formatAddress(address)}`;
}

/** The start of each of its URLs. */
export function registryUrl(address: RegistryAddress): string {
  return `${address.tls ? "https" : "http"}://${formatAddress(address)}`;
}
