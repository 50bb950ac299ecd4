/**
 * How two servers introduce themselves: the CONNECT and INFO that this server
 * sends to another one, and what is special about a CONNECT on the route port.
 *
 * NATS route protocol: the accepting side sends INFO at once, the dialling
 * side CONNECT and INFO at once; a route counts from the peer's first INFO.
 */
import { WireError } from "../core/errors.ts";
import { quoted } from "../core/quote.ts";
import { NATS_VERSION, ROUTE_PROTOCOL } from "../core/version.ts";
import type { PermissionsOptions, RouteTarget } from "../options/options.ts";
import type { Address } from "../platform/socket.ts";
import {
  type ConnectFields,
  connectLine,
  type ServerInfo,
} from "../wire/info.ts";

/** What a server says of itself to other servers. */
export interface RouteIdentity {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly clusterIsDynamic: boolean;
  /** Where others dial it. */
  readonly address: Address;
  /** `nats-route://host:port/` when that is not the address to be seen on the wire. */
  readonly advertised: string;
  readonly authRequired: boolean;
  /** Other nodes come over TLS, with certificates. */
  readonly tlsRequired: boolean;
  readonly headers: boolean;
  readonly maxPayloadBytes: number;
  readonly clientUrls: readonly string[];
  readonly webSocketUrls: readonly string[];
  readonly lameDuck: boolean;
  /** Since when it has streams, in wall-clock milliseconds; 0: it has none. */
  readonly streamsSince: number;
  /** Of its streams; may be empty. */
  readonly domain: string;
  /** Which interest it tells of, and takes. */
  readonly permissions: PermissionsOptions | undefined;
  readonly runtimeName: string;
}

export function routeInfo(identity: RouteIdentity): ServerInfo {
  const { publish, subscribe } = identity.permissions ?? {};
  return {
    server_id: identity.id,
    server_name: identity.name,
    version: NATS_VERSION,
    proto: ROUTE_PROTOCOL,
    go: identity.runtimeName,
    host: identity.address.host,
    port: identity.address.port,
    headers: identity.headers,
    ...(identity.authRequired && { auth_required: true }),
    ...(identity.tlsRequired && { tls_required: true, tls_verify: true }),
    max_payload: identity.maxPayloadBytes,
    ...(identity.streamsSince > 0 &&
      { jetstream: true, jetstream_since: identity.streamsSince }),
    ...(identity.domain !== "" && { domain: identity.domain }),
    cluster: identity.cluster,
    ...(identity.clusterIsDynamic && { cluster_dynamic: true }),
    ...(identity.clientUrls.length > 0 &&
      { connect_urls: [...identity.clientUrls] }),
    ...(identity.webSocketUrls.length > 0 &&
      { ws_connect_urls: [...identity.webSocketUrls] }),
    ...(identity.advertised !== "" && { ip: identity.advertised }),
    ...(publish !== undefined && { import: publish }),
    ...(subscribe !== undefined && { export: subscribe }),
    ...(identity.lameDuck && { ldm: true }),
  };
}

/** CONNECT of the dialling side. `name` is the server's id; there is no `lang`. */
export function routeConnect(
  identity: RouteIdentity,
  target: RouteTarget,
): Uint8Array {
  return connectLine({
    echo: true,
    verbose: false,
    pedantic: false,
    // nats-server shows a token as a user without a password.
    ...(target.token !== undefined &&
      { auth_token: target.token, user: target.token }),
    ...(target.user !== undefined &&
      { user: target.user, pass: target.password ?? "" }),
    tls_required: identity.tlsRequired,
    headers: identity.headers,
    name: identity.id,
    cluster: identity.cluster,
    ...(identity.clusterIsDynamic && { cluster_dynamic: true }),
  });
}

/** What a peer is told that does not belong on the route port; empty for a server. */
export function wrongPortText({ lang, gateway }: ConnectFields): string {
  if (lang !== "") return WireError.ROUTE_PORT;
  if (gateway === "") return "";
  return `Rejecting connection from gateway ${
    quoted(gateway)
  } on the Route port`;
}

/** A token may come in its own field or, from nats-server, as a user without a password. */
export function tokenAware(options: ConnectFields): ConnectFields {
  return options.auth_token === "" && options.pass === ""
    ? { ...options, auth_token: options.user }
    : options;
}
