/** A user: of `authorization`, of an account, or of a JWT. */
import type { ConnectionType, PermissionsOptions } from "./permissions.ts";

/** One user. */
export interface UserOptions {
  /** The name that the client logs in with; empty with an `nkey`. */
  user: string;
  /** Its password, in clear or as a bcrypt hash. */
  password: string;
  /** The public key that it logs in with, in place of name and password. */
  nkey?: string;
  /**
   * What it may publish and subscribe to; everything unless set. Users without
   * permissions of their own have the default ones of their place here.
   */
  permissions?: PermissionsOptions;
  /** The kinds of connection that it may come by; all unless set. */
  connectionTypes?: ConnectionType[];
  /** It has to come through a trusted proxy. */
  proxyRequired?: boolean;
}
