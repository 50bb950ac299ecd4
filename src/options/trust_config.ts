/**
 * The keys of `resolver` as a program writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */

/** A resolver that keeps the JWTs of accounts in a folder. */
export interface ResolverConfig {
  /** `full` for all JWTs, `cache` for those in use. */
  type: string;
  /** The folder. */
  dir: string;
  /** `full`: accounts may be deleted by a request. */
  allow_delete?: boolean;
  /** `full`: files of deleted accounts go, instead of getting another name. */
  hard_delete?: boolean;
  /** Most files; 0 for no limit. Default: `0`. */
  limit?: number;
  /** `full`: how often nodes compare what they have. Takes: duration. Default: `1m0s`. */
  interval?: string;
  /** How long another node is waited for. Takes: duration. Default: `1.9s`. */
  timeout?: string;
  /** `cache`: how long a file that is not used is kept; 0 for ever. Takes: duration. Default: `0s`. */
  ttl?: string;
}

/** A service inside the server that decides who may log in. */
export interface AuthCalloutConfig {
  /** The public account key that signs its answers. Takes: public key. */
  issuer: string;
  /** The account that the service is in. Default: `$G`. */
  account?: string;
  /** Users, by name or key, that log in without it: the service itself. Takes: list of names. */
  auth_users: readonly string[];
  /** The public curve key that requests are sealed for. Takes: public key. */
  xkey?: string;
  /** Accounts whose users it decides about; all unless set. Takes: list of names. */
  allowed_accounts?: readonly string[];
}

/** Proxies that clients may come through. */
export interface ProxiesConfig {
  /** Who they are. Takes: list of proxies. */
  trusted?: readonly ProxyConfig[];
}

/** A proxy that clients may come through. */
export interface ProxyConfig {
  /** The public key by which it signs. Takes: public key. */
  key: string;
}
