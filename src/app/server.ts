/**
 * One running server, as programs hold it: where it listens, how it ends, its
 * clients of this process, and its pages. On a platform that comes in as a value
 * it puts `ServerParts` together: everything opens or nothing does, and `stop`
 * takes everything down again. It installs no signal handler, writes no log and
 * never exits: that is `commands/server.ts`.
 *
 * More than a dozen members: because it is the API of an embedded server, which
 * has one for each address and each page.
 */
import type { Broker } from "../broker/broker.ts";
import type { NatsConnection } from "../client/connection.ts";
import { deferred } from "../core/deferred.ts";
import { InvalidOperationError } from "../core/errors.ts";
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
  JSZ,
  type JszOptions,
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
} from "../monitor/page_types.ts";
import type { Jsz } from "../monitor/jetstream_types.ts";
import type { Varz } from "../monitor/varz_types.ts";
import { formatAddress, unixAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import type { ServerConfig, ServerOptions } from "../options/options.ts";
import type { Address } from "../platform/socket.ts";
import type { Cluster } from "../routes/cluster.ts";
import { optionsOf } from "./config.ts";
import { connectInProcess, type InProcessOptions } from "./in_process.ts";
import { askPage } from "./monitoring.ts";
import { ServerParts, type ServerPlatform } from "./parts.ts";
import { Reloading } from "./reload.ts";

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
  readonly cluster: Cluster | undefined;
  readonly #parts: ServerParts;
  readonly #reloading: Reloading;
  readonly #stopped = deferred<void>();
  #leaving: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;

  private constructor(options: ServerOptions, platform: ServerPlatform) {
    this.#parts = new ServerParts(options, platform, () => this.reload());
    this.#reloading = new Reloading(this.#parts, {
      readOptions: (config) => Promise.resolve(optionsOf(config)),
      ...platform,
    });
    this.broker = this.#parts.broker;
    this.cluster = this.#parts.cluster;
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
      await server.#parts.start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /**
   * Where it listens for clients; undefined once it accepts no more. Without a
   * port it is the `path` of the first unix socket.
   */
  get address(): Address | undefined {
    return this.broker.port.addresses[0];
  }

  /**
   * `nats://host:port` for clients on this machine, or `unix:///path` where there
   * are unix sockets and no port; it stays what it was when the server has
   * stopped. Throws an `InvalidOperationError` with `dont_listen` alone.
   */
  get url(): string {
    const { dontListen, unixSockets } = this.broker.options;
    if (dontListen) {
      const [path] = unixSockets;
      if (path !== undefined) return formatAddress(unixAddress(path));
      throw new InvalidOperationError("The server has no port for clients");
    }
    return `nats://${formatAddress(reachable(this.broker.port.lastAddress))}`;
  }

  /** Where clients connect by WebSocket; undefined without such a port, and once it accepts no more. */
  get websocketAddress(): Address | undefined {
    return this.broker.websocketPort.address;
  }

  /** `ws://host:port`, or `wss://`, for clients on this machine; undefined as `websocketAddress` is. */
  get websocketUrl(): string | undefined {
    const { address, url } = this.broker.websocketPort;
    if (address === undefined || url === undefined) return undefined;
    const scheme = url.startsWith("wss") ? "wss" : "ws";
    return `${scheme}://${formatAddress(reachable(address))}`;
  }

  /** Where other servers connect; undefined without a cluster's port, as once it has stopped. */
  get clusterAddress(): Address | undefined {
    return this.cluster?.address;
  }

  /** Where monitoring is served over HTTP: the port, or the first unix socket; undefined where it is not. */
  get monitorAddress(): Address | undefined {
    return this.#parts.monitorAddress;
  }

  /** Where nodes announce themselves and are asked for; undefined without a registry. */
  get registryAddress(): Address | undefined {
    return this.#parts.registryAddress;
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
    return connectInProcess(this.broker, options, this.#parts);
  }

  /**
   * Has other options hold from now on, or without them what now stands in the
   * file that `include` names. Nobody is disconnected who may stay; clients of
   * users that are gone, or have another password, are. What did not change
   * stays as it is, and so do ports that are any free ones.
   *
   * Rejects with a `ConfigError` for options that make no sense, and with an
   * `InvalidOperationError` that names the option when one of them cannot change
   * while the server runs. Then nothing has changed.
   *
   * ```ts
   * await server.reload({ port: 0, max_payload: 1024 });
   * console.log(server.varz().max_payload); // 1024
   * ```
   */
  reload(options?: ServerConfig): Promise<void> {
    return this.#reloading.reload(options);
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
    this.#leaving ??= this.#parts.leave();
    return this.#leaving;
  }

  /**
   * Stops the server: sends what is pending, closes all clients, routes and
   * ports. Resolves when the ports are free; every further call returns the
   * same promise.
   */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = this.#parts.stop();
      this.#stopping.then(this.#stopped.resolve, this.#stopped.resolve);
    }
    return this.#stopping;
  }

  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** What `/varz` shows: options, load and counters. Like all of these, no port is needed for it. */
  varz(): Varz {
    return askPage(VARZ, this.#parts.watched, {});
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
    return askPage(CONNZ, this.#parts.watched, options);
  }

  /** What `/routez` shows: the routes to other servers. */
  routez(options: RoutezOptions = {}): Routez {
    return askPage(ROUTEZ, this.#parts.watched, options);
  }

  /** What `/subsz` shows: the subject look-up, and with `subs` the subscriptions. */
  subsz(options: SubszOptions = {}): Subsz {
    return askPage(SUBSZ, this.#parts.watched, options);
  }

  /** What `/accountz` shows: the accounts, or all of the one that `acc` names. */
  accountz(options: AccountzOptions = {}): Accountz {
    return askPage(ACCOUNTZ, this.#parts.watched, options);
  }

  /** What `/accstatz` shows: the accounts' traffic. */
  accstatz(options: AccountStatzOptions = {}): AccountStatz {
    return askPage(ACCSTATZ, this.#parts.watched, options);
  }

  /** What `/jsz` shows: JetStream, and with `streams` what streams hold. */
  jsz(options: JszOptions = {}): Jsz {
    return askPage(JSZ, this.#parts.watched, options);
  }

  /** What `/healthz` shows: whether clients can connect, and streams can be read. */
  healthz(options: HealthzOptions = {}): Healthz {
    return askPage(HEALTHZ, this.#parts.watched, options);
  }

  /** What `/discoveryz` shows: this server and the others of its cluster, with their doors. */
  discoveryz(): Discoveryz {
    return askPage(DISCOVERYZ, this.#parts.watched, {});
  }
}

/** A server that listens everywhere is reached on the loopback address. */
function reachable({ host, port }: Address): Address {
  if (!isAnyHost(host)) return { host, port };
  return { host: host.includes(":") ? "::1" : "127.0.0.1", port };
}
