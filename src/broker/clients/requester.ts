/** A client as a service of another account is told of it, with a request. */
import type { RequestInfo } from "../../accounts/request_info.ts";
import type { Connection } from "../connections/connection.ts";
import type { InfoSource } from "./client_host.ts";
import type { Login } from "./login.ts";

const NS_PER_MS = 1e6;

/** What is told of one client. It is the same object as long as nothing in it changes. */
export class Requester {
  readonly #connection: Connection;
  readonly #login: Login;
  readonly #server: InfoSource;
  /** By what is told: nothing more, all, the server, or both. */
  #known: (RequestInfo | undefined)[] = [];
  /** Of what they were made. */
  #rttMs: number | undefined = undefined;
  #principal: Login["principal"] = undefined;
  #fields: Login["fields"] | undefined = undefined;
  #cluster = "";

  constructor(connection: Connection, login: Login, server: InfoSource) {
    this.#connection = connection;
    this.#login = login;
    this.#server = server;
  }

  /**
   * `isShared`: with all that is known of the client, because its account shares
   * that; `isForServer`: with the server that it is on, because the service is
   * the server's.
   */
  info(isShared: boolean, isForServer: boolean): RequestInfo {
    const { keepAlive: { rttMs } } = this.#connection;
    const { principal, fields } = this.#login;
    const cluster = this.#server.clusterName();
    const isSame = rttMs === this.#rttMs && principal === this.#principal &&
      fields === this.#fields && cluster === this.#cluster;
    if (!isSame) {
      this.#known = [];
      this.#rttMs = rttMs;
      this.#principal = principal;
      this.#fields = fields;
      this.#cluster = cluster;
    }
    const place = (isShared ? 1 : 0) + (isForServer ? 2 : 0);
    return this.#known[place] ??= this.#make(isShared, isForServer);
  }

  #make(isShared: boolean, isForServer: boolean): RequestInfo {
    const rttMs = this.#rttMs;
    return {
      acc: this.#login.account.name,
      ...(rttMs !== undefined && { rtt: Math.round(rttMs * NS_PER_MS) }),
      ...(isShared && detailsOf(this.#connection, this.#login)),
      ...((isShared || isForServer) && { server: this.#server.serverName }),
      ...(isForServer && { cluster: this.#cluster }),
    };
  }
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
