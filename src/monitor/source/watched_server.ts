/**
 * The server that monitoring looks at. This folder alone knows broker and
 * routes: it takes the parts of a snapshot from what runs there.
 */
import type { Broker } from "../../broker/broker.ts";
import { ClosedReason } from "../../core/closed.ts";
import { atOnce, type SlicedWork } from "../../http/slices.ts";
import type { JetStream } from "../../jetstream/jetstream.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Address } from "../../platform/socket.ts";
import type { Cluster } from "../../routes/cluster.ts";
import { ownNode } from "../../routes/own_node.ts";
import { peerNode } from "../../routes/peer_node.ts";
import { authTimeoutMs } from "../../core/auth_timeout.ts";
import type { SnapshotSource } from "../page.ts";
import type { MonitorPlatform } from "../platform.ts";
import type {
  CounterFacts,
  EndingFacts,
  LoadFacts,
  PartName,
  PartRequests,
  ReadinessFacts,
  ServerSnapshot,
  SettingsFacts,
  SnapshotHead,
  SnapshotParts,
  SnapshotRequest,
  TrafficFacts,
} from "../snapshot.ts";
import { CpuMeter } from "./cpu_meter.ts";
import {
  takeAccounts,
  takeClients,
  takeRoutes,
  takeSubscriptions,
} from "./lists.ts";
import { RequestCounts } from "./request_counts.ts";
import { takeStreamHealth, takeStreams } from "./streams.ts";
import { tlsFacts } from "./tls_facts.ts";
import { websocketFacts } from "./websocket_facts.ts";

const NO_TRAFFIC: TrafficFacts = {
  inMsgs: 0,
  inBytes: 0,
  outMsgs: 0,
  outBytes: 0,
};

/** How each part is taken. */
type PartTakers = {
  readonly [Part in PartName]: (
    request: PartRequests[Part],
  ) => SlicedWork<SnapshotParts[Part]>;
};

export class WatchedServer implements SnapshotSource {
  readonly broker: Broker;
  readonly cluster: Cluster | undefined;
  readonly platform: MonitorPlatform;
  readonly requests: RequestCounts = new RequestCounts();
  /** Where monitoring is served; undefined: nowhere. */
  httpAddress: Address | undefined;
  /** Where monitoring is served over TLS. */
  httpsAddress: Address | undefined = undefined;
  /** Undefined: the server has none just now. */
  jetstream: JetStream | undefined = undefined;
  readonly #cpu: CpuMeter;

  constructor(
    broker: Broker,
    cluster: Cluster | undefined,
    platform: MonitorPlatform,
    httpAddress?: Address,
  ) {
    this.broker = broker;
    this.cluster = cluster;
    this.platform = platform;
    this.httpAddress = httpAddress;
    this.#cpu = new CpuMeter(broker.host.clock, () => platform.cpuSeconds());
  }

  get clock(): Clock {
    return this.broker.host.clock;
  }

  /** What the paths of all pages begin with. */
  get basePath(): string {
    return this.broker.options.httpBasePath;
  }

