/**
 * The clients of a server: those that are connected, those that are gone, and
 * how a socket becomes one, or is politely turned away when the server is full.
 */
import type { Account } from "../../accounts/account.ts";
import { ClosedReason } from "../../core/closed.ts";
import { deferred } from "../../core/deferred.ts";
import { WireError } from "../../core/errors.ts";
import { ProxiedSocket } from "../../net/proxied_socket.ts";
import type { Socket } from "../../platform/socket.ts";
import type { ClientHost, ClientLife, Entrance, Way } from "./client_host.ts";
import { ClosedConnections } from "./closed_connections.ts";
import { InfoPush, type UrlNews } from "./info_push.ts";
import { ClientSession } from "./session.ts";

/** Work to print INFO for one client. */
const INFO_WORK = 100;
/** Bytes of it that are printed in one unit of work. */
const INFO_BYTES_PER_WORK_SHIFT = 4;

const SLOW: ReadonlySet<ClosedReason> = new Set<ClosedReason>([
  ClosedReason.SLOW_CONSUMER_PENDING,
  ClosedReason.SLOW_CONSUMER_DEADLINE,
]);

/** Work to look at one client again. */
const REVIEW_WORK = 50;
/** Work to let go of one: its log, its last words, its socket. */
const CLOSE_WORK = 2000;

export interface ClientSessionLimits {
  /** Clients at one time. */
  readonly maxConnections: number;
  /** Clients that are remembered when they are gone. */
  readonly maxClosedClients: number;
}

/** The ways in that are no business of others. */
export interface ClientEntrances {
  readonly port: Entrance;
  readonly inProcess: Entrance;
}

export class ClientSessions {
  /** By the numbers of their connections. */
  readonly sessions: Map<number, ClientSession> = new Map();
  readonly closed: ClosedConnections;
  /** Called when a client has gone. */
  onEnd: () => void = () => {};
  /** Told of clients that come and go, after everything else is done for them. */
  observer: ClientLife<ClientSession> | undefined = undefined;
  readonly #host: ClientHost;
  readonly #entrances: ClientEntrances;
  #maxConnections: number;
  readonly #news: InfoPush;
  /** News for clients that came by WebSocket. */
  readonly #webSocketNews: InfoPush;
  readonly #life: ClientLife<ClientSession> = {
    bound: (session) => this.observer?.bound(session),
    moved: (left) => this.observer?.moved(left),
    ended: (session, reason) => this.#ended(session, reason),
  };

  constructor(
    host: ClientHost,
    entrances: ClientEntrances,
    { maxConnections, maxClosedClients }: ClientSessionLimits,
  ) {
    this.#host = host;
    this.#entrances = entrances;
    this.#maxConnections = maxConnections;
    this.closed = new ClosedConnections(maxClosedClients);
    this.#news = new InfoPush(
      host.clock,
      () => this.#tell((one) => !isByWebSocket(one)),
    );
    this.#webSocketNews = new InfoPush(
      host.clock,
      () => this.#tell(isByWebSocket),
    );
  }

  /**
   * Where there may be fewer clients from now on, the last that came have to go.
   */
  reconfigure(maxConnections: number): void {
    this.#maxConnections = maxConnections;
    const surplus = [...this.sessions.values()].slice(maxConnections);
    for (const { connection } of surplus) {
      connection.close(ClosedReason.MAX_CONNECTIONS, WireError.MAX_CONNECTIONS);
    }
    if (surplus.length === 0) return;
    this.#host.log.notice(
      `Closed ${surplus.length} connections to fall within max_connections`,
    );
  }

  /**
   * Another door stands before the server, and accounts have other limits:
   * whether those that are there may stay, or those in the account `name` alone.
   * Takes as many turns as it needs, and resolves behind the last.
   */
  review(name?: string): Promise<void> {
    const { promise, resolve } = deferred<void>();
    this.#host.turn.spreadOver(
      [...this.sessions.values()].filter(({ login }) =>
        name === undefined || login.account.name === name
      ),
      REVIEW_WORK,
      (session) => {
        if (name === undefined) session.reconfigure();
        session.review();
        if (session.connection.closed) {
          this.#host.turn.meter.spent += CLOSE_WORK;
        }
      },
      () => {
        this.#host.turn.spreadOver(
          this.#host.accounts,
          1,
          (account) => {
            if (name === undefined) this.#closeSurplus(account);
            else if (account.name === name) this.limitsChanged(account);
          },
          resolve,
        );
      },
    );
    return promise;
  }

  /**
   * The limits of `account` hold as they are now, for clients that are in it,
   * too. Where there may be fewer of them, the last that came have to go.
   */
  limitsChanged(account: Account): void {
    for (const session of this.#in(account)) session.applyLimits();
    this.#closeSurplus(account);
  }

  /** A client that comes through a port; the one for clients, unless another way is named. */
  accept(socket: Socket, way: Partial<Way> = {}): void {
    const isFull = this.sessions.size >= this.#maxConnections;
    const session = this.#session(socket, {
      entrance: this.#entrances.port,
      ...(socket instanceof ProxiedSocket && { proxied: socket }),
      ...way,
    });
    if (!isFull) return session.start();
    session.refuse(ClosedReason.MAX_CONNECTIONS, WireError.MAX_CONNECTIONS);
  }

  /** A client that comes another way; it is let in however many there are. */
  join(socket: Socket): void {
    this.#session(socket, { entrance: this.#entrances.inProcess }).start();
  }

  /** Tells clients what changed about the cluster, now or a little later. */
  pushInfoSoon({ clients, webSockets }: UrlNews): void {
    if (clients) this.#news.request();
    if (webSockets) this.#webSocketNews.request();
  }

  /** Tells every client what changed. Takes as many turns as it needs. */
  pushInfo(): void {
    this.#stopNews();
    this.#tell(() => true);
  }

  closeAll(reason: ClosedReason): void {
    this.#stopNews();
    for (const session of [...this.sessions.values()]) {
      session.connection.close(reason);
    }
  }

  /** The clients in `account`, in the order in which they came. */
  #in(account: Account): ClientSession[] {
    return [...this.sessions.values()]
      .filter(({ login }) => login.account === account);
  }

  /** Of more clients in `account` than it may have the last that came go. */
  #closeSurplus(account: Account): void {
    const { surplus } = account;
    if (surplus === 0) return;
    this.#host.turn.meter.spent += this.sessions.size;
    for (const { login } of this.#in(account).slice(-surplus)) login.tooMany();
  }

  #stopNews(): void {
    this.#news.stop();
    this.#webSocketNews.stop();
  }

  #tell(isFor: (session: ClientSession) => boolean): void {
    const { turn } = this.#host;
    turn.spreadOver(this.sessions.values(), INFO_WORK, (session) => {
      if (!isFor(session)) return;
      turn.meter.spent += session.pushInfo() >> INFO_BYTES_PER_WORK_SHIFT;
    });
  }

  #session(socket: Socket, way: Way): ClientSession {
    const session = new ClientSession(
      this.#host,
      socket,
      way,
      this.#life,
    );
    session.login.account.clients++;
    this.#host.counters.connections++;
    this.sessions.set(session.id, session);
    return session;
  }

  #ended(session: ClientSession, reason: ClosedReason): void {
    this.sessions.delete(session.id);
    const { account } = session.login;
    account.clients--;
    if (SLOW.has(reason)) account.slowConsumers++;
    this.closed.add(session, reason, this.#host.clock.now());
    this.observer?.ended(session, reason);
    this.onEnd();
  }
}

function isByWebSocket({ login }: ClientSession): boolean {
  return login.entrance.connectionType === "WEBSOCKET";
}
