/**
 * One broker: accounts and clients, the port for clients, and the life of all
 * that from start over lame duck mode to stop. It puts the parts together and
 * does none of their work. Routes and monitoring are built on top of it; it
 * knows of them only through `RoutesLink` and the observers of its accounts.
 *
 * More than a dozen members: because the rooms above it find all parts through it.
 */
import type { DoorPlatform } from "../auth/users_door.ts";
import type { Clock } from "../platform/clock.ts";
import { ClosedReason } from "../core/closed.ts";
import { finishInTurns, finishSteps, type Steps } from "../core/steps.ts";
import type { ServerOptions } from "../options/options.ts";
import { ProxiedSocket } from "../net/proxied_socket.ts";
import type { Network, Socket } from "../platform/socket.ts";
import type { Deflate } from "../platform/deflate.ts";
import type { MakeSigner, Sha1 } from "../platform/signatures.ts";
import { configuredAccounts } from "./configured_accounts.ts";
import { AuthService } from "./auth_service.ts";
import {
  type BrokerHost,
  brokerHost,
  type ChangingHost,
  type HostPlatform,
} from "./broker_host.ts";
import type { ClientDoors } from "./clients/client_host.ts";
import { ClientPort } from "./clients/client_port.ts";
import { ClientSessions } from "./clients/client_sessions.ts";
import { WebSocketPort } from "./clients/websocket_port.ts";
import type { Reception } from "./clients/reception.ts";
import { closeUnpinned } from "./clients/pinned.ts";
import { TlsReception } from "./clients/tls_reception.ts";
import { clientDoors, operatorDoors } from "./doors.ts";
import { Entrances } from "./entrances.ts";
import { LameDuck } from "./lame_duck.ts";
import { OperatorMode } from "./operator_mode.ts";
import { identityOf, type ServerIdentity } from "./own_info.ts";
import { SteadyClock } from "./steady_clock.ts";

/** What a broker stands on; everything that would name a platform. */
export interface BrokerPlatform extends DoorPlatform, HostPlatform {
  readonly network: Network;
  readonly clock: Clock;
  readonly makeSigner: MakeSigner;
  /** For WebSockets. */
  readonly deflate: Deflate;
  readonly sha1: Sha1;
}

/** The part of the cluster that a broker speaks to. */
export interface RoutesLink {
  /** INFO changed in a way that other servers should hear of. */
  announceLameDuck(): void;
}

export class Broker {
  /** As they are now: a reload replaces them. */
  options: ServerOptions;
  /** Since when they hold, in wall-clock milliseconds. */
  configuredAt: number;
  readonly identity: ServerIdentity;
  readonly clients: ClientSessions;
  readonly port: ClientPort;
  readonly websocketPort: WebSocketPort;
  readonly entrances: Entrances;
  routes: RoutesLink | undefined = undefined;
  /** Undefined: accounts and users are those of the configuration. */
  readonly operator: OperatorMode | undefined;
  readonly #host: ChangingHost;
  readonly #platform: BrokerPlatform;
  readonly #authService: AuthService;
  readonly #lameDuck: LameDuck;
  #reception: TlsReception | undefined = undefined;
  #isStopped = false;

