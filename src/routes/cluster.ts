/**
 * This server's place in its cluster: it opens the route port, dials, and puts
 * together the parts that know the rest. Who may stay is told by
 * `membership.ts` and carried out by `members.ts`; what servers tell each
 * other about further ones is in `gossip.ts`, and about interest in
 * `announcements.ts`.
 *
 * NATS route protocol: every server has one route to every other one (a full
 * mesh), because messages travel over one route only.
 *
 * More than a dozen members: because broker, monitoring and the running server
 * each ask it for a few.
 */
import { ClosedReason } from "../core/closed.ts";
import { WireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Door } from "../auth/door.ts";
import type { DoorPlatform } from "../auth/users_door.ts";
import type { Broker, RoutesLink } from "../broker/broker.ts";
import type { Traffic } from "../core/traffic.ts";
import { authTimeoutMs } from "../core/auth_timeout.ts";
import type { ClusterOptions } from "../options/options.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Address, Network, Socket } from "../platform/socket.ts";
import type { ServerInfo } from "../wire/info.ts";
import { Announcements } from "./announcements.ts";
import { ClusterName } from "./cluster_name.ts";
import { changeDialledRoutes } from "./dialled_routes.ts";
import type { Dialer } from "./dialer.ts";
import { Dialers } from "./dialers.ts";
import { FoundNodes } from "./found_nodes.ts";
import { Gossip } from "./gossip.ts";
import { routeConnect, type RouteIdentity, routeInfo } from "./handshake.ts";
import { routeIdentity } from "./identity.ts";
import { Members } from "./members.ts";
import { Route, type RouteOwner } from "./route.ts";
import { needsOtherDoor, routeDoor } from "./route_door.ts";
import { RoutePort } from "./route_port.ts";
import { RouteTls } from "./route_tls.ts";
import { RouteBook } from "./route_book.ts";
import { RoutePermissions } from "./route_permissions.ts";
import {
  isOther,
  retryPolicy,
  routeMaxPayloadBytes,
  type RouteSettings,
  routeSettings,
} from "./settings.ts";

/** What a cluster stands on, besides its broker. */
export interface ClusterPlatform extends DoorPlatform {
  readonly network: Network;
  readonly runtimeName: string;
}

/** What routes ask of it, with what a reload replaces. */
type ChangingOwner =
  & Omit<RouteOwner, "authTimeoutMs" | "maxPayloadBytes" | "permissions">
  & {
    authTimeoutMs: number;
    maxPayloadBytes: number;
    permissions: RoutePermissions;
  };

export class Cluster implements RoutesLink {
  /** As they are now: a reload replaces them. */
  options: ClusterOptions;
  /** Called when the cluster's name is another one. */
  onRenamed: () => void = () => {};
  /**
   * Called with what a server says of itself, before that server hears of the
   * interest here; without it when a server has gone.
   */
  onPeer: (info?: ServerInfo) => void = () => {};
  readonly #broker: Broker;
  readonly #platform: ClusterPlatform;
  #door: Door;
  #settings: RouteSettings;
  readonly #owner: ChangingOwner;
  readonly #book = new RouteBook();
  readonly #name: ClusterName;
  readonly #dialers: Dialers;
  readonly #gossip: Gossip;
  readonly #members: Members;
  readonly #found: FoundNodes | undefined;
  readonly #tls: RouteTls;
  readonly #port: RoutePort;
  /** What other servers were told of this one, at the start or by a reload. */
  #told = "";
  #stopped = false;

