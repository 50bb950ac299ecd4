/**
 * One running server: broker, cluster, monitoring and a registry put together,
 * or the registry alone, on a platform that comes in as a value. Everything
 * opens or nothing does; `stop` takes everything down again. It installs no
 * signal handler, writes no log and never exits: that is `commands/server.ts`.
 */
import { deferred } from "../core/deferred.ts";
import { MIDGE_VERSION, NATS_VERSION } from "../core/version.ts";
import { hasPlainPasswords } from "../auth/passwords.ts";
import { Broker, type BrokerPlatform } from "../broker/broker.ts";
import type { NatsConnection } from "../client/connection.ts";
import { InvalidOperationError } from "../core/errors.ts";
import type { ServerOptions } from "../options/options.ts";
import { type Monitor, startMonitor } from "../monitor/monitor.ts";
import type { MonitorPlatform } from "../monitor/monitor.ts";
import {
  type AccountStatzOptions,
  ACCOUNTZ,
  type AccountzOptions,
  ACCSTATZ,
  CONNZ,
  type ConnzOptions,
  DISCOVERYZ,
  HEALTHZ,
  type HealthzOptions,
  ROUTEZ,
  type RoutezOptions,
  SUBSZ,
  type SubszOptions,
  VARZ,
} from "../monitor/page_options.ts";
import type {
  AccountStatz,
  Accountz,
  Connz,
  Discoveryz,
  Healthz,
  Routez,
  Subsz,
  Varz,
} from "../monitor/page_types.ts";
import { WatchedServer } from "../monitor/source/watched_server.ts";
import { formatAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import type { Address } from "../platform/socket.ts";
import type { RunSoon } from "../platform/turns.ts";
import { Registry, type RegistryPlatform } from "../registry/server.ts";
import { Cluster } from "../routes/cluster.ts";
import { ownNode } from "../routes/own_node.ts";
import type { Announcer } from "../discovery/announcing/announcer.ts";
import { announcerOf, type DiscoverySource, providersOf } from "./discovery.ts";
import { connectInProcess, type InProcessOptions } from "./in_process.ts";
import { askPage } from "./monitoring.ts";

/** Everything that would name a platform. */
export type ServerPlatform =
  & BrokerPlatform
  & MonitorPlatform
  & RegistryPlatform
  & DiscoverySource
  & ProcessPlatform;

/** The process that the server is part of. */
export interface ProcessPlatform {
  /** Keeps the process alive until the result is called: as long as the server runs. Without it, only open ports do. */
  readonly keepProcessAlive?: () => () => void;
  /** Turns of the event loop; without it, the clock makes them. */
  readonly runSoon?: RunSoon;
}

/**
 * A server of this process, started by `startServer` or `startCluster`. As long
 * as it runs the process stays alive; when it has stopped, nothing of it does.
 *
 * ```ts
 * await using server = await startServer({ port: 0 });
 * const connection = await server.connect();
 * connection.publish("greeting", "hello");
 * await connection.flush();
 * console.log(server.varz().in_msgs); // 1
 * ```
 */
export class Server implements AsyncDisposable {
  /** @internal The rooms below, for Midge's own programs and tests: no part of the API. */
  readonly broker: Broker;
  /** @internal */
  readonly cluster: Cluster | undefined = undefined;
  readonly #announcer: Announcer | undefined = undefined;
  readonly #platform: ServerPlatform;
  readonly #watched: WatchedServer;
  readonly #stopped = deferred<void>();
  #monitor: Monitor | undefined = undefined;
  #registry: Registry | undefined = undefined;
  #leaving: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;

  private constructor(options: ServerOptions, platform: ServerPlatform) {
    this.broker = new Broker(options, platform);
    this.#platform = platform;
    const isNode = !options.registryOnly;
    if (isNode && options.cluster !== undefined) {
      this.cluster = new Cluster(
        this.broker,
        options.cluster,
        platform,
        providersOf(options, platform),
      );
    }
    if (isNode) this.#announcer = announcerOf(this.broker, platform);
    this.#watched = new WatchedServer(this.broker, this.cluster, platform);
  }

  /**
   * Starts a server. Rejects with a `NetworkError` when a port cannot be
   * opened, and with a `DiscoveryError` for a URL whose secret is missing; then
   * nothing of it is left. Registries that do not answer hold nothing up.
   *
   * @internal Programs call `startServer`.
   */
  static async start(
    options: ServerOptions,
    platform: ServerPlatform,
  ): Promise<Server> {
    const server = new Server(options, platform);
    const release = platform.keepProcessAlive?.();
    if (release !== undefined) server.stopped.then(release);
    try {
      await server.#start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Where it listens for clients; undefined once it accepts no more. */
  get address(): Address | undefined {
    return this.broker.port.address;
  }

  /**
   * `nats://host:port` for clients on this machine; it stays what it was when
   * the server has stopped. Throws an `InvalidOperationError` with
   * `dont_listen`.
   */
  get url(): string {
    if (this.broker.options.dontListen) {
      throw new InvalidOperationError("The server has no port for clients");
    }
    return `nats://${formatAddress(reachable(this.broker.port.lastAddress))}`;
  }

  /** Where other servers connect; undefined without a cluster's port, as once it has stopped. */
  get clusterAddress(): Address | undefined {
    return this.cluster?.address;
  }

  /** Where monitoring is served over HTTP; undefined where it is not. */
  get monitorAddress(): Address | undefined {
    return this.#monitor?.address;
  }

  /** Where nodes announce themselves and are asked for; undefined without a registry. */
  get registryAddress(): Address | undefined {
    return this.#registry?.address;
  }

  /**
   * Whether new clients are welcome: from the moment that `startServer`
   * resolves until `lameDuck` or `stop` is called.
   */
  get ready(): boolean {
    const isLeaving = this.leaving || this.#stopping !== undefined;
    const { port, options } = this.broker;
    const isOpen = options.registryOnly
      ? this.registryAddress !== undefined
      : port.accepting;
    return isOpen && !isLeaving;
  }

  /** Whether it lets, or has let, its clients go. */
  get leaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** Resolves when the server has stopped, for whatever reason. Never rejects. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /**
   * Connects a client of this process, without a port and without a socket. To
   * the server it is a client like all others: logins, limits and permissions
   * hold, only `max_connections` does not. It does not reconnect: it ends with
   * the server. Rejects with a `ConnectionError` when the server takes no more
   * clients, and otherwise as `connect` does.
   *
   * ```ts
   * await using client = await server.connect({ name: "inside" });
   * console.log(await client.rtt() < 1000); // true
   * ```
   */
  connect(options: InProcessOptions = {}): Promise<NatsConnection> {
    return connectInProcess(this.broker, options, this.#platform.runSoon);
  }

  /**
   * Lets the clients go in peace, then stops: no new ones come in, those that
   * are there are told, and after `lame_duck_grace_period` they are closed one
   * by one within `lame_duck_duration`. Resolves when the server has stopped,
   * which is as soon as the last client is gone. `stop` cuts it short.
   *
   * ```ts
   * await server.lameDuck();
   * console.log(server.ready); // false
   * ```
   */
  async lameDuck(): Promise<void> {
    await this.enterLameDuck();
    await this.stop();
  }

  /**
   * Lets the clients go in peace, after the registries, so that none of them
   * comes back. Resolves when the last one is gone.
   *
   * @internal Programs call `lameDuck`.
   */
  enterLameDuck(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /**
   * Stops the server: sends what is pending, closes all clients, routes and
   * ports. Resolves when the ports are free; every further call returns the
   * same promise.
   */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = this.#stop();
      this.#stopping.then(this.#stopped.resolve, this.#stopped.resolve);
    }
    return this.#stopping;
  }

  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // --- monitoring

  /** What `/varz` shows: options, load and counters. Like all of these, no port is needed for it. */
  varz(): Varz {
    return askPage(VARZ, this.#watched, {});
  }

  /**
   * What `/connz` shows: clients that are connected, or gone. Throws an
   * `InvalidArgumentError`, in the words of the page, for options that make no
   * sense.
   *
   * ```ts
   * const { connections } = server.connz({ sort: "bytes_to", limit: 10 });
   * ```
   */
  connz(options: ConnzOptions = {}): Connz {
    return askPage(CONNZ, this.#watched, options);
  }

  /** What `/routez` shows: the routes to other servers. */
  routez(options: RoutezOptions = {}): Routez {
    return askPage(ROUTEZ, this.#watched, options);
  }

  /** What `/subsz` shows: the subject look-up, and with `subs` the subscriptions. */
  subsz(options: SubszOptions = {}): Subsz {
    return askPage(SUBSZ, this.#watched, options);
  }

  /** What `/accountz` shows: the accounts, or all of the one that `acc` names. */
  accountz(options: AccountzOptions = {}): Accountz {
    return askPage(ACCOUNTZ, this.#watched, options);
  }

  /** What `/accstatz` shows: the accounts' traffic. */
  accstatz(options: AccountStatzOptions = {}): AccountStatz {
    return askPage(ACCSTATZ, this.#watched, options);
  }

  /** What `/healthz` shows: whether clients can connect. */
  healthz(options: HealthzOptions = {}): Healthz {
    return askPage(HEALTHZ, this.#watched, options);
  }

  /** What `/discoveryz` shows: this server and the others of its cluster, with their doors. */
  discoveryz(): Discoveryz {
    return askPage(DISCOVERYZ, this.#watched, {});
  }

  async #start(): Promise<void> {
    const { options, host } = this.broker;
    const { log } = host;
    const platform = this.#platform;
    this.#introduce(platform.runtimeName);
    if (options.http !== undefined) {
      this.#monitor = await startMonitor(this.#watched, options.http);
      log.notice(
        `Starting http monitor on ${formatAddress(this.#monitor.address)}`,
      );
    }
    if (options.registry !== undefined) {
      this.#registry = await Registry.start(options.registry, {
        ...platform,
        log,
      });
    }
    if (!options.registryOnly) await this.#startNode();
    log.notice("Server is ready");
  }

  async #startNode(): Promise<void> {
    const { broker, cluster } = this;
    await broker.start();
    if (broker.port.address !== undefined) {
      const at = formatAddress(broker.port.address);
      broker.host.log.notice(`Listening for client connections on ${at}`);
    }
    await cluster?.start();
    if (cluster !== undefined) cluster.onRenamed = () => this.#announce();
    this.#announce();
  }

  #announce(): void {
    const { cluster, monitorAddress: monitor } = this;
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
    if (hasPlainPasswords(options.authorization)) {
      log.warn("Plaintext passwords detected, use nkeys or bcrypt");
    }
    if (options.configFile !== "") {
      log.notice(`Using configuration file: ${options.configFile}`);
    }
  }

  async #leave(): Promise<void> {
    await this.#announcer?.withdraw();
    await this.broker.enterLameDuck();
  }

  async #stop(): Promise<void> {
    await this.#announcer?.withdraw();
    // Clients first: told that the other nodes are gone, they would not move there.
    await Promise.all([
      this.broker.stop(),
      this.cluster?.stop(),
      this.#monitor?.close(),
      this.#registry?.stop(),
    ]);
  }
}

/** A server that listens everywhere is reached on the loopback address. */
function reachable({ host, port }: Address): Address {
  if (!isAnyHost(host)) return { host, port };
  return { host: host.includes(":") ? "::1" : "127.0.0.1", port };
}