  /** Takes the parts that `request` names. */
  *take<Part extends PartName>(
    request: SnapshotRequest<Part>,
  ): SlicedWork<ServerSnapshot<Part>> {
    const parts: Partial<SnapshotParts> = {};
    for (const name of Object.keys(request) as Part[]) {
      const take = this.#takers[name];
      Object.assign(parts, { [name]: yield* take(request[name]) });
    }
    return { ...this.#server(), ...parts } as ServerSnapshot<Part>;
  }

  readonly #takers: PartTakers = {
    settings: () => atOnce(this.#settings()),
    load: () => atOnce(this.#load()),
    counters: () => atOnce(this.#counters()),
    clients: (request) => takeClients(this.broker, request),
    subscriptions: (request) => takeSubscriptions(this.broker, request),
    routes: (request) =>
      takeRoutes(this.cluster?.routes.values() ?? [], request),
    accounts: (request) =>
      takeAccounts(
        this.broker,
        request,
        (name) => this.jetstream?.accounts.has(name) === true,
      ),
    readiness: () => atOnce(this.#readiness()),
    nodes: () => atOnce(this.#nodes()),
    jetstream: (request) => takeStreams(this.jetstream, request),
    streamHealth: (request) => takeStreamHealth(this.jetstream, request),
  };

  #server(): SnapshotHead {
    const { broker } = this;
    return {
      serverId: broker.identity.id,
      serverName: broker.identity.name,
      startedAt: broker.identity.startedAt,
      now: broker.host.clock.now(),
      shiftMs: broker.host.clock.shiftMs,
    };
  }

  #settings(): SettingsFacts {
    const { broker, httpAddress, cluster } = this;
    const { options } = broker;
    return {
      runtimeName: this.platform.runtimeName,
      advertised: broker.host.info.advertisedAddress,
      authRequired: !broker.entrances.port.door.greet().isOpen,
      tls: tlsFacts(options.tls, options.allowNonTls),
      connectUrls: broker.host.info.allUrls,
      maxConnections: options.maxConnections,
      maxPendingBytes: options.maxPendingBytes,
      maxSubscriptions: options.maxSubscriptions,
      maxPayloadBytes: options.maxPayloadBytes,
      maxControlLineBytes: options.maxControlLineBytes,
      pingIntervalMs: options.pingIntervalMs,
      pingMax: options.pingMax,
      writeDeadlineMs: options.writeDeadlineMs,
      authTimeoutMs: authTimeoutMs(options),
      // NATS monitoring: without a port of its own, the host is that of the clients.
      http: httpAddress ?? { host: options.host, port: 0 },
      https: this.httpsAddress,
      httpBasePath: options.httpBasePath,
      configuredAt: broker.configuredAt,
      configDigest: options.configDigest,
      proxies: options.proxies?.trustedKeys,
      tags: options.serverTags,
      systemAccount: broker.host.accounts.system?.name ?? "",
      cluster: cluster === undefined ? undefined : {
        name: cluster.clusterName,
        host: cluster.options.host,
        port: cluster.address?.port ?? cluster.options.port,
        authTimeoutMs: authTimeoutMs(cluster.options),
        tls: tlsFacts(cluster.options.tls),
        configured: cluster.options.routes
          .map(({ host, port }) => ({ host, port })),
      },
      websocket: websocketFacts(broker),
    };
  }

  #load(): LoadFacts {
    return {
      memoryBytes: this.platform.memoryUsage(),
      cores: this.platform.coreCount(),
      cpuPercent: this.#cpu.percent(),
    };
  }

  #counters(): CounterFacts {
    const { broker, cluster, requests } = this;
    let subscriptions = 0;
    for (const { sublist } of broker.host.accounts) {
      subscriptions += sublist.size;
    }
    return {
      traffic: broker.host.counters.traffic,
      routeTraffic: { ...cluster?.traffic ?? NO_TRAFFIC },
      clients: broker.clients.sessions.size,
      totalClients: broker.host.counters.connections,
      routes: cluster?.routes.size ?? 0,
      subscriptions,
      slowConsumers: broker.host.counters.slowConsumers,
      stalledClients: broker.host.counters.stalledProducers,
      slowEndings: this.#endedFor(
        ClosedReason.SLOW_CONSUMER_PENDING,
        ClosedReason.SLOW_CONSUMER_DEADLINE,
      ),
      staleEndings: this.#endedFor(ClosedReason.STALE_CONNECTION),
      requests: requests.toObject(),
    };
  }

  #endedFor(...reasons: ClosedReason[]): EndingFacts {
    const { broker, cluster } = this;
    let clients = 0;
    let routes = 0;
    for (const reason of reasons) {
      clients += broker.clients.closed.endedFor(reason);
      routes += cluster?.endedFor(reason) ?? 0;
    }
    return { clients, routes };
  }

  #readiness(): ReadinessFacts {
    const { broker, cluster } = this;
    const hasRoutePort = cluster?.options.port !== undefined;
    return {
      isRegistryOnly: broker.options.registryOnly,
      acceptsClients: broker.port.accepting,
      acceptsRoutes: !hasRoutePort || cluster?.address !== undefined,
    };
  }

  #nodes(): SnapshotParts["nodes"] {
    const { broker, cluster, httpAddress: monitor } = this;
    const { interfaceAddresses } = this.platform;
    // A server that is nothing but a registry is no node.
    const own = broker.options.registryOnly
      ? []
      : [ownNode(broker, { cluster, monitor, interfaceAddresses })];
    const peers = [...cluster?.routes.values() ?? []].map(peerNode)
      .filter((node) => node !== undefined);
    return [...own, ...peers];
  }
}
