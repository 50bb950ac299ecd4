/**
 * This server's place in its cluster: the route port, the routes to all other
 * servers, who may stay, and what they tell each other about further servers
 * and about addresses for clients.
 *
 * NATS route protocol: every server has one route to every other one (a full
 * mesh), because messages travel over one route only.
 */
import { ClosedReason } from "../core/closed.ts";
import { AUTH_TIMEOUT_MS } from "../core/limits.ts";
import { quoted } from "../core/quote.ts";
import type { Account, InterestObserver } from "../accounts/account.ts";
import { Authenticator, type CompareHash } from "../auth/authenticator.ts";
import type { Broker, RoutesLink } from "../broker/broker.ts";
import type {
  ConnectionSettings,
  Traffic,
} from "../broker/connections/connection.ts";
import type { Delivery } from "../accounts/deliver.ts";
import type { ClusterOptions } from "../options/options.ts";
import type { Discovery } from "../discovery/discovery.ts";
import {
  type Address,
  formatAddress,
  type Listener,
  type Network,
  type Socket,
} from "../platform/socket.ts";
import { type ConnectFields, infoLine, type ServerInfo } from "../wire/info.ts";
import type { Logger } from "../core/log.ts";
import { ClusterName } from "./cluster_name.ts";
import type { Dialer } from "./dialer.ts";
import { Dialers } from "./dialers.ts";
import {
  type ClusterVerdict,
  routeConnect,
  type RouteIdentity,
  routeInfo,
} from "./handshake.ts";
import { FoundNodes } from "./found_nodes.ts";
import { gossipAbout, routeAddress } from "./gossip.ts";
import { RouteLedger } from "./route_ledger.ts";
import { Route, type RouteOwner } from "./route.ts";
import { routeIdentity, sharedCredentials } from "./identity.ts";
import { retryPolicy, routeSettings } from "./settings.ts";

/** A second connection to a server whose choice it is waits so long for that choice. */
const DUPLICATE_GRACE_MS = 2000;

/** What a cluster stands on, besides its broker. */
export interface ClusterPlatform {
  readonly network: Network;
  readonly compareHash: CompareHash;
  readonly runtimeName: string;
}

export class Cluster implements RoutesLink, InterestObserver, RouteOwner {
  readonly broker: Broker;
  readonly options: ClusterOptions;
  readonly authenticator: Authenticator;
  /** By server id. */
  readonly routes: Map<string, Route> = new Map();
  /** Called when the cluster's name is another one. */
  onRenamed: () => void = () => {};

  readonly #network: Network;
  readonly #runtimeName: string;
  readonly #settings: ConnectionSettings;
  /** Every connection of the route port, registered or not. */
  readonly #connections = new Set<Route>();
  readonly #dialers: Dialers;
  readonly #found: FoundNodes | undefined;
  readonly #gone = new RouteLedger();
  readonly #name: ClusterName;
  #listener: Listener | undefined = undefined;
  #stopped = false;
  /** Who waits for a number of routes. */
  readonly #waiting = new Set<{ count: number; resolve: () => void }>();

