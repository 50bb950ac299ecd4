/**
 * One running server: broker, cluster, monitoring and a registry put together,
 * or the registry alone, on a platform that comes in as a value. Everything opens or nothing does; `stop`
 * takes everything down again. It installs no signal handler, writes no file
 * and never exits: that is `commands/server.ts`.
 */
import { MIDGE_VERSION, NATS_VERSION } from "../core/version.ts";
import { Broker, type BrokerPlatform } from "../broker/broker.ts";
import type { NatsConnection } from "../client/connection.ts";
import type { ServerOptions } from "../config/options.ts";
import { type Monitor, startMonitor } from "../monitor/monitor.ts";
import type { MonitorPlatform } from "../monitor/monitor.ts";
import { type Address, formatAddress } from "../net/socket.ts";
import { Registry, type RegistryPlatform } from "../registry/server.ts";
import { Cluster } from "../routes/cluster.ts";
import { ownNode } from "../routes/own_node.ts";
import type { Announcer } from "./announcer.ts";
import { announcerOf, type DiscoverySource, providersOf } from "./discovery.ts";
import { connectInProcess, type InProcessOptions } from "./in_process.ts";

/** Everything that would name a platform. */
export type ServerPlatform =
  & BrokerPlatform
  & MonitorPlatform
  & RegistryPlatform
  & DiscoverySource;

export class Server {
  readonly broker: Broker;
  readonly cluster: Cluster | undefined = undefined;
  readonly #announcer: Announcer | undefined = undefined;
  readonly #interfaceAddresses: () => string[];
  #monitor: Monitor | undefined = undefined;
  #registry: Registry | undefined = undefined;
  #leaving: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;

  private constructor(options: ServerOptions, platform: ServerPlatform) {
    this.broker = new Broker(options, platform);
    this.#interfaceAddresses = platform.interfaceAddresses;
    if (options.registryOnly) return;
    if (options.cluster !== undefined) {
      this.cluster = new Cluster(
        this.broker,
        options.cluster,
        platform,
        providersOf(options, platform),
      );
    }
    this.#announcer = announcerOf(this.broker, platform);
  }

  /**
   * Starts a server. Rejects with a `NetworkError` when a port cannot be
   * opened, and with a `DiscoveryError` for a URL whose secret is missing; then
   * nothing of it is left. Registries that do not answer hold nothing up.
   */
  static async start(
    options: ServerOptions,
    platform: ServerPlatform,
  ): Promise<Server> {
    const server = new Server(options, platform);
    try {
      await server.#start(platform);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Where clients connect; undefined once it accepts no more. */
  get address(): Address | undefined {
    return this.broker.address;
  }

  /** `nats://host:port` for clients on this machine. */
  get url(): string {
    return `nats://${formatAddress(reachable(this.broker.clientAddress))}`;
  }

  get clusterAddress(): Address | undefined {
    return this.cluster?.address;
  }

  get monitorAddress(): Address | undefined {
    return this.#monitor?.address;
  }

  /** Where nodes announce themselves and are asked for. */
  get registryAddress(): Address | undefined {
    return this.#registry?.address;
  }

  /** Whether it lets, or has let, its clients go. */
  get leaving(): boolean {
    return this.#leaving !== undefined;
  }

  /**
   * Connects a client of this process, without a port and without a socket.
   * Logins are asked for as of any other; it ends with the server.
   */
  connect(options: InProcessOptions = {}): Promise<NatsConnection> {
    return connectInProcess(this.broker, options);
  }

  /** Lets the clients go in peace, then stops. */
  async lameDuck(): Promise<void> {
    await this.enterLameDuck();
    await this.stop();
  }

  /**
   * Lets the clients go in peace, after the registries, so that none of them
   * comes back. Resolves when the last one is gone.
   */
  enterLameDuck(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(platform: ServerPlatform): Promise<void> {
    const { broker, cluster } = this;
    const { log, options } = broker;
    this.#introduce(platform.runtimeName);
    if (options.http !== undefined) {
      this.#monitor = await startMonitor(broker, cluster, platform);
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
    broker.log.notice(
      `Listening for client connections on ${
        formatAddress(broker.clientAddress)
      }`,
    );
    await cluster?.start();
    if (cluster !== undefined) cluster.onRenamed = () => this.#announce();
    this.#announce();
  }

  #announce(): void {
    const { cluster, monitorAddress: monitor } = this;
    const interfaceAddresses = this.#interfaceAddresses;
    this.#announcer?.announce(
      ownNode(this.broker, { cluster, monitor, interfaceAddresses }),
    );
  }

  #introduce(runtimeName: string): void {
    const { log, options, name, id, authenticator } = this.broker;
    log.notice("Starting midge");
    log.notice(
      `  Version:  ${MIDGE_VERSION} (speaks as nats-server ${NATS_VERSION})`,
    );
    log.debug(`  Runtime:  ${runtimeName}`);
    if (this.cluster !== undefined) {
      log.notice(`  Cluster:  ${this.cluster.clusterName}`);
    }
    log.notice(`  Name:     ${name}`);
    log.notice(`  ID:       ${id}`);
    if (authenticator.hasPlainPasswords) {
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
  if (host === "0.0.0.0") return { host: "127.0.0.1", port };
  return host === "::" ? { host: "::1", port } : { host, port };
}
