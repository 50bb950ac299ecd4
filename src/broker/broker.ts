/**
 * One broker: accounts, client connections, the client port, and the life of
 * all that from start over lame duck mode to stop. Routes and monitoring are
 * built on top of it and hold on to it; it knows of them only through
 * `RoutesLink` and the observers of its accounts.
 */
import type { Clock, Random } from "../platform/clock.ts";
import { ClosedReason } from "../core/closed.ts";
import { deferred } from "../core/deferred.ts";
import { LAME_DUCK_SPACING_MAX_MS, STALL_FRACTION } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { serverId } from "../core/nuid.ts";
import { SlabPool } from "../core/outbox.ts";
import { CLIENT_PROTOCOL, NATS_VERSION } from "../core/version.ts";
import type { ServerOptions } from "../options/options.ts";
import { advertisedAddress, formatAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import type { Address, Listener, Network, Socket } from "../platform/socket.ts";
import type { ServerInfo } from "../wire/info.ts";
import { Account, GLOBAL_ACCOUNT } from "../accounts/account.ts";
import { Authenticator, type CompareHash } from "../auth/authenticator.ts";
import { ClientUrls } from "./clients/client_urls.ts";
import { ClosedConnections } from "./clients/closed_connections.ts";
import type { Connection, Traffic } from "./connections/connection.ts";
import { Delivery } from "../accounts/deliver.ts";
import {
  admitDirectly,
  type ListenerHost,
  listenForClients,
} from "./clients/listener.ts";
import type { ClientSession, SessionSettings } from "./clients/session.ts";
import { UnfailingLog } from "../core/unfailing_log.ts";

/** What a broker stands on; everything that would name a platform. */
export interface BrokerPlatform {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly compareHash: CompareHash;
  /** Addresses of this machine, for a server that listens on all of them. */
  readonly interfaceAddresses: () => string[];
  /** Shown as INFO's `go`: what runs the server. */
  readonly runtimeName: string;
}

/** The part of the cluster that a broker speaks to. */
export interface RoutesLink {
  /** Name of the cluster, now. */
  readonly clusterName: string;
  /** INFO changed in a way that other servers should hear of. */
  announceLameDuck(): void;
}

export class Broker implements ListenerHost {
  readonly options: ServerOptions;
  readonly id: string;
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly slabs: SlabPool = new SlabPool();
  readonly traffic: Traffic = {
    inMsgs: 0,
    inBytes: 0,
    outMsgs: 0,
    outBytes: 0,
  };
  readonly account: Account;
  readonly delivery: Delivery;
  readonly authenticator: Authenticator;
  readonly closedConnections: ClosedConnections;
  readonly sessions: Map<number, ClientSession> = new Map();
  readonly startedAt: number;
  /** Where clients can go; made when the port is known. */
  clientUrls: ClientUrls = new ClientUrls([]);
  routes: RoutesLink | undefined = undefined;
  totalConnections = 0;
  slowConsumers = 0;
  stalledProducers = 0;
  infoVersion = 0;
  reading: Connection | undefined = undefined;

  readonly #platform: BrokerPlatform;
  readonly #settings: SessionSettings;
  #listener: Listener | undefined = undefined;
  #accepting = false;
  #clientAddress: Address;
  #lastId = 0;
  /** Messages that `reading` had sent when its turn began. */
  #messagesRead = 0;
  /** Connections with bytes to send at the end of the turn. */
  #output: Connection[] = [];
  #flushScheduled = false;
  #lameDuck = false;
  #stopped = false;
  /** Ends the pause that lame duck mode makes, if it makes one. */
  #endPause: () => void = () => {};

  constructor(options: ServerOptions, platform: BrokerPlatform) {
    this.options = options;
    this.#platform = platform;
    this.clock = platform.clock;
    this.random = platform.random;
    this.log = new UnfailingLog(platform.log);
    this.id = serverId(platform.random);
    this.name = options.serverName === "" ? this.id : options.serverName;
    this.account = new Account(GLOBAL_ACCOUNT, !options.disableSublistCache);
    this.delivery = new Delivery(platform.random);
    this.authenticator = new Authenticator(
      options.authorization,
      options.noAuthUser,
      platform.compareHash,
    );
    this.closedConnections = new ClosedConnections(options.maxClosedClients);
    this.startedAt = this.clock.now();
    const { host, port, dontListen } = options;
    this.#clientAddress = { host, port: dontListen ? 0 : port };
    this.#settings = sessionSettings(options);
  }

  /** New clients may come in: from `start` to lame duck mode or `stop`. */
  get accepting(): boolean {
    return this.#accepting;
  }

  /** Where clients connect; undefined while it accepts none, and without a port. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Where clients connect, or connected until lame duck mode began; port 0 stands for no port. */
  get clientAddress(): Address {
    return this.#clientAddress;
  }

  get lameDuck(): boolean {
    return this.#lameDuck;
  }

  get sessionSettings(): SessionSettings {
    return this.#settings;
  }

  get full(): boolean {
    return this.sessions.size >= this.options.maxConnections;
  }

  get maxTracedMsgLen(): number {
    return this.options.maxTracedMsgLen;
  }

  get accounts(): readonly Account[] {
    return [this.account];
  }

  /** The account called `name`, if this server has it. */
  accountNamed(name: string): Account | undefined {
    return name === this.account.name ? this.account : undefined;
  }

  /** Lets clients in, through their port if there is to be one. Rejects with a `NetworkError` when it cannot be opened. */
  async start(): Promise<void> {
    const { host, port, dontListen } = this.options;
    if (!dontListen) await this.#listen({ host, port });
    this.#accepting = true;
  }

  async #listen(at: Address): Promise<void> {
    this.#listener = await listenForClients(this, this.#platform.network, at);
    this.#clientAddress = this.#listener.address;
    this.clientUrls = new ClientUrls(this.#ownClientUrls());
  }

  /** Closes the client port and every client. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const listener = this.#takeListener();
    for (const session of [...this.sessions.values()]) {
      session.close(ClosedReason.SERVER_SHUTDOWN);
    }
    this.#endPause();
    await listener?.close();
  }

  /**
   * Lets clients go one by one: no new ones come in, those that are there are
   * told, and after the grace period each is closed in its turn. Resolves when
   * the last one is gone, or the broker has stopped.
   *
   * NATS lame duck mode: the closing is spread over the duration less the grace
   * period, at most one second apart, each a random half to whole of its share.
   */
  async enterLameDuck(): Promise<void> {
    if (this.#lameDuck || this.#stopped) return;
    this.#lameDuck = true;
    this.log.notice("Entering lame duck mode, stop accepting new clients");
    await this.#takeListener()?.close();
    if (this.sessions.size === 0) return;
    this.routes?.announceLameDuck();
    this.pushInfo();
    await this.#pause(this.options.lameDuckGraceMs);
    if (this.#hasEnded) return;
    this.log.notice("Closing existing clients");
    const { lameDuckDurationMs, lameDuckGraceMs } = this.options;
    const sessions = [...this.sessions.values()];
    const spacing = Math.min(
      (lameDuckDurationMs - lameDuckGraceMs) / sessions.length,
      LAME_DUCK_SPACING_MAX_MS,
    );
    for (const session of sessions) {
      session.close(ClosedReason.SERVER_SHUTDOWN);
      if (this.#hasEnded) return;
      await this.#pause(spacing / 2 + this.random.next() * spacing / 2);
    }
  }

  /**
   * Takes a client of this process, which has no use for the client port; false
   * when no client may come in: not yet, or not any more.
   */
  join(socket: Socket): boolean {
    if (!this.#accepting) return false;
    admitDirectly(this, socket);
    return true;
  }

  /** The listener, to be closed: from now on nobody comes in. */
  #takeListener(): Listener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#accepting = false;
    return listener;
  }

  // --- INFO

  infoFor(session: ClientSession): ServerInfo {
    const { options } = this;
    const advertised = this.advertisedAddress;
    const urls = this.#lameDuck ? this.clientUrls.others : this.clientUrls.all;
    const cluster = this.routes?.clusterName ?? "";
    return {
      server_id: this.id,
      server_name: this.name,
      version: NATS_VERSION,
      proto: CLIENT_PROTOCOL,
      go: this.#platform.runtimeName,
      host: advertised.host,
      port: advertised.port,
      headers: !options.noHeaderSupport,
      ...(this.authenticator.anonymous === undefined &&
        { auth_required: true }),
      max_payload: options.maxPayloadBytes,
      client_id: session.id,
      client_ip: session.socket.remote.host,
      ...(cluster !== "" && { cluster }),
      ...(urls.length > 0 && { connect_urls: urls }),
      ...(this.#lameDuck && { ldm: true }),
    };
  }

  /** Tells every client what changed about the cluster. */
  pushInfo(): void {
    this.infoVersion++;
    for (const session of this.sessions.values()) session.pushInfo();
  }

  /** Another server now tells `after` as its addresses for clients, where it told `before`. */
  replaceClientUrls(before: readonly string[], after: readonly string[]): void {
    const added = this.clientUrls.add(after);
    const removed = this.clientUrls.remove(before);
    if (added || removed) this.pushInfo();
  }

  /** Where clients are told to connect. */
  get advertisedAddress(): Address {
    const { clientAdvertise, host } = this.options;
    const { port } = this.#clientAddress;
    return clientAdvertise === ""
      ? { host, port }
      : advertisedAddress(clientAdvertise, port);
  }

  /** NATS: a server that listens everywhere tells each of the machine's addresses. */
  #ownClientUrls(): string[] {
    const advertised = this.advertisedAddress;
    const everywhere = this.options.clientAdvertise === "" &&
      isAnyHost(advertised.host);
    const hosts = everywhere
      ? this.#platform.interfaceAddresses()
      : [advertised.host];
    return (hosts.length > 0 ? hosts : [advertised.host])
      .map((host) => formatAddress({ host, port: advertised.port }));
  }

  // --- what connections ask

  nextConnectionId(): number {
    return ++this.#lastId;
  }

  sessionStarted(session: ClientSession): void {
    this.totalConnections++;
    this.sessions.set(session.id, session);
  }

  sessionEnded(session: ClientSession, reason: ClosedReason): void {
    this.sessions.delete(session.id);
    this.closedConnections.add(session, reason, this.clock.now());
    if (this.#hasEnded) this.#endPause();
  }

  slowConsumer(): void {
    this.slowConsumers++;
  }

  producerStalled(): void {
    this.stalledProducers++;
  }

  beginTurn(connection: Connection): void {
    this.reading = connection;
    this.#messagesRead = connection.traffic.inMsgs;
  }

  endTurn(): void {
    const { reading } = this;
    if (reading !== undefined && reading.traffic.inMsgs > this.#messagesRead) {
      reading.lastActivityAt = this.clock.now();
    }
    this.#flushOutput();
    this.reading = undefined;
  }

  noteOutput(connection: Connection): void {
    if (connection.outputNoted) return;
    connection.outputNoted = true;
    this.#output.push(connection);
    if (this.reading !== undefined || this.#flushScheduled) return;
    // Nobody ends this turn: a timer or the API asked for the output.
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flushOutput();
    });
  }

  #flushOutput(): void {
    const output = this.#output;
    // A flush may close a connection, and its end may note others.
    for (let i = 0; i < output.length; i++) output[i]!.flush();
    output.length = 0;
  }

  /** Nobody is left, or all were sent away at once: lame duck mode is over. */
  get #hasEnded(): boolean {
    return this.#stopped || this.sessions.size === 0;
  }

  /** Waits in lame duck mode, no longer than that lasts. */
  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const timer = this.clock.after(delayMs, resolve);
    this.#endPause = resolve;
    await promise;
    timer.cancel();
  }
}

function sessionSettings(options: ServerOptions): SessionSettings {
  return {
    maxControlLineBytes: options.maxControlLineBytes,
    maxPendingBytes: options.maxPendingBytes,
    stallPendingBytes: options.noFastProducerStall
      ? Infinity
      : options.maxPendingBytes * STALL_FRACTION,
    writeDeadlineMs: options.writeDeadlineMs,
    pingIntervalMs: options.pingIntervalMs,
    pingMax: options.pingMax,
    pingAlways: false,
    authTimeoutMs: options.authorization?.timeoutMs ?? 0,
    maxPayloadBytes: options.maxPayloadBytes,
    maxSubscriptions: options.maxSubscriptions,
    maxSubscriptionTokens: options.maxSubscriptionTokens,
    headers: !options.noHeaderSupport,
  };
}
