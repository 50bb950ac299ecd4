/**
 * Whom a server trusts besides its own configuration. Operator mode: who vouches
 * for accounts, and where their JWTs are found. A service that decides about
 * logins, and proxies.
 */

/** Accounts are those of `preload`, and of what is pushed. */
export interface MemoryResolver {
  readonly kind: "memory";
}

/** Accounts are asked for at a URL, to which the account's key is appended. */
export interface UrlResolver {
  readonly kind: "url";
  readonly url: string;
}

/** Accounts are files of a folder: all that there are, or those that were asked for. */
export interface FolderResolver {
  readonly kind: "full" | "cache";
  readonly folder: string;
  /** Most accounts in it; 0: no limit. */
  readonly limit: number;
  /** `full`: how often it is compared with that of another server. */
  readonly intervalMs: number;
  /** How long other servers may take to answer. */
  readonly timeoutMs: number;
  /** `cache`: how long an account is kept; 0: as long as there is room. */
  readonly ttlMs: number;
  /** Accounts may be deleted, and whether their files go or are renamed; `cache`: they may, and go. */
  readonly allowDelete: boolean;
  readonly hardDelete: boolean;
}

/** Where the JWTs of accounts come from. */
export type ResolverOptions = MemoryResolver | UrlResolver | FolderResolver;

/** Operator mode: whom the server trusts. */
export interface TrustOptions {
  /** The JWTs of operators. */
  readonly operators: readonly string[];
  /** Public keys that are trusted as those of operators. */
  readonly trustedKeys: readonly string[];
  /** Undefined: the operator says where accounts are found. */
  readonly resolver: ResolverOptions | undefined;
  /** JWTs of accounts by the accounts' keys. */
  readonly preload: ReadonlyMap<string, string>;
  /** Users of no other accounts come in; undefined: of all. */
  readonly pinnedAccounts: readonly string[] | undefined;
  /** The bearer JWT of a client that brings none; empty: it does not come in. */
  readonly defaultSentinel: string;
}

/** A service inside the server that decides who may log in. */
export interface AuthCalloutOptions {
  /** The account key that signs its answers. */
  readonly issuer: string;
  /** The account that it is in. */
  readonly account: string;
  /** Users of this configuration, by name or key, that log in without it: the service itself. */
  readonly authUsers: readonly string[];
  /** The curve key that requests are sealed for; empty: they are not sealed. */
  readonly xkey: string;
  /** Accounts whose users it decides about; empty: all. */
  readonly allowedAccounts: readonly string[];
}

/** Proxies that clients may come through. */
export interface ProxiesOptions {
  /** The public keys by which they sign. */
  readonly trustedKeys: readonly string[];
}
