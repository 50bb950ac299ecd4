/** A client as a service of another account is told of it, with a request. */
import type { RequestInfo } from "../../accounts/request_info.ts";
import type { Connection } from "../connections/connection.ts";
import type { InfoSource } from "./client_host.ts";
import type { Login } from "./login.ts";

const NS_PER_MS = 1e6;

/** How much a service is told. */
export interface Telling {
  /** All that is known of the client, because its account shares that. */
  readonly isShared: boolean;
  /** The server that the client is on, because the service is the server's. */
  readonly isForServer: boolean;
}

export function requesterOf(
  connection: Connection,
  login: Login,
  server: InfoSource,
  { isShared, isForServer }: Telling,
): RequestInfo {
  const { rttMs } = connection.keepAlive;
  const rtt = rttMs === undefined ? undefined : Math.round(rttMs * NS_PER_MS);
  return {
    acc: login.account.name,
    ...(rtt !== undefined && { rtt }),
    ...(isShared && detailsOf(connection, login)),
    ...((isShared || isForServer) && { server: server.serverName }),
    ...(isForServer && { cluster: server.clusterName() }),
  };
}

function detailsOf(
  { facts, socket }: Connection,
  { fields, principal }: Login,
): Partial<RequestInfo> {
  const claims = principal?.claims;
  return {
    start: new Date(facts.startedAt).toISOString(),
    host: socket.remote.host,
    id: facts.id,
    user: principal?.user ?? "",
    name: fields.name,
    lang: fields.lang,
    ver: fields.version,
    kind: "Client",
    client_type: "nats",
    ...(claims !== undefined && {
      jwt: claims.jwt,
      issuer_key: claims.issuerKey,
      name_tag: claims.name,
      tags: claims.tags,
    }),
  };
}
