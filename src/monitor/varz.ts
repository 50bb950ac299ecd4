/**
 * `/varz`: the server's options and counters. The fields are nats-server's, in
 * its order; `gateway` to `mqtt` are there because readers look inside them.
 * Fields that only newer servers have are told where Midge knows the fact.
 */
import { CLIENT_PROTOCOL, NATS_VERSION } from "../core/version.ts";
import { formatAddress } from "../net/address.ts";
import { unlessEmpty } from "./fields.ts";
import { jetStreamFields, NO_ACCOUNTS } from "./jetstream_fields.ts";
import type { Page } from "./page.ts";
import type {
  ClusterVarz,
  CountsByKind,
  Varz,
  WebSocketVarz,
} from "./varz_types.ts";
import type {
  ClusterSettingsFacts,
  CounterFacts,
  EndingFacts,
  ServerSnapshot,
  SettingsFacts,
  SnapshotHead,
  TlsFacts,
  TrafficFacts,
  WebSocketSettingsFacts,
} from "./snapshot.ts";
import { timeText, toNanoseconds, uptimeText } from "./text.ts";

/** Of `2026-01-01T12:00:00`. */
const SECONDS_END = 19;
/** The broker is one thread. */
const THREADS = 1;

type VarzParts = "settings" | "load" | "counters" | "jetstream";

export const varz: Page<void, VarzParts, Varz> = {
  read: () => {},
  wants: () => ({
    settings: true,
    load: true,
    counters: true,
    jetstream: NO_ACCOUNTS,
  }),
  show: showServer,
};

function showServer(snapshot: ServerSnapshot<VarzParts>): Varz {
  const { settings, counters } = snapshot;
  return {
    ...identity(snapshot, settings),
    ...limits(settings),
    cluster: clusterFields(settings.cluster),
    gateway: {},
    leaf: {},
    mqtt: {},
    websocket: websocketFields(settings.websocket),
    jetstream: jetStreamFields(snapshot.jetstream, true) ?? {},
    tls_timeout: settings.tls.timeoutMs / 1000,
    write_deadline: toNanoseconds(settings.writeDeadlineMs),
    ...loadFields(snapshot),
    ...counterFields(counters),
    config_load_time: timeText(settings.configuredAt),
    config_digest: settings.configDigest,
    tags: unlessEmpty(settings.tags),
    system_account: unlessEmpty(settings.systemAccount),
    proxies: settings.proxies && {
      trusted: settings.proxies.length === 0
        ? undefined
        : settings.proxies.map((key) => ({ key })),
    },
    slow_consumer_stats: byKind(counters.slowEndings),
    stale_connection_stats: byKind(counters.staleEndings),
    disk_io_wait_stats: {
      waiters: 0,
      waits: 0,
      wait_time: 0,
      max_wait_time: 0,
    },
    tls_cert_not_after: certNotAfter(settings.tls),
  };
}

function identity(
  { serverId, serverName }: SnapshotHead,
  { runtimeName, advertised, authRequired, tls, connectUrls }: SettingsFacts,
) {
  return {
    server_id: serverId,
    server_name: serverName,
    version: NATS_VERSION,
    proto: CLIENT_PROTOCOL,
    go: runtimeName,
    host: advertised.host,
    port: advertised.port,
    auth_required: authRequired || undefined,
    tls_required: tls.isRequired || undefined,
    tls_verify: tls.verifies || undefined,
    connect_urls: unlessEmpty(connectUrls),
  };
}

function limits(settings: SettingsFacts) {
  return {
    max_connections: orNoLimit(settings.maxConnections),
    max_subscriptions: unlessEmpty(settings.maxSubscriptions),
    ping_interval: toNanoseconds(settings.pingIntervalMs),
    ping_max: settings.pingMax,
    http_host: (settings.https ?? settings.http).host,
    http_port: settings.http.port,
    http_base_path: settings.httpBasePath,
    https_port: settings.https?.port ?? 0,
    auth_timeout: settings.authTimeoutMs / 1000,
    max_control_line: settings.maxControlLineBytes,
    max_payload: settings.maxPayloadBytes,
    max_pending: orNoLimit(settings.maxPendingBytes),
  };
}

