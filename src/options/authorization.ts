/**
 * The options of `authorization`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { PermissionsConfig, UserConfig } from "./account_config.ts";
import type { PermissionsOptions } from "./permissions.ts";
import type { AuthCalloutOptions } from "./trust.ts";
import type { AuthCalloutConfig } from "./trust_config.ts";
import type { UserOptions } from "./user.ts";

/** Who may log in. Passwords and tokens may be hashed by bcrypt. */
export interface AuthorizationOptions {
  /** The one user who may log in. */
  user?: string;
  /** The password of `user`, in clear or as a bcrypt hash. */
  password?: string;
  /** A token to log in with, in clear or as a bcrypt hash. */
  token?: string;
  /** Several users instead of one. */
  users: UserOptions[];
  /** How long a connection may take to log in: 2s, or with `tls` a second longer than a handshake. */
  timeoutMs: number | undefined;
  /** For those who have no permissions of their own. */
  defaultPermissions?: PermissionsOptions;
  /** A service that decides who may log in. */
  authCallout?: AuthCalloutOptions;
  /** Clients have to come through one of the `proxies`. */
  proxyRequired?: boolean;
}

/** `{ user, password }` or `{ token }` or `{ users }`. Hashes made by bcrypt are recognised. */
export interface AuthorizationConfig {
  /** The one user who may log in. */
  user?: string;
  /** The password of `user`, in clear or as a bcrypt hash. */
  password?: string;
  /** A token to log in with, in clear or as a bcrypt hash. */
  token?: string;
  /** Several users instead of one. Takes: list of users. */
  users?: readonly UserConfig[];
  /** How long a connection may take to log in: 2s, or with `tls` a second longer than a handshake. Takes: seconds or duration, 0 for the default. */
  timeout?: number | string;
  /** For those who have no permissions of their own. */
  default_permissions?: PermissionsConfig;
  /** A service that decides who may log in. */
  auth_callout?: AuthCalloutConfig;
  /** Clients have to come through one of the `proxies`. */
  proxy_required?: boolean;
}

/** The options of `authorization` without a configuration; a fresh object each time. */
export function defaultAuthorizationOptions(): AuthorizationOptions {
  return {
    users: [],
    timeoutMs: undefined,
  };
}