  constructor(
    broker: Broker,
    options: ClusterOptions,
    platform: ClusterPlatform,
    providers: readonly Discovery[] = [],
  ) {
    this.broker = broker;
    this.options = options;
    this.#network = platform.network;
    this.#runtimeName = platform.runtimeName;
    this.authenticator = new Authenticator(
      options.authorization,
      "",
      platform.compareHash,
    );
    this.#dialers = new Dialers({
      network: platform.network,
      clock: broker.clock,
      random: broker.random,
      log: broker.log,
      retry: retryPolicy(broker.options, options),
      dialled: (dialer, socket) => this.#connect(socket, dialer),
    });
    this.#settings = routeSettings(broker.options, options);
    this.#name = new ClusterName(options.name, broker.random);
    this.#found = providers.length === 0
      ? undefined
      : new FoundNodes(providers, {
        broker,
        options,
        network: platform.network,
        clusterName: this.#name,
        dialers: this.#dialers,
        routes: this.routes,
      });
    broker.routes = this;
    for (const account of broker.accounts) account.observer = this;
  }

  get clusterName(): string {
    return this.#name.text;
  }

  /** The name was made up, by this server or another one. */
  get clusterNameIsDynamic(): boolean {
    return this.#name.isDynamic;
  }

  /** Where other servers connect; undefined without a route port. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  get #log(): Logger {
    return this.broker.log;
  }

  /** What all routes, also those that are gone, have carried. */
  get traffic(): Traffic {
    const living = [...this.#connections].map(({ traffic }) => traffic);
    return this.#gone.trafficWith(living);
  }

  /** How many routes ended for `reason`. */
  endedFor(reason: ClosedReason): number {
    return this.#gone.endedFor(reason);
  }

  /** Opens the route port and begins to dial. Rejects with a `NetworkError`. */
  async start(): Promise<void> {
    const { host, port, routes } = this.options;
    this.#log.notice(`Cluster name is ${this.#name.text}`);
    if (this.#name.isDynamic) {
      this.#log.warn(
        "Cluster name was dynamically generated, consider setting one",
      );
    }
    if (port !== undefined) {
      this.#listener = await this.#network.listen(
        { host, port },
        (socket) => this.#connect(socket, undefined),
      );
      this.#log.notice(
        `Listening for route connections on ${
          formatAddress(this.#listener.address)
        }`,
      );
    }
    for (const target of routes) this.#dialers.dial(target, "configured");
    this.#found?.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#found?.stop();
    this.#dialers.stop();
    for (const route of [...this.#connections]) {
      route.close(ClosedReason.SERVER_SHUTDOWN);
    }
    await this.#listener?.close();
  }

  /** Resolves once routes to `count` other servers stand. */
  routesUp(count: number): Promise<void> {
    if (this.routes.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ count, resolve }));
  }

  // --- interest

  interestChanged(
    account: Account,
    subject: string,
    queue: string,
    members: number,
    before: number,
  ): void {
    // Plain interest is told once, however many clients share it.
    const told = queue === "" && members > 0 && before > 0;
    if (told) return;
    for (const route of this.routes.values()) {
      route.announce(account, subject, queue, members);
    }
  }

  // --- what routes ask

  get delivery(): Delivery {
    return this.broker.delivery;
  }

  get authTimeoutMs(): number {
    return this.options.authorization?.timeoutMs ?? AUTH_TIMEOUT_MS;
  }

  accountNamed(name: string): Account | undefined {
    return this.broker.accountNamed(name);
  }

  ownInfo(): ServerInfo {
    return routeInfo(this.#identity());
  }

  connectLine(dialer: Dialer): Uint8Array {
    return routeConnect(this.#identity(), dialer.target);
  }

  checkCluster({ cluster, cluster_dynamic }: ConnectFields): string {
    const verdict = this.#agreeOnCluster(cluster, cluster_dynamic);
    if (verdict === "same" || verdict === "adopt") return "";
    return `Rejecting connection, cluster name ${quoted(cluster)} does not ` +
      `match ${quoted(this.#name.text)}`;
  }

  introduced(route: Route, info: ServerInfo): void {
    if (info.server_id === this.broker.id) return this.#metMyself(route);
    if (this.#hasMyName(route, info) || this.#isForeign(route, info)) return;
    // Taking over a cluster name ends routes, which may have made this one an heir.
    if (route.registered) return;
    if (this.routes.has(info.server_id)) return this.#metAgain(route, info);
    // A peer that wants credentials has not looked at ours yet.
    const isLetIn = route.solicitedBy === undefined || route.accepted ||
      !info.auth_required;
    if (isLetIn) this.#register(route, info);
    else route.awaitAcceptance();
  }

  reliedOn(route: Route, info: ServerInfo): void {
    if (this.routes.has(info.server_id) && this.#choosesFor(info)) {
      return route.close(ClosedReason.DUPLICATE_ROUTE);
    }
    for (const other of [...this.#connections]) {
      const isTwin = other !== route &&
        other.info?.server_id === info.server_id;
      if (isTwin) other.close(ClosedReason.DUPLICATE_ROUTE);
    }
    if (!route.registered) this.introduced(route, info);
  }

  informed(route: Route, info: ServerInfo): void {
    if (info.server_id !== route.info?.server_id) return this.#heardOf(info);
    if (info.ldm) this.#takeClientUrls(route, []);
  }

  routeEnded(route: Route, reason: ClosedReason): void {
    this.#connections.delete(route);
    this.#gone.note(reason, route.traffic);
    if (route.registered) {
      this.routes.delete(route.info!.server_id);
      this.#takeClientUrls(route, []);
    }
    if (this.#stopped) return;
    this.#passOnDialers(route);
    this.#found?.routesChanged();
  }

  announceLameDuck(): void {
    for (const route of this.routes.values()) route.sendInfo();
  }

  // --- routes come

  #connect(socket: Socket, dialer: Dialer | undefined): void {
    if (this.#stopped) return socket.destroy();
    const route = new Route(this.broker, this, socket, this.#settings, dialer);
    this.#connections.add(route);
    route.start();
  }

  #register(route: Route, info: ServerInfo): void {
    this.routes.set(info.server_id, route);
    for (const dialer of route.dialers) dialer.succeeded();
    route.register(this.broker.accounts);
    this.#takeClientUrls(
      route,
      this.options.noAdvertise || info.ldm ? [] : info.connect_urls ?? [],
    );
    this.#tellOthers(route, gossipAbout(info, route.socket.remote));
    this.#found?.routesChanged();
    this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.routes.size < waiter.count) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #metMyself(route: Route): void {
    this.#log.debug(`Detected route to self, ignoring ${route.label}`);
    for (const { target } of this.#dialers.drop(route)) {
      this.#found?.ledAstray(target);
    }
    route.close(ClosedReason.DUPLICATE_ROUTE);
  }

  /** A server that is told apart by its name alone must not have ours. */
  #hasMyName(route: Route, { server_name }: ServerInfo): boolean {
    // NATS route protocol: only the accepting side looks at it.
    if (route.solicitedBy !== undefined || server_name !== this.broker.name) {
      return false;
    }
    this.#log.error(
      `${route.label} - Remote server has a duplicate name: ${
        quoted(server_name)
      }`,
    );
    route.close(ClosedReason.DUPLICATE_SERVER_NAME);
    return true;
  }

  #isForeign(route: Route, info: ServerInfo): boolean {
    const { cluster = "", cluster_dynamic = false } = info;
    if (cluster === "") return false;
    const verdict = this.#agreeOnCluster(cluster, cluster_dynamic);
    if (verdict !== "conflict") return false;
    this.#log.error(
      `${route.label} - Cluster name ${quoted(cluster)} does not match ${
        quoted(this.#name.text)
      }`,
    );
    for (const { target } of this.#dialers.drop(route, "found")) {
      this.#found?.ledAstray(target);
    }
    route.close(ClosedReason.CLUSTER_NAME_CONFLICT);
    return true;
  }

  /**
   * The peer is here already. When two servers dial each other at once, each
   * may have taken another connection for their route, and if both closed the
   * other one none would be left. So the server with the smaller id closes it;
   * the other one keeps it until the choice is made (see `reliedOn` and
   * `#passOnDialers`), or for a while, since not every peer knows this rule.
   */
  #metAgain(route: Route, info: ServerInfo): void {
    this.#log.debug(`${route.label} - Detected duplicate remote route`);
    if (this.#choosesFor(info)) {
      return route.close(ClosedReason.DUPLICATE_ROUTE);
    }
    this.broker.clock.after(DUPLICATE_GRACE_MS, () => {
      if (!route.registered) route.close(ClosedReason.DUPLICATE_ROUTE);
    });
  }

  /** Of two servers, the one with the smaller id chooses between two connections. */
  #choosesFor({ server_id }: ServerInfo): boolean {
    return this.broker.id < server_id;
  }

  /** Whoever wanted the connection that has ended rests on another one to that peer, or dials. */
  #passOnDialers(ended: Route): void {
    const heir = this.#heirOf(ended);
    this.#dialers.passOn(ended, heir);
    if (heir === undefined) return;
    if (!heir.registered) this.introduced(heir, heir.info!);
    else for (const dialer of heir.dialers) dialer.succeeded();
  }

  /** Another connection to the peer of one that has ended; the registered one if there is any. */
  #heirOf({ info }: Route): Route | undefined {
    if (info === undefined) return undefined;
    return this.routes.get(info.server_id) ??
      [...this.#connections].find((other) =>
        other.info?.server_id === info.server_id
      );
  }

  /** Replaces the client addresses that were taken over from a route. */
  #takeClientUrls(route: Route, urls: readonly string[]): void {
    const before = route.clientUrls;
    route.clientUrls = urls;
    this.broker.replaceClientUrls(before, urls);
  }

  // --- gossip

  /** NATS route protocol: those that are here already dial the newcomer. */
  #tellOthers(newcomer: Route, gossip: ServerInfo | undefined): void {
    if (gossip === undefined) return;
    const line = infoLine(gossip);
    for (const route of this.routes.values()) {
      if (route !== newcomer) route.send(line);
    }
  }

  #heardOf(info: ServerInfo): void {
    if (info.server_id === this.broker.id || this.routes.has(info.server_id)) {
      return;
    }
    // NATS route protocol: `ip` says how to dial it.
    const target = routeAddress(info.ip ?? "");
    if (target === undefined || this.#dialers.knows(target)) return;
    const credentials = info.auth_required
      ? sharedCredentials(this.options.authorization)
      : {};
    this.#dialers.dial({ ...target, ...credentials }, "gossip");
  }

  // --- names

  /** Takes over the peer's cluster name if the rules say so. */
  #agreeOnCluster(name: string, dynamic: boolean): ClusterVerdict {
    const verdict = this.#name.meet(name, dynamic);
    if (verdict !== "adopt") return verdict;
    this.#log.notice(`Cluster name updated to ${quoted(name)}`);
    for (const route of [...this.routes.values()]) {
      route.close(ClosedReason.CLUSTER_NAME_CONFLICT);
    }
    this.#found?.renamed();
    this.onRenamed();
    return verdict;
  }

  #identity(): RouteIdentity {
    const port = this.#listener?.address.port ?? this.options.port ?? 0;
    return routeIdentity(this, this.#name, port, this.#runtimeName);
  }
}
