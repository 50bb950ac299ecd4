/**
 * A route to dial. It is what the configuration makes of a URL; the options of
 * the cluster hold a list of them.
 */

/** A route to dial, from `nats-route://[user:password@ | token@]host:port` or `tls://...`. */
export interface RouteTarget {
  /** A name or an address. */
  host: string;
  /** Where the other node listens for routes. */
  port: number;
  /** Credentials that this node presents. */
  user?: string;
  /** Of `user`. */
  password?: string;
  /** In place of user and password. */
  token?: string;
  /** The URL says that it is reached over TLS. */
  tls?: true;
  /** The name that its certificate has to show, where that is not `host`. */
  tlsName?: string;
}
