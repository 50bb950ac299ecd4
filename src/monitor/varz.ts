/**
 * `/varz`: the server's options and counters. The fields are nats-server's, in
 * its order; `gateway` to `jetstream` are there because readers look inside
 * them. Fields that only newer servers have are told where Midge knows the
 * fact.
 */
import type { Traffic } from "../broker/connections/connection.ts";
import { ClosedReason } from "../core/closed.ts";
import { AUTH_TIMEOUT_MS } from "../core/limits.ts";
import { CLIENT_PROTOCOL, NATS_VERSION } from "../core/version.ts";
import { formatAddress } from "../net/address.ts";
import type { Cluster } from "../routes/cluster.ts";
import { routeAuthTimeoutMs } from "../routes/settings.ts";
import { unlessEmpty } from "./answer.ts";
import type { ClusterVarz, CountsByKind, Varz } from "./page_types.ts";
import { timeText, toNanoseconds, uptimeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

/** nats-server tells its default also where nothing uses TLS. */
const TLS_TIMEOUT_SECONDS = 2;
/** The broker is one thread. */
const THREADS = 1;

export function varz(server: WatchedServer): Varz {
  return {
    ...identity(server),
    ...limits(server),
    cluster: clusterFields(server.cluster),
    gateway: {},
    leaf: {},
    mqtt: {},
    websocket: {},
    jetstream: {},
    tls_timeout: TLS_TIMEOUT_SECONDS,
    write_deadline: toNanoseconds(server.broker.options.writeDeadlineMs),
    ...load(server),
    ...counters(server),
    ...endings(server),
  };
}

function identity({ broker, platform }: WatchedServer) {
  const { host, port } = broker.advertisedAddress;
  return {
    server_id: broker.id,
    server_name: broker.name,
    version: NATS_VERSION,
    proto: CLIENT_PROTOCOL,
    go: platform.runtimeName,
    host,
    port,
    auth_required: broker.authenticator.required || undefined,
    connect_urls: unlessEmpty(broker.clientUrls.all),
  };
}

function limits({ broker, httpAddress }: WatchedServer) {
  const { options } = broker;
  const authTimeoutMs = options.authorization?.timeoutMs ?? AUTH_TIMEOUT_MS;
  return {
    max_connections: orNoLimit(options.maxConnections),
    max_subscriptions: unlessEmpty(options.maxSubscriptions),
    ping_interval: toNanoseconds(options.pingIntervalMs),
    ping_max: options.pingMax,
    // NATS monitoring: without a port of its own, the host is that of the clients.
    http_host: httpAddress?.host ?? options.host,
    http_port: httpAddress?.port ?? 0,
    http_base_path: options.httpBasePath,
    https_port: 0,
    auth_timeout: authTimeoutMs / 1000,
    max_control_line: options.maxControlLineBytes,
    max_payload: options.maxPayloadBytes,
    max_pending: orNoLimit(options.maxPendingBytes),
  };
}

/** NATS server configuration: a negative number is no limit, and JSON has no infinity. */
function orNoLimit(limit: number): number {
  return limit === Infinity ? -1 : limit;
}

function clusterFields(cluster: Cluster | undefined): ClusterVarz {
  if (cluster === undefined) return {};
  const { options } = cluster;
  // The configured routes, without the credentials that their URLs carry.
  const urls = options.routes.map(({ host, port }) =>
    formatAddress({ host, port })
  );
  return {
    name: cluster.clusterName,
    addr: options.host,
    cluster_port: cluster.address?.port ?? options.port,
    auth_timeout: routeAuthTimeoutMs(options) / 1000,
    urls: unlessEmpty(urls),
    tls_timeout: TLS_TIMEOUT_SECONDS,
  };
}

function load({ broker, platform, cpu }: WatchedServer) {
  const now = broker.clock.now();
  return {
    start: timeText(broker.startedAt),
    now: timeText(now),
    uptime: uptimeText(now - broker.startedAt),
    mem: platform.memoryUsage(),
    cores: platform.coreCount(),
    gomaxprocs: THREADS,
    cpu: cpu.percent(),
  };
}

function counters({ broker, cluster, requests }: WatchedServer) {
  const all = broker.traffic;
  const clients = withoutRoutes(all, cluster);
  const routeCount = cluster?.routes.size ?? 0;
  let subscriptions = 0;
  for (const { sublist } of broker.accounts) subscriptions += sublist.size;
  return {
    connections: broker.sessions.size,
    total_connections: broker.totalConnections,
    routes: routeCount,
    remotes: routeCount,
    leafnodes: 0,
    in_msgs: all.inMsgs,
    in_bytes: all.inBytes,
    in_client_msgs: clients.inMsgs,
    in_client_bytes: clients.inBytes,
    out_msgs: all.outMsgs,
    out_bytes: all.outBytes,
    out_client_msgs: clients.outMsgs,
    out_client_bytes: clients.outBytes,
    slow_consumers: broker.slowConsumers,
    stale_connections: staleClients(broker) + staleRoutes(cluster),
    stalled_clients: broker.stalledProducers,
    subscriptions,
    http_req_stats: requests.toObject(),
    config_load_time: timeText(broker.startedAt),
    tags: unlessEmpty(broker.options.serverTags),
  };
}

function endings({ broker, cluster }: WatchedServer) {
  return {
    slow_consumer_stats: byKind(
      slowEndings(broker.closedConnections),
      cluster === undefined ? 0 : slowEndings(cluster),
    ),
    stale_connection_stats: byKind(staleClients(broker), staleRoutes(cluster)),
  };
}

/** Whoever counts why connections ended. */
interface Endings {
  endedFor(reason: ClosedReason): number;
}

function slowEndings(endings: Endings): number {
  return endings.endedFor(ClosedReason.SLOW_CONSUMER_PENDING) +
    endings.endedFor(ClosedReason.SLOW_CONSUMER_DEADLINE);
}

function staleClients({ closedConnections }: WatchedServer["broker"]): number {
  return closedConnections.endedFor(ClosedReason.STALE_CONNECTION);
}

function staleRoutes(cluster: Cluster | undefined): number {
  return cluster?.endedFor(ClosedReason.STALE_CONNECTION) ?? 0;
}

function byKind(clients: number, routes: number): CountsByKind {
  return { clients, routes, gateways: 0, leafs: 0 };
}

function withoutRoutes(all: Traffic, cluster: Cluster | undefined): Traffic {
  if (cluster === undefined) return all;
  const routes = cluster.traffic;
  return {
    inMsgs: all.inMsgs - routes.inMsgs,
    inBytes: all.inBytes - routes.inBytes,
    outMsgs: all.outMsgs - routes.outMsgs,
    outBytes: all.outBytes - routes.outBytes,
  };
}