function websocketFields(
  facts: WebSocketSettingsFacts | undefined,
): WebSocketVarz {
  if (facts === undefined) return {};
  const { authTimeoutMs, handshakeTimeoutMs } = facts;
  return {
    host: facts.host,
    port: facts.port,
    advertise: unlessEmpty(facts.advertise),
    no_auth_user: unlessEmpty(facts.noAuthUser),
    jwt_cookie: unlessEmpty(facts.jwtCookie),
    handshake_timeout: handshakeTimeoutMs && toNanoseconds(handshakeTimeoutMs),
    auth_timeout: authTimeoutMs && authTimeoutMs / 1000,
    no_tls: facts.noTls || undefined,
    tls_map: facts.mapsCertificates || undefined,
    tls_pinned_certs: unlessEmpty(facts.pinnedCerts),
    same_origin: facts.sameOrigin || undefined,
    allowed_origins: unlessEmpty(facts.allowedOrigins),
    compression: facts.compression || undefined,
    tls_cert_not_after: certNotAfter(facts.tls),
  };
}

/** NATS server configuration: a negative number is no limit, and JSON has no infinity. */
function orNoLimit(limit: number): number {
  return limit === Infinity ? -1 : limit;
}

function clusterFields(cluster: ClusterSettingsFacts | undefined): ClusterVarz {
  if (cluster === undefined) return {};
  return {
    name: cluster.name,
    addr: cluster.host,
    cluster_port: cluster.port,
    auth_timeout: cluster.authTimeoutMs / 1000,
    urls: unlessEmpty(cluster.configured.map(formatAddress)),
    tls_timeout: cluster.tls.timeoutMs / 1000,
    tls_required: cluster.tls.isRequired || undefined,
    tls_verify: cluster.tls.verifies || undefined,
    tls_cert_not_after: certNotAfter(cluster.tls),
  };
}

/** NATS monitoring: whole seconds. */
function certNotAfter({ notAfter }: TlsFacts): string | undefined {
  return notAfter === undefined
    ? undefined
    : `${new Date(notAfter).toISOString().slice(0, SECONDS_END)}Z`;
}

function loadFields(
  { startedAt, now, shiftMs, load }: ServerSnapshot<VarzParts>,
) {
  return {
    start: timeText(startedAt),
    now: timeText(now + shiftMs),
    uptime: uptimeText(now - startedAt),
    mem: load.memoryBytes,
    cores: load.cores,
    gomaxprocs: THREADS,
    cpu: load.cpuPercent,
  };
}

function counterFields(counters: CounterFacts) {
  const { traffic, routeTraffic, staleEndings } = counters;
  const clients = difference(traffic, routeTraffic);
  return {
    connections: counters.clients,
    total_connections: counters.totalClients,
    routes: counters.routes,
    remotes: counters.routes,
    leafnodes: 0,
    in_msgs: traffic.inMsgs,
    in_bytes: traffic.inBytes,
    in_client_msgs: clients.inMsgs,
    in_client_bytes: clients.inBytes,
    out_msgs: traffic.outMsgs,
    out_bytes: traffic.outBytes,
    out_client_msgs: clients.outMsgs,
    out_client_bytes: clients.outBytes,
    slow_consumers: counters.slowConsumers,
    stale_connections: staleEndings.clients + staleEndings.routes,
    stalled_clients: counters.stalledClients,
    subscriptions: counters.subscriptions,
    http_req_stats: counters.requests,
  };
}

function byKind({ clients, routes }: EndingFacts): CountsByKind {
  return { clients, routes, gateways: 0, leafs: 0 };
}

function difference(all: TrafficFacts, part: TrafficFacts): TrafficFacts {
  return {
    inMsgs: all.inMsgs - part.inMsgs,
    inBytes: all.inBytes - part.inBytes,
    outMsgs: all.outMsgs - part.outMsgs,
    outBytes: all.outBytes - part.outBytes,
  };
}
