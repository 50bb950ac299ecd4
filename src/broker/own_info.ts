/**
 * What the server tells its clients about itself and its cluster: INFO, as each
 * of them is to see it, anew whenever something in it changes.
 */
import { serverId } from "../core/nuid.ts";
import {
  API_LEVEL,
  CLIENT_PROTOCOL,
  NATS_VERSION,
  STREAM_FLAGS,
} from "../core/version.ts";
import type { ServerOptions } from "../options/options.ts";
import type { Clock, Random } from "../platform/clock.ts";
import type { Address } from "../platform/socket.ts";
import type { ServerInfo } from "../wire/info.ts";
import { advertisedAddress, formatAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import { ClientUrls } from "./client_urls.ts";
import type { InfoReader, InfoSource } from "./clients/client_host.ts";
import type { UrlNews } from "./clients/info_push.ts";

/** Who the server is, from its start to its end. */
export interface ServerIdentity {
  /** Made up at each start. */
  readonly id: string;
  /** The configured name, or else the id. */
  readonly name: string;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
}

/**
 * `keyId` gives the id of a server that asks a service about logins: the public key
 * by which its questions are signed.
 */
export function identityOf(
  { serverName, authorization, trust }: ServerOptions,
  random: Random,
  clock: Clock,
  keyId: () => string,
): ServerIdentity {
  const asks = authorization?.authCallout !== undefined || trust !== undefined;
  const id = asks ? keyId() : serverId(random);
  return { id, name: serverName || id, startedAt: clock.now() };
}

/** What INFO is made of, besides what changes. */
export interface InfoParts {
  readonly identity: ServerIdentity;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** As they are now. */
  readonly options: () => ServerOptions;
  /** Shown as INFO's `go`: what runs the server. */
  readonly runtimeName: string;
  /** Addresses of this machine, for a server that listens on all of them. */
  readonly interfaceAddresses: () => string[];
  /** Where clients connect, or did. */
  readonly clientAddress: () => Address;
  /** Where they connect by WebSocket, or did. */
  readonly webSocketAddress: () => Address;
  /** Tells every client. */
  readonly push: () => void;
  /** Tells those that the news are for, some of them a little later: news of the cluster may come in masses. */
  readonly pushSoon: (news: UrlNews) => void;
}

/** Addresses of a server for clients, `host:port`. */
export interface ToldUrls {
  readonly clients?: readonly string[];
  readonly webSockets?: readonly string[];
}

/** More than a dozen members: because all that the server says of itself is made here. */
export class OwnInfo implements InfoSource {
  /** Name of the cluster, now; empty without one. */
  clusterName: () => string = () => "";
  /** The server lets its clients go. */
  lameDuck = false;
  /** Since when it has streams, in wall-clock milliseconds; 0: it has none. */
  streamsSince = 0;
  readonly #parts: InfoParts;
  /** How often it has been described. */
  #described = 0;
  /** Where clients can go; made when the port is known. */
  #urls = new ClientUrls([]);
  /** Where clients can go by WebSocket. */
  #webSocketUrls = new ClientUrls([]);

  constructor(parts: InfoParts) {
    this.#parts = parts;
  }

  get serverName(): string {
    return this.#parts.identity.name;
  }

  get hasStreams(): boolean {
    return this.streamsSince > 0;
  }

  /** By which its streams are told from those of others; empty: by nothing. */
  get domain(): string {
    return this.hasStreams ? this.#parts.options().jetstream?.domain ?? "" : "";
  }

  /** This server's own addresses for clients. */
  get own(): Required<ToldUrls> {
    return { clients: this.#urls.own, webSockets: this.#webSocketUrls.own };
  }

  /** All addresses for clients; empty as long as no other server has told any. */
  get allUrls(): readonly string[] {
    return this.#urls.all;
  }

  /** The ports are open: from now on their addresses are told. */
  portsOpened(hasClientPort: boolean): void {
    if (hasClientPort) this.#urls = new ClientUrls(this.#ownUrls());
    const { websocket } = this.#parts.options();
    if (websocket === undefined) return;
    const { host, advertise } = websocket;
    const { port } = this.#parts.webSocketAddress();
    this.#webSocketUrls = new ClientUrls(
      advertise === ""
        ? this.#urlsOf({ host, port })
        : [formatAddress(advertisedAddress(advertise, port))],
    );
  }

  /** The server is told to clients in another way: those that are there hear of it. */
  advertisedAnew(): void {
    this.#urls.own = this.#ownUrls();
    this.#parts.push();
  }

  tell(
    {
      id,
      entrance,
      remoteHost,
      isNew,
      nonce,
      boundTo,
      isSystem,
      isToLeave,
      maxPayloadBytes,
      tls,
    }: InfoReader,
  ): ServerInfo {
    const { identity, runtimeName } = this.#parts;
    const options = this.#parts.options();
    const isWebSocket = entrance.connectionType === "WEBSOCKET";
    const { host, port } = isWebSocket
      ? this.#parts.webSocketAddress()
      : this.advertisedAddress;
    const known = isWebSocket ? this.#webSocketUrls : this.#urls;
    const urls = this.lameDuck ? known.others : known.all;
    const cluster = this.clusterName();
    const { isOpen, asksLogin } = entrance.door.greet(entrance);
    // NATS: a newcomer need not log in where those without credentials are let in.
    const { hasStreams, domain } = this;
    const needsLogin = isNew ? asksLogin || entrance.asksAll : !isOpen;
    return {
      server_id: identity.id,
      server_name: identity.name,
      version: NATS_VERSION,
      proto: CLIENT_PROTOCOL,
      go: runtimeName,
      host,
      port,
      headers: !options.noHeaderSupport,
      ...(needsLogin && { auth_required: true }),
      ...(tls?.isRequired && { tls_required: true }),
      ...(tls?.verifies && { tls_verify: true }),
      ...(tls?.isAvailable && { tls_available: true }),
      max_payload: maxPayloadBytes,
      ...(hasStreams && { jetstream: true }),
      client_id: id,
      ...(remoteHost !== "" && { client_ip: remoteHost }),
      ...(nonce !== undefined && { nonce }),
      ...(cluster !== "" && { cluster }),
      ...(domain !== "" && { domain }),
      ...(urls.length > 0 && { connect_urls: [...urls] }),
      ...((this.lameDuck || isToLeave) && { ldm: true }),
      ...(boundTo !== undefined &&
        { connect_info: true, remote_account: boundTo }),
      ...(isSystem === true && { acc_is_sys: true }),
      ...(hasStreams && { api_lvl: API_LEVEL }),
    };
  }

  /** NATS: what each message of the server says of it. */
  describe(): object {
    const { identity, now } = this.#parts;
    const { host, serverTags } = this.#parts.options();
    const cluster = this.clusterName();
    const { hasStreams, domain } = this;
    return {
      name: identity.name,
      host,
      id: identity.id,
      ...(cluster !== "" && { cluster }),
      ...(domain !== "" && { domain }),
      ver: NATS_VERSION,
      ...(serverTags.length > 0 && { tags: serverTags }),
      jetstream: hasStreams,
      flags: hasStreams ? STREAM_FLAGS : 0,
      seq: ++this.#described,
      time: new Date(now()).toISOString(),
    };
  }

  /** Tells every client what changed about the cluster. */
  push(): void {
    this.#parts.push();
  }

  /** Another server now tells `after` as its addresses for clients, where it told `before`. */
  replaceUrls(before: ToldUrls, after: ToldUrls): void {
    const isNew = {
      clients: this.#urls.add(after.clients ?? []),
      webSockets: this.#webSocketUrls.add(after.webSockets ?? []),
    };
    const isGone = {
      clients: this.#urls.remove(before.clients ?? []),
      webSockets: this.#webSocketUrls.remove(before.webSockets ?? []),
    };
    this.#parts.pushSoon({
      clients: isNew.clients || isGone.clients,
      webSockets: isNew.webSockets || isGone.webSockets,
    });
  }

  /** Where clients are told to connect. */
  get advertisedAddress(): Address {
    const { clientAdvertise, host } = this.#parts.options();
    const { port, host: opened } = this.#parts.clientAddress();
    return clientAdvertise === ""
      ? { host: opened === "" ? "" : host, port }
      : advertisedAddress(clientAdvertise, port);
  }

  #ownUrls(): string[] {
    const advertised = this.advertisedAddress;
    return this.#parts.options().clientAdvertise === ""
      ? this.#urlsOf(advertised)
      : [formatAddress(advertised)];
  }

  /** NATS: a server that listens everywhere tells each of the machine's addresses. */
  #urlsOf({ host, port }: Address): string[] {
    const hosts = isAnyHost(host) ? this.#parts.interfaceAddresses() : [host];
    return (hosts.length > 0 ? hosts : [host])
      .map((host) => formatAddress({ host, port }));
  }
}
