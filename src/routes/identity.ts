/**
 * Who this server is to other servers: what it says of itself when it
 * introduces itself, and the credentials that it shares with its cluster.
 */
import type { Door } from "../auth/door.ts";
import { isBcrypt } from "../auth/secret_check.ts";
import type { Broker } from "../broker/broker.ts";
import type {
  AuthorizationOptions,
  ClusterOptions,
  DiscoveryOptions,
} from "../options/options.ts";
import { advertisedAddress, formatAddress } from "../net/address.ts";
import type { Address } from "../platform/socket.ts";
import type { RouteCredentials } from "./dialers.ts";
import type { ClusterName } from "./cluster_name.ts";
import type { RouteIdentity } from "./handshake.ts";

/** What a cluster knows of itself. */
export interface ClusterFacts {
  readonly broker: Broker;
  readonly options: ClusterOptions;
  readonly door: Door;
}

/** `port` is that of the route port; 0 for a server that only dials out. */
export function routeIdentity(
  { broker, options, door }: ClusterFacts,
  name: ClusterName,
  port: number,
  runtimeName: string,
): RouteIdentity {
  const address = options.advertise === ""
    ? { host: options.host, port }
    : advertisedAddress(options.advertise, port);
  const advertised = options.advertise === ""
    ? ""
    : `nats-route://${formatAddress(address)}/`;
  const { clients, webSockets } = broker.host.info.own;
  const isTold = !options.noAdvertise && !broker.lameDuck;
  return {
    id: broker.identity.id,
    name: broker.identity.name,
    cluster: name.text,
    clusterIsDynamic: name.isDynamic,
    address,
    advertised,
    authRequired: !door.greet().isOpen,
    tlsRequired: options.tls !== undefined,
    headers: !broker.options.noHeaderSupport,
    maxPayloadBytes: broker.options.maxPayloadBytes,
    clientUrls: isTold ? clients : [],
    webSocketUrls: isTold ? webSockets : [],
    lameDuck: broker.lameDuck,
    streamsSince: broker.host.info.streamsSince,
    domain: broker.host.info.domain,
    permissions: options.permissions,
    runtimeName,
  };
}

/** What other members of the cluster most likely want: what this one wants. */
export function sharedCredentials(
  { token, users = [], ...single }: Partial<AuthorizationOptions> = {},
): RouteCredentials {
  // Of several users, the first is what others most likely know.
  const { user, password } = single.user === undefined
    ? users[0] ?? single
    : single;
  if (token !== undefined && !isBcrypt(token)) return { token };
  if (user === undefined || password === undefined || isBcrypt(password)) {
    return {};
  }
  return { user, password };
}

/**
 * The credentials for a node that was found, by how the provider named it. One
 * that was not configured gets the cluster's credentials only if that is
 * allowed: anyone who can write to a registry could collect them. An address
 * that is configured for finding nodes is trusted, and may bring its own.
 */
export function foundCredentials(
  discovery: Partial<DiscoveryOptions>,
  authorization: AuthorizationOptions | undefined,
): (door: Address) => RouteCredentials {
  const shared = sharedCredentials(authorization);
  const configured = new Map<string, RouteCredentials>();
  for (const target of discovery.find ?? []) {
    const { scheme, user, secret } = target;
    if (scheme !== "nats-route") continue;
    const own = user === "" || secret === ""
      // As in the URLs of routes, one word alone is a token.
      ? { token: user + secret }
      : { user, password: secret };
    const isOpen = user + secret === "";
    configured.set(formatAddress(target), isOpen ? shared : own);
  }
  const others = discovery.trustCredentials ? shared : {};
  return (door) => configured.get(formatAddress(door)) ?? others;
}
