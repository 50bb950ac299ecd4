/** The URL of a node to dial, as `routes` lists it. */
import type { RouteTarget } from "../../options/options.ts";
import { parseNodeUrl, UrlError } from "../../net/url.ts";

/**
 * Reads the URL of a route. User information without a password is a token, as
 * in `nats-route://TOKEN@host:port`. Throws UrlError.
 */
export function parseRouteUrl(url: string): RouteTarget {
  const { scheme, user, host, port } = parseNodeUrl(url);
  if (port === 0) throw new UrlError('invalid port "0" after host');
  const address = {
    host,
    port,
    ...(scheme === "tls" && { tls: true as const }),
  };
  if (user === undefined) return address;
  const { name, password } = user;
  return password === undefined
    ? { ...address, token: name }
    : { ...address, user: name, password };
}