  constructor(options: ServerOptions, platform: BrokerPlatform) {
    const clock = new SteadyClock(platform.clock);
    this.options = options;
    this.configuredAt = clock.now();
    this.#authService = new AuthService(
      platform,
      () => this.host,
      () => this.options,
      () => this.identity,
    );
    this.identity = identityOf(
      options,
      platform.random,
      clock,
      () => this.#authService.keys.signing.getPublicKey(),
    );
    this.#platform = platform;
    this.operator = this.#operatorMode(options);
    this.#host = brokerHost(options, { ...platform, clock }, this.identity, {
      operator: this.operator,
      options: () => this.options,
      clientAddress: () => this.port.lastAddress,
      webSocketAddress: () => this.websocketPort.lastAddress,
      push: () => this.clients.pushInfo(),
      pushSoon: (news) => this.clients.pushInfoSoon(news),
    });
    this.port = new ClientPort(
      platform.network,
      options,
      this.#receptionFor(options),
    );
    this.entrances = new Entrances(
      options,
      this.operator === undefined
        ? finishSteps(clientDoors(options, platform, this.#authService))
        : operatorDoors(this.operator, options, platform),
    );
    this.clients = new ClientSessions(this.host, this.entrances, options);
    this.websocketPort = new WebSocketPort(
      options.websocket,
      options.maxPayloadBytes,
      { ...platform, ...this.host },
    );
    this.#lameDuck = new LameDuck(this.host, this.clients, options);
    this.clients.onEnd = () => this.#lameDuck.clientEnded();
  }

  /** What clients and routes stand on. */
  get host(): BrokerHost {
    return this.#host;
  }

  /** Whether it lets its clients go, or has done so. */
  get lameDuck(): boolean {
    return this.host.info.lameDuck;
  }

  /** Lets clients in, through their port if there is to be one. Rejects with a `NetworkError` when it cannot be opened. */
  async start(): Promise<void> {
    const { rounds } = this.host.turn;
    const admit =
      <Rest extends unknown[]>(take: (socket: Socket, ...rest: Rest) => void) =>
      (socket: Socket, ...rest: Rest) =>
        rounds.admit(() => {
          if (this.#isStopped) socket.destroy();
          else take(socket, ...rest);
        });
    await this.websocketPort.open(admit, (socket, webSocket) => {
      const entrance = this.entrances.websocket;
      const { tls } = this.websocketPort;
      this.clients.accept(socket, { entrance, webSocket, tls });
    });
    await this.port.open(
      admit((socket, reception) =>
        this.clients.accept(this.#behindProxy(socket), {
          reception: reception(),
        })
      ),
    );
    this.host.info.portsOpened(this.port.address !== undefined);
  }

  /** The doors that `options` ask for, which stand nowhere yet. Takes as many turns as it needs. */
  makeDoors(options: ServerOptions): Promise<ClientDoors> {
    return this.#inTurns(
      clientDoors(options, this.#platform, this.#authService),
    );
  }

  #inTurns<T>(work: Steps<T>): Promise<T> {
    return finishInTurns(work, () => this.#nextRound());
  }

  /** Resolves when the event loop has looked at the sockets again. */
  #nextRound(): Promise<void> {
    const { rounds } = this.host.turn;
    return new Promise((resolve) => rounds.enter(resolve));
  }

  /**
   * Takes other options while it runs, and `doors`, which were made of them: those
   * that need no restart hold at once. Resolves when it is seen to that clients
   * that are there have them, too, and may stay, which takes as many turns as it
   * needs.
   */
  async reconfigure(
    options: ServerOptions,
    doors: ClientDoors,
  ): Promise<void> {
    const { accounts, clock, info } = this.host;
    const before = this.options;
    this.options = options;
    this.configuredAt = clock.now();
    if (options.websocket !== undefined) {
      this.websocketPort.reconfigure(options.websocket);
    }
    this.#host.maxTracedMsgLen = options.maxTracedMsgLen;
    const opened = this.port.reconfigure(this.#receptionFor(options));
    closeUnpinned([...this.clients.sessions.values()], this.host.log, [
      [this.entrances.port, options.tls, before.tls],
      [this.entrances.websocket, options.websocket?.tls, before.websocket?.tls],
    ]);
    if (options.clientAdvertise !== before.clientAdvertise) {
      info.advertisedAnew();
    }
    if (this.operator !== undefined && options.trust !== undefined) {
      this.operator.reload(options.trust);
      this.entrances.take(
        options,
        operatorDoors(this.operator, options, this.#platform),
      );
      this.clients.reconfigure(options.maxConnections);
      await this.clients.review();
      return await opened;
    }
    // Accounts go when nobody is in them any more.
    const staying = new Set(options.accounts.map(({ name }) => name));
    const leaving = before.accounts.filter(({ name }) => !staying.has(name));
    await this.#inTurns(accounts.configureInSteps(
      [...configuredAccounts(options), ...leaving],
      options.systemAccount,
    ));
    // Behind the accounts, whose limits hold for their clients.
    this.entrances.take(options, doors);
    this.clients.reconfigure(options.maxConnections);
    await this.clients.review();
    await this.#nextRound();
    await this.#inTurns(accounts.configureInSteps(
      configuredAccounts(options),
      options.systemAccount,
    ));
    await opened;
  }

  /** Closes the port and every client. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const portsClosed = this.#closePorts();
    this.clients.closeAll(ClosedReason.SERVER_SHUTDOWN);
    this.#lameDuck.cutShort();
    this.operator?.accounts.stop();
    await portsClosed;
  }

  /**
   * Lets clients go one by one: no new ones come in, those that are there are
   * told, and after the grace period each is closed in its turn. Resolves when
   * the last one is gone, or the broker has stopped.
   */
  async enterLameDuck(): Promise<void> {
    const { info, log } = this.host;
    if (info.lameDuck || this.#isStopped) return;
    info.lameDuck = true;
    log.notice("Entering lame duck mode, stop accepting new clients");
    await this.#closePorts();
    if (this.clients.sessions.size === 0) return;
    this.routes?.announceLameDuck();
    info.push();
    await this.#lameDuck.run();
  }

  /**
   * Takes a client of this process, which has no use for the port; false when no
   * client may come in: not yet, or not any more.
   */
  join(socket: Socket): boolean {
    if (!this.port.accepting) return false;
    this.clients.join(socket);
    return true;
  }

  async #closePorts(): Promise<void> {
    await Promise.all([this.port.close(), this.websocketPort.close()]);
  }

  /** What clients of the port have to pass: those who are in it already have other settings as well. */
  #receptionFor({ tls, allowNonTls }: ServerOptions): Reception | undefined {
    if (tls === undefined || this.#reception === undefined) {
      this.#reception = tls && new TlsReception(tls, allowNonTls, this.host);
    } else this.#reception.reconfigure(tls);
    return this.#reception;
  }

  /** `socket`, behind the header of a proxy where there may be one. */
  #behindProxy(socket: Socket): Socket {
    const { options, host } = this;
    // Nobody but clients of this machine comes through a unix socket.
    return options.proxyProtocol && socket.remote.path === undefined
      ? new ProxiedSocket(socket, host.clock)
      : socket;
  }

  #operatorMode(options: ServerOptions): OperatorMode | undefined {
    const { trust } = options;
    if (trust === undefined) return undefined;
    return new OperatorMode({ ...options, trust }, {
      ...this.#platform,
      callout: this.#authService,
    }, {
      put: (account) => this.host.accounts.put(account),
      changed: (name) => void this.clients.review(name),
    });
  }
}
