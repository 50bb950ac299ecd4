/**
 * The parts of a running server: broker, cluster, monitoring, a registry and the
 * node's announcement, or the registry alone. They are opened in order, with a
 * line in the log for each, and closed together. `server.ts` is what programs
 * see of them.
 */
import { calloutFaults } from "../auth/callout/callout_faults.ts";
import { describeLogins } from "../auth/login_shape.ts";
import { hasPlainPasswords } from "../auth/user_table.ts";
import { Broker, type BrokerPlatform } from "../broker/broker.ts";
import type { OverStores } from "../jetstream/jetstream.ts";
import { MIDGE_VERSION, NATS_VERSION } from "../core/version.ts";
import { openResolver } from "../system/resolving.ts";
import { System, type SystemPlatform } from "../system/system.ts";
import type { Announcer } from "../discovery/announcing/announcer.ts";
import {
  type Monitor,
  type MonitorPlatform,
  startMonitor,
} from "../monitor/monitor.ts";
import { WatchedServer } from "../monitor/source/watched_server.ts";
import { formatAddress, unixAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import type { ServerConfig, ServerOptions } from "../options/options.ts";
import type { Flow } from "../platform/flow.ts";
import type { Address } from "../platform/socket.ts";
import type { LoadStorage } from "../platform/storage.ts";
import { type RunSoon, runSoonOn } from "../platform/turns.ts";
import { Registry, type RegistryPlatform } from "../registry/server.ts";
import { Cluster } from "../routes/cluster.ts";
import { ownNode } from "../routes/own_node.ts";
import { announcerOf, type DiscoverySource, providersOf } from "./discovery.ts";
import { startSecureMonitor } from "./secure_monitor.ts";
import { ServerStreams } from "./server_streams.ts";
import { tellingPorts } from "./trouble.ts";

/** Everything that would name a platform. */
export type ServerPlatform =
  & BrokerPlatform
  & MonitorPlatform
  & RegistryPlatform
  & DiscoverySource
  & ReloadPlatform
  & SystemPlatform
  & ProcessPlatform;

/** The process that the server is part of. */
export interface ProcessPlatform {
  /** Keeps the process alive until the result is called: as long as the server runs. Without it, only open ports do. */
  readonly keepProcessAlive?: () => () => void;
  /** Why `interfaceAddresses` tells none; undefined where it tells all. */
  readonly addressesRefused?: () => string | undefined;
  /** For clients in this process. */
  readonly flow?: Flow;
  /** Without it, streams are in memory. */
  readonly loadStorage?: LoadStorage | undefined;
  /** Puts something between the server and the stores of its streams. */
  readonly overStores?: OverStores;
}

/** What the process around a server does for a reload. Each may be missing. */
export interface ReloadPlatform {
  /** Reads again what the server was started with, where a file is part of that. */
  readonly rereadOptions?: (() => Promise<ServerOptions>) | undefined;
  /** Reads the options of a program. */
  readonly readOptions?: (config: ServerConfig) => Promise<ServerOptions>;
  /** The log, and the files of the process, follow the options. */
  readonly follow?: (options: ServerOptions, before: ServerOptions) => void;
}

export class ServerParts {
  readonly broker: Broker;
  readonly cluster: Cluster | undefined = undefined;
  /** What the pages of monitoring are made of. */
  readonly watched: WatchedServer;
  readonly #platform: ServerPlatform;
  readonly #announcer: Announcer | undefined = undefined;
  readonly #system: System | undefined = undefined;
  readonly #streams: ServerStreams;
  readonly #monitors: Monitor[] = [];
  #registry: Registry | undefined = undefined;

  /** `reload` has the server read its configuration again. */
  constructor(
    options: ServerOptions,
    machine: ServerPlatform,
    reload: () => Promise<void>,
  ) {
    const { clock, log } = machine;
    const platform = { ...machine, ...tellingPorts(machine, clock, log) };
    this.broker = new Broker(options, platform);
    this.#platform = platform;
    const isNode = !options.registryOnly;
    if (isNode && options.cluster !== undefined) {
      this.cluster = new Cluster(
        this.broker,
        options.cluster,
        platform,
        providersOf(this.broker, platform),
      );
    }
    if (isNode) this.#announcer = announcerOf(this.broker, platform);
    this.watched = new WatchedServer(this.broker, this.cluster, platform);
    if (isNode) this.#system = System.of(this.watched, reload, platform);
    this.#streams = new ServerStreams(options, {
      broker: this.broker,
      cluster: this.cluster,
      watched: this.watched,
      runSoon: platform.runSoon ?? runSoonOn(clock),
      loadStorage: platform.loadStorage,
      overStores: platform.overStores,
    });
  }

  get runSoon(): RunSoon | undefined {
    return this.#platform.runSoon;
  }

  get flow(): Flow | undefined {
    return this.#platform.flow;
  }

  get monitorAddress(): Address | undefined {
    return this.#monitors[0]?.address;
  }

  get registryAddress(): Address | undefined {
    return this.#registry?.address;
  }

  /** Opens all of them. Rejects at the first one that cannot be opened. */
  async start(): Promise<void> {
    const { options, host } = this.broker;
    const { log } = host;
    const platform = this.#platform;
    this.#introduce(platform.runtimeName);
    await this.#startMonitors();
    if (options.registry !== undefined) {
      this.#registry = await Registry.start(options.registry, {
        ...platform,
        log,
      });
    }
    if (!options.registryOnly) await this.#startNode();
    log.notice("Server is ready");
  }

  /** The registries first, so that no client comes back, then the clients. */
  async leave(): Promise<void> {
    await this.#announcer?.withdraw();
    this.#system?.leaving();
    await this.broker.enterLameDuck();
  }

  /** Closes all of them, those that were never opened too. */
  async stop(): Promise<void> {
    await this.#announcer?.withdraw();
    this.#system?.stop();
    this.#streams.leaving();
    // Clients first: told that the other nodes are gone, they would not move there.
    await Promise.all([
      this.broker.stop(),
      this.cluster?.stop(),
      ...this.#monitors.map((monitor) => monitor.close()),
      this.#registry?.stop(),
      this.#streams.stop(),
    ]);
  }

  /** Resolves when the event loop has looked at the sockets again. */
  nextRound(): Promise<void> {
    const { rounds } = this.broker.host.turn;
    return new Promise((resolve) => rounds.enter(resolve));
  }

  /** Takes other options while it runs. */
  async reconfigure(options: ServerOptions): Promise<void> {
    const doors = await this.broker.makeDoors(options);
    const clients = this.broker.reconfigure(options, doors);
    // A server gets no cluster, and loses none, while it runs.
    if (options.cluster !== undefined) {
      this.cluster?.reconfigure(options.cluster);
    }
    if (options.registry !== undefined) {
      this.#registry?.reconfigure(options.registry);
    }
    await clients;
    await this.#streams.reconfigure(options);
    this.#announce();
  }

  async #startMonitors(): Promise<void> {
    const { options, host } = this.broker;
    const { http, httpSockets, unixSocketMode: fileMode } = options;
    const places = [...http ? [http] : [], ...httpSockets.map(unixAddress)];
    const secure = await startSecureMonitor(this.watched);
    if (secure !== undefined) this.#monitors.push(secure);
    for (const at of places) {
      const monitor = await startMonitor(this.watched, at, { fileMode });
      this.#monitors.push(monitor);
      const where = formatAddress(monitor.address);
      host.log.notice(`Starting http monitor on ${where}`);
    }
  }

  async #startNode(): Promise<void> {
    const { broker, cluster } = this;
    const store = await openResolver(broker, this.#platform);
    this.#system?.start(store);
    this.#streams.start();
    await broker.start();
    this.#tellOfWebSockets();
    for (const address of broker.port.addresses) {
      const at = formatAddress(address);
      broker.host.log.notice(`Listening for client connections on ${at}`);
      if (address.path === undefined) this.#tellTls();
      if (broker.options.proxyProtocol) {
        broker.host.log.notice("PROXY protocol enabled for client connections");
      }
    }
    await cluster?.start();
    if (cluster !== undefined) cluster.onRenamed = () => this.#announce();
    this.#announce();
  }

  #tellOfWebSockets(): void {
    const { host, options, websocketPort: { url } } = this.broker;
    if (url === undefined) return;
    host.log.notice(`Listening for websocket clients on ${url}`);
    if (options.websocket?.tls !== undefined) return;
    host.log.warn(
      "Websocket not configured with TLS. DO NOT USE IN PRODUCTION!",
    );
  }

  #tellTls(): void {
    const { options: { tls, allowNonTls }, host: { log } } = this.broker;
    if (tls === undefined) return;
    const how = allowNonTls ? "available" : "required";
    log.notice(`TLS ${how} for client connections`);
    if (tls.handshakeFirst && tls.fallbackDelayMs === 0) {
      log.warn(
        'Clients that are not using "TLS Handshake First" option will fail ' +
          "to connect",
      );
    }
  }

  #announce(): void {
    const { cluster, watched: { httpAddress: monitor } } = this;
    const { interfaceAddresses } = this.#platform;
    this.#announcer?.announce(
      ownNode(this.broker, { cluster, monitor, interfaceAddresses }),
    );
  }

  #introduce(runtimeName: string): void {
    const { options, identity, host } = this.broker;
    const { log } = host;
    log.notice("Starting midge");
    log.notice(
      `  Version:  ${MIDGE_VERSION} (speaks as nats-server ${NATS_VERSION})`,
    );
    log.debug(`  Runtime:  ${runtimeName}`);
    if (this.cluster !== undefined) {
      log.notice(`  Cluster:  ${this.cluster.clusterName}`);
    }
    log.notice(`  Name:     ${identity.name}`);
    log.notice(`  ID:       ${identity.id}`);
    log.notice(describeLogins(options));
    for (const fault of calloutFaults(options)) log.error(fault);
    if (hasPlainPasswords(options)) {
      log.warn("Plaintext passwords detected, use nkeys or bcrypt");
    }
    this.broker.operator?.introduce(log);
    this.#warnOfAddresses();
    if (options.configFile !== "") {
      log.notice(`Using configuration file: ${options.configFile}`);
    }
  }

  /** Clients of other nodes are told where this one is, which the machine may not tell. */
  #warnOfAddresses(): void {
    const { options, host } = this.broker;
    const isTold = options.clientAdvertise !== "" || !isAnyHost(options.host);
    if (this.cluster === undefined || isTold) return;
    const why = this.#platform.addressesRefused?.();
    if (why === undefined) return;
    host.log.warn(
      `The addresses of this machine are not known: ${why}, nor a client_advertise`,
    );
  }
}
