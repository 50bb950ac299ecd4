/**
 * The options of `discovery`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { DiscoveryTarget } from "../discovery/url.ts";
import type { TlsSettings } from "./tls.ts";
import type { TlsConfig } from "./tls_config.ts";

/** Where this node tells that it lives, and where it looks for others. */
export interface DiscoveryOptions {
  /** Where this node announces that it lives: `registry://`, `etcd://`, `consul://`, `file:///dir/`. */
  announce: DiscoveryTarget[];
  /** Where this node looks for other nodes of its cluster: there, and at `dns://`, `srv://`, `http://`, `monitor://`. */
  find: DiscoveryTarget[];
  /** How long an announcement holds unless it is renewed, 1s to 1h. */
  ttlMs: number;
  /** Send the cluster's credentials to the nodes that are found. */
  trustCredentials: boolean;
  /** All of these are asked over TLS unless their URL says `tls=false`; files that a URL names count before those here. */
  tls: TlsSettings | undefined;
}

/**
 * The `discovery` block. URLs are those of clients: `registry://host:port`,
 * `etcd://host:port/prefix`, `dns://name:port` and so on, each alone or several
 * divided by commas.
 */
export interface DiscoveryConfig {
  /** Where this node announces that it lives: `registry://`, `etcd://`, `consul://`, `file:///dir/`. Takes: URL or list of URLs. */
  announce?: string | readonly string[];
  /** Where this node looks for other nodes of its cluster: there, and at `dns://`, `srv://`, `http://`, `monitor://`. Takes: URL or list of URLs. */
  find?: string | readonly string[];
  /** How long an announcement holds unless it is renewed, 1s to 1h. Takes: duration. Default: `15s`. */
  ttl?: string;
  /** Send the cluster's credentials to the nodes that are found. */
  trust_credentials?: boolean;
  /** All of these are asked over TLS unless their URL says `tls=false`; files that a URL names count before those here. */
  tls?: TlsConfig;
}

/** The options of `discovery` without a configuration; a fresh object each time. */
export function defaultDiscoveryOptions(): DiscoveryOptions {
  return {
    announce: [],
    find: [],
    ttlMs: 15000,
    trustCredentials: false,
    tls: undefined,
  };
}
