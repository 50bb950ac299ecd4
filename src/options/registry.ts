/**
 * The options of `registry`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { TlsSettings } from "./tls.ts";
import type { TlsConfig } from "./tls_config.ts";

/** A registry of nodes, served over HTTP. */
export interface RegistryOptions {
  /** The host part of `listen`. */
  host: string;
  /** The port part of `listen`; 0 for any free one. */
  port: number;
  /** What a node needs to announce itself; nothing unless set. */
  token: string | undefined;
  /** The registry is asked by `https`, and with `verify` by those with a certificate alone. */
  tls: TlsSettings | undefined;
  /** Keep the nodes in this file over a restart. */
  stateFile: string;
}

/** The `registry` block. Without a host it is for programs of this machine only. */
export interface RegistryConfig {
  /** Where a registry of nodes is served; for this machine only unless a host is named. Takes: port or host:port. Default: `127.0.0.1:4280`. */
  listen?: string | number;
  /** The host part of `listen`. Default: `127.0.0.1`. */
  host?: string;
  /** The port part of `listen`; 0 for any free one. Default: `4280`. */
  port?: number;
  /** What a node needs to announce itself; nothing unless set. */
  token?: string;
  /** The registry is asked by `https`, and with `verify` by those with a certificate alone. */
  tls?: TlsConfig;
  /** Keep the nodes in this file over a restart. */
  state_file?: string;
}

/** The options of `registry` without a configuration; a fresh object each time. */
export function defaultRegistryOptions(): RegistryOptions {
  return {
    host: "127.0.0.1",
    port: 4280,
    token: undefined,
    tls: undefined,
    stateFile: "",
  };
}