  constructor(
    broker: Broker,
    options: ClusterOptions,
    platform: ClusterPlatform,
    providers: readonly Discovery[] = [],
  ) {
    this.options = options;
    this.#broker = broker;
    this.#platform = platform;
    this.#door = routeDoor(options, platform);
    this.#settings = routeSettings(broker.options, options);
    this.#name = new ClusterName(options.name, broker.host.random);
    this.#tls = new RouteTls({
      log: broker.host.log,
      settings: () => this.options.tls,
      routes: () => this.options.routes,
    });
    this.#port = new RoutePort({
      network: platform.network,
      tls: this.#tls,
      log: broker.host.log,
      connected: (socket) =>
        broker.host.turn.rounds.admit(() => this.#connect(socket, undefined)),
    });
    this.#dialers = this.#makeDialers();
    this.#gossip = new Gossip({
      id: broker.identity.id,
      log: broker.host.log,
      options: () => this.options,
      dialers: this.#dialers,
      routes: this.routes,
    });
    this.#members = this.#makeMembers();
    this.#owner = this.#makeOwner();
    this.#found = this.#findersOf(providers);
    broker.routes = this;
    broker.host.info.clusterName = () => this.#name.text;
    broker.host.accounts.observe(new Announcements(this.routes));
  }

  /** By server id. */
  get routes(): ReadonlyMap<string, Route> {
    return this.#book.routes;
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
    return this.#port.address;
  }

  /** What all routes, also those that are gone, have carried. */
  get traffic(): Traffic {
    return this.#book.traffic;
  }

  /** How many routes ended for `reason`. */
  endedFor(reason: ClosedReason): number {
    return this.#book.endedFor(reason);
  }

  /** Opens the route port and begins to dial. Rejects with a `NetworkError`. */
  async start(): Promise<void> {
    const { host, port, routes } = this.options;
    this.#reportName();
    this.#tls.warn();
    if (port !== undefined) await this.#port.open({ host, port });
    this.#told = this.#introduction();
    for (const target of routes) this.#dialers.dial(target, "configured");
    this.#found?.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#found?.stop();
    this.#dialers.stop();
    this.#members.stop();
    this.#tls.stop();
    await this.#port.close();
  }

  /** Resolves once routes to `count` other servers stand. */
  routesUp(count: number): Promise<void> {
    return this.#book.routesUp(count);
  }

  /**
   * Takes other options while it runs, those of the broker included. Routes that
   * may stay do, and hear of what has changed.
   */
  reconfigure(options: ClusterOptions): void {
    const before = this.options;
    this.options = options;
    this.#takeNumbers();
    if (options.name !== "" && options.name !== before.name) this.#rename();
    if (needsOtherDoor(before, options)) this.#changeDoor();
    changeDialledRoutes(
      this.#book.open,
      {
        dialers: this.#dialers,
        options,
        found: this.#found,
        log: this.#log,
        connectLine: this.#owner.connectLine,
      },
    );
    this.#tls.reconfigured(before.tls);
    void this.#port.follow();
    this.introduceAnew();
    if (isOther(options.permissions, before.permissions)) this.#judgeAgain();
  }

  /** Other servers hear of what has changed, if anything has. */
  introduceAnew(): void {
    const introduction = this.#introduction();
    if (introduction === this.#told) return;
    this.#told = introduction;
    for (const route of this.routes.values()) route.sendInfo();
  }

  /** NATS: peers are told first, and then of the interest that is meant. */
  #judgeAgain(): void {
    const before = this.#owner.permissions;
    this.#owner.permissions = new RoutePermissions(this.options.permissions);
    const { accounts } = this.#broker.host;
    for (const route of this.routes.values()) {
      route.judgeAgain(accounts, before);
    }
  }

  announceLameDuck(): void {
    for (const route of this.routes.values()) route.sendInfo();
  }

  get #log(): Logger {
    return this.#broker.host.log;
  }

  #makeDialers(): Dialers {
    const { host, options } = this.#broker;
    const { clock, random, log } = host;
    return new Dialers({
      network: this.#platform.network,
      clock,
      random,
      log,
      retry: retryPolicy(options, this.options),
      secure: (socket, target, failures) =>
        this.#tls.dialled(socket, target, failures),
      dialled: (dialer, socket) => this.#connect(socket, dialer),
    });
  }

  #makeMembers(): Members {
    return new Members({
      broker: this.#broker,
      book: this.#book,
      name: this.#name,
      dialers: this.#dialers,
      gossip: this.#gossip,
      noAdvertise: () => this.options.noAdvertise,
      onRenamed: () => {
        this.#found?.renamed();
        this.onRenamed();
      },
      onChanged: () => this.#found?.routesChanged(),
      onPeer: (info) => this.onPeer(info),
      onAstray: (target) => this.#found?.ledAstray(target),
    });
  }

  #findersOf(providers: readonly Discovery[]): FoundNodes | undefined {
    if (providers.length === 0) return undefined;
    return new FoundNodes(providers, {
      broker: this.#broker,
      options: () => this.options,
      network: this.#platform.network,
      clusterName: this.#name,
      dialers: this.#dialers,
      routes: this.routes,
    });
  }

  #makeOwner(): ChangingOwner {
    const { accounts, delivery, tracing } = this.#broker.host;
    return {
      delivery,
      tracing,
      door: () => this.#door,
      authTimeoutMs: authTimeoutMs(this.options),
      maxPayloadBytes: routeMaxPayloadBytes(this.#broker.options),
      accountNamed: (name) => accounts.named(name),
      measuredRequestCame: (account, message) =>
        accounts.imports.measuredRequestCame(account, message),
      ownInfo: () => routeInfo(this.#identity()),
      connectLine: (dialer) => routeConnect(this.#identity(), dialer.target),
      happened: (route, event, claim) =>
        this.#members.happened(route, event, claim),
      informed: (route, info) => this.#informed(route, info),
      permissions: new RoutePermissions(this.options.permissions),
    };
  }

  #introduction(): string {
    return JSON.stringify(routeInfo(this.#identity()));
  }

  #takeNumbers(): void {
    const { options } = this.#broker;
    this.#settings = routeSettings(options, this.options);
    this.#owner.authTimeoutMs = authTimeoutMs(this.options);
    this.#owner.maxPayloadBytes = routeMaxPayloadBytes(options);
    this.#dialers.reconfigure(retryPolicy(options, this.options));
    for (const { connection } of this.#book.open) {
      connection.reconfigure(this.#settings);
    }
  }

  #rename(): void {
    const { name } = this.options;
    if (this.#name.text !== name) {
      this.#log.notice(`Cluster name updated to ${name}`);
    }
    this.#name.rename(name);
    this.#found?.renamed();
    this.onRenamed();
  }

  #changeDoor(): void {
    this.#door = routeDoor(this.options, this.#platform);
    for (const route of this.#book.open) route.login.review();
  }

  #reportName(): void {
    this.#log.notice(`Cluster name is ${this.#name.text}`);
    if (!this.#name.isDynamic) return;
    this.#log.warn(
      "Cluster name was dynamically generated, consider setting one",
    );
  }

  #connect(socket: Socket, dialer: Dialer | undefined): void {
    if (this.#stopped) return socket.destroy();
    const route = new Route(
      this.#broker.host,
      this.#owner,
      socket,
      this.#settings,
      dialer,
    );
    const oldest = this.#book.add(route);
    oldest?.close(ClosedReason.MAX_CONNECTIONS, WireError.MAX_CONNECTIONS);
    route.start();
  }

  #informed(route: Route, info: ServerInfo): void {
    const isGossip = info.server_id !== route.member.info?.server_id;
    this.onPeer(info);
    if (isGossip) return this.#gossip.heardOf(info);
    if (route.member.takesOther(info)) {
      // NATS: what it takes now and did not take before, it wants to hear again.
      route.told.tellAll(this.#broker.host.accounts);
    }
    this.#members.takeClientUrls(route, info);
  }

  #identity(): RouteIdentity {
    const port = this.address?.port ?? this.options.port ?? 0;
    return routeIdentity(
      {
        broker: this.#broker,
        options: this.options,
        door: this.#door,
      },
      this.#name,
      port,
      this.#platform.runtimeName,
    );
  }
}
