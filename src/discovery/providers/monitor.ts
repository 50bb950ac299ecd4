/**
 * The monitoring port of a server that lives, as a source of others: Midge's
 * own list at `/discoveryz` where there is one, otherwise what nats-server tells
 * at `/varz` and `/routez`. It knows something only as long as that server lives.
 *
 * Only what can be dialled from here is passed on. A server that listens on all
 * interfaces is found at the host that was asked; an address of its own machine
 * is no use on another one; and a route that a peer has made shows the port that
 * the peer's system chose for it, at which nobody listens.
 */
import type {
  Discovery,
  Endpoint,
  ResolveOptions,
  Snapshot,
  Wanted,
} from "../discovery.ts";
import {
  askHttp,
  cannotAsk,
  type HttpAsked,
  type HttpSource,
  jsonOf,
} from "../sources/http_ask.ts";
import {
  endpointsOf,
  nodeFrom,
  type NodeRecord,
  NODES_MAX,
  nodesFrom,
} from "../node_record.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { isAnyHost, isLoopback } from "../../net/ip.ts";
import { splitUrl } from "../../net/url.ts";
import type { Fetch } from "../../platform/fetch.ts";

/** A cluster's members change more often than a minute passes. */
const MONITOR_TTL_MS = 30_000;

export interface MonitorOptions {
  /** An IPv6 address carries no brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Asks the monitoring port of a Midge or a nats-server for doors of the wanted kind. */
export function natsMonitor(
  options: MonitorOptions,
  platform: { readonly fetch: Fetch },
  wanted: Wanted,
): Discovery {
  return new NatsMonitor(options, platform, wanted);
}

class NatsMonitor implements Discovery {
  readonly name: string;
  readonly #url: string;
  readonly #host: string;
  readonly #source: HttpSource;
  readonly #wanted: Wanted;

  constructor(
    { host, port, tls }: MonitorOptions,
    { fetch }: { readonly fetch: Fetch },
    wanted: Wanted,
  ) {
    const authority = formatAddress({ host, port });
    this.name = `monitor://${authority}`;
    this.#url = `${tls ? "https" : "http"}://${authority}`;
    this.#host = host;
    this.#source = { fetch, name: this.name };
    this.#wanted = wanted;
  }

  async resolve({ signal }: ResolveOptions): Promise<Snapshot> {
    const list = await this.#ask("/discoveryz", signal);
    const nodes = list.status === 404
      ? await this.#askNatsServer(signal)
      : nodesFrom(jsonOf(list, this.name));
    if (nodes === undefined) throw cannotAsk(this.name, "it tells no nodes");
    return {
      endpoints: nodes.flatMap((node) => endpointsOf(node, this.#wanted))
        .map((endpoint) => this.#asSeenFromHere(endpoint))
        .filter((endpoint) => endpoint !== undefined),
      ttlMs: MONITOR_TTL_MS,
      // Who knows nobody else may just have lost its routes.
      authoritative: false,
    };
  }

  async #askNatsServer(signal: AbortSignal): Promise<NodeRecord[]> {
    const varz = this.#fields("/varz", signal);
    const routez = this.#wanted === "route"
      ? this.#fields("/routez", signal)
      : undefined;
    const [server, routes] = await Promise.all([varz, routez]);
    if (typeof server["server_id"] !== "string") {
      throw cannotAsk(this.name, "/varz is not that of a server");
    }
    return routes === undefined
      ? clientDoors(server)
      : routeDoors(server, routes);
  }

  async #fields(path: string, signal: AbortSignal): Promise<Fields> {
    const fields = fieldsOf(jsonOf(await this.#ask(path, signal), this.name));
    if (fields === undefined) {
      throw cannotAsk(this.name, `${path} is no object`);
    }
    return fields;
  }

  #ask(path: string, signal: AbortSignal): Promise<HttpAsked> {
    return askHttp(this.#source, this.#url + path, { signal });
  }

  #asSeenFromHere(endpoint: Endpoint): Endpoint | undefined {
    const { scheme, address } = splitUrl(endpoint.url);
    const { host, port } = parseAddress(address) ?? {};
    if (host === undefined || port === undefined) return undefined;
    if (isAnyHost(host)) {
      return {
        ...endpoint,
        url: `${scheme}://${formatAddress({ host: this.#host, port })}`,
      };
    }
    const isLost = isLinkLocal(host) ||
      (isLoopback(host) && !isLoopback(this.#host));
    return isLost ? undefined : endpoint;
  }
}

/** The server itself, and the doors that it tells its clients of. */
function clientDoors(varz: Fields): NodeRecord[] {
  const scheme = varz["tls_required"] === true ? "tls" : "nats";
  const cluster = fieldsOf(varz["cluster"])?.["name"];
  const own = doorAt(scheme, varz["host"], varz["port"]);
  const others = listOf(varz["connect_urls"])
    .filter((address) => typeof address === "string")
    .map((address) => `${scheme}://${address}`)
    .filter((url) => url !== own);
  return nodesOf([
    { ...identityOf(varz), urls: [own] },
    ...others.map((url) => ({ cluster, urls: [url] })),
  ]);
}

/** The server itself, and the peers that it has dialled. */
function routeDoors(varz: Fields, routez: Fields): NodeRecord[] {
  const cluster = fieldsOf(varz["cluster"]) ?? {};
  const own = doorAt("nats-route", cluster["addr"], cluster["cluster_port"]);
  const peers = listOf(routez["routes"])
    .map((route) => fieldsOf(route) ?? {})
    .filter((route) => route["did_solicit"] === true);
  return nodesOf([
    { ...identityOf(varz), routes: [own] },
    ...peers.map((route) => ({
      id: route["remote_id"],
      name: route["remote_name"],
      cluster: cluster["name"],
      routes: [doorAt("nats-route", route["ip"], route["port"])],
    })),
  ]);
}

function identityOf(varz: Fields): Fields {
  return {
    id: varz["server_id"],
    name: varz["server_name"],
    cluster: fieldsOf(varz["cluster"])?.["name"],
  };
}

/** Each is checked, and left out without a door. */
function nodesOf(items: readonly Fields[]): NodeRecord[] {
  return items.map(nodeFrom)
    .filter((node) => node !== undefined)
    .slice(0, NODES_MAX);
}

function doorAt(scheme: string, host: unknown, port: unknown): string {
  return typeof host === "string" && typeof port === "number"
    ? `${scheme}://${formatAddress({ host, port })}`
    : "";
}

/** Such an IPv6 address means another machine on each network. */
function isLinkLocal(host: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(host);
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Fields
    : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, NODES_MAX) : [];
}
