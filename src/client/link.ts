/**
 * Keeps a client connected: opens a session to some server of the pool and, when
 * that ends, one to another, until it is closed or nobody is left to try. Which
 * server comes next is decided in `turns.ts`; with discovery, in `search.ts`.
 */
import type { Clock, Random } from "../platform/clock.ts";
import {
  InvalidArgumentError,
  InvalidOperationError,
  type MidgeError,
} from "../core/errors.ts";
import type { Network } from "../platform/socket.ts";
import type { MessageArgs } from "../wire/args.ts";
import { PING_LINE } from "../wire/encode.ts";
import type { ServerInfo } from "../wire/info.ts";
import { Attempt, type AttemptContext } from "./session/attempt.ts";
import { chosenCourse } from "./servers/chosen.ts";
import {
  ClosedConnectionError,
  ConnectionError,
  StaleConnectionError,
} from "./api/errors.ts";
import { connectInTurn, type TryServer } from "./servers/first_connect.ts";
import type { ClientOptions } from "./options.ts";
import { isSameNode, ServerPool } from "./servers/pool.ts";
import { Search } from "./servers/search.ts";
import { parseServer, type PoolServer } from "./servers/pool_server.ts";
import type { Session } from "./session/session.ts";
import type { Status } from "./api/status.ts";
import { SuspendWatch } from "./session/suspend.ts";
import { type Course, Turns } from "./servers/turns.ts";

/** The platform, as the client library needs it. */
export interface ClientRuntime {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
}

export interface LinkEvents {
  /** There is a session; nothing was sent over it yet. */
  onUp(session: Session, isFirst: boolean): void;
  /** Comes with each session, before `onUp`, and whenever the server sends another. */
  onInfo(info: ServerInfo): void;
  /** There is none any more. */
  onDown(): void;
  /** The message is borrowed for the call. */
  onMessage(args: MessageArgs): void;
  onError(error: MidgeError): void;
  onStatus(status: Status): void;
  /** No server is left to try. */
  onGivenUp(cause: Error): void;
}

/** After a sleep, a server that does not answer a ping by then is lost. */
const RESUME_PONG_MS = 5000;

export class Link {
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #events: LinkEvents;
  readonly #pool: ServerPool;
  readonly #search: Search | undefined;
  readonly #course: Course;
  readonly #context: AttemptContext;
  readonly #suspendWatch: SuspendWatch;
  #session: Session | undefined;
  /** Where the session leads to, or the last one did. */
  #server: PoolServer | undefined;
  #attempt: Attempt | undefined;
  #info: ServerInfo | undefined;
  #wasConnected = false;
  #isClosed = false;
  #isMoving = false;
  /** Set once the search has taken too long. */
  #givenUp: Error | undefined;

  constructor(
    options: ClientOptions,
    runtime: ClientRuntime,
    events: LinkEvents,
  ) {
    const { clock, random, network } = runtime;
    const isSearching = options.discovery.length > 0;
    this.#options = options;
    this.#runtime = runtime;
    this.#events = events;
    this.#pool = new ServerPool(
      options.servers.map(parseServer),
      options.noRandomize ? undefined : random,
      isSearching ? clock : undefined,
    );
    this.#search = isSearching ? this.#createSearch() : undefined;
    this.#course = chosenCourse(
      this.#search?.rounds ?? new Turns(this.#pool, options, runtime),
      { options, pool: this.#pool, clock, random, info: () => this.#info },
    );
    this.#suspendWatch = new SuspendWatch(clock, () => this.#onResume());
    this.#context = {
      network,
      clock,
      options,
      events: {
        onMessage: (message) => events.onMessage(message),
        onError: (error) => events.onError(error),
        onPing: (pendingPings) =>
          events.onStatus({ type: "ping", pendingPings }),
        onInfo: (session, info) => this.#onInfo(session, info),
        onEnd: (session, cause) => this.#onEnd(session, cause),
      },
    };
  }

  /** The open session; undefined while there is none. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** All servers that may be used. */
  get servers(): readonly PoolServer[] {
    return this.#pool.servers;
  }

  /** Connects for the first time. */
  async connect(): Promise<void> {
    const { waitOnFirstConnect } = this.#options;
    const tryServer: TryServer = (server) => this.#try(server);
    await (this.#search === undefined
      ? connectInTurn(this.#pool, this.#course, tryServer, waitOnFirstConnect)
      : this.#search.connect(tryServer));
    if (this.#wasConnected) return;
    throw this.#givenUp ?? new ClosedConnectionError();
  }

  /** Leaves the server, for another one where there is another. */
  reconnect(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#events.onStatus({ type: "forceReconnect" });
    session.leave(new ConnectionError("A reconnect was asked for"));
  }

  /** Takes other servers in place of those that the user has named. Throws `InvalidArgumentError`. */
  setServers(urls: readonly string[]): void {
    const servers = urls.map(parseServer);
    if (servers.length === 0) {
      throw new InvalidArgumentError("There must be at least one server");
    }
    const { added, deleted } = this.#pool.reset(servers);
    if (added.length + deleted.length > 0) {
      this.#events.onStatus({
        type: "servers",
        added,
        removed: deleted,
        source: "static",
      });
    }
    this.#search?.onServersSet();
    this.#course.wake();
  }

  /** Asks discovery now; resolves when every provider has answered or failed. */
  async rediscover(): Promise<void> {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#search === undefined) {
      throw new InvalidOperationError("There is nobody to ask for servers");
    }
    await this.#search.ask("manual");
  }

  /** Ends the session, after what was written to it has left; no other follows. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const cause = new ClosedConnectionError();
    this.#stopSearching(cause);
    this.#suspendWatch.stop();
    const session = this.#session;
    this.#session = undefined;
    await Promise.all([session?.leave(cause), this.#search?.stop()]);
  }

  #createSearch(): Search {
    return new Search(this.#options, this.#runtime, this.#pool, {
      onStatus: (status) => this.#events.onStatus(status),
      onNews: () => this.#onNews(),
      onTooLong: (cause) => {
        this.#givenUp = cause;
        this.#stopSearching(cause);
      },
    });
  }

  async #reconnect(cause: Error): Promise<void> {
    let lastError = cause;
    for (;;) {
      const server = await this.#course.next();
      if (this.#isClosed) return;
      if (server === undefined) {
        return this.#events.onGivenUp(this.#givenUp ?? lastError);
      }
      this.#events.onStatus({ type: "reconnecting" });
      const failure = await this.#try(server);
      if (failure === undefined) return;
      lastError = failure;
      this.#course.failed(server, failure);
    }
  }

  /** One attempt at a server; gives what went wrong, or undefined once there is a session. */
  async #try(server: PoolServer): Promise<Error | undefined> {
    try {
      this.#adopt(await this.#open(server), server);
      return undefined;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      server.lastError = failure.message;
      return failure;
    }
  }

  async #open(server: PoolServer): Promise<Session> {
    if (this.#isClosed) throw new ClosedConnectionError();
    const attempt = new Attempt(
      server,
      this.#context,
      (address) => this.#search?.allowsAddress(server, address) ?? true,
    );
    server.lastAttemptMs = attempt.startedMs;
    this.#attempt = attempt;
    this.#search?.onAttempt(attempt);
    try {
      return await attempt.run();
    } finally {
      this.#search?.onAttemptEnd();
      if (this.#attempt === attempt) this.#attempt = undefined;
    }
  }

  #adopt(session: Session, server: PoolServer): void {
    const { info } = session;
    this.#check(session, server);
    const isFirst = !this.#wasConnected;
    this.#wasConnected = true;
    this.#session = session;
    this.#server = server;
    this.#suspendWatch.start();
    this.#pool.use(server);
    recordSuccess(server, info);
    this.#events.onInfo(info);
    this.#events.onUp(session, isFirst);
    this.#search?.onFound(info);
    this.#learnServers(info);
  }

  /** Between its PONG and now it may have ended, or nobody may want it any more. */
  #check(session: Session, server: PoolServer): void {
    if (this.#isClosed || this.#givenUp !== undefined) {
      session.end(this.#givenUp ?? new ClosedConnectionError());
    }
    if (session.endedBy !== undefined) throw session.endedBy;
    this.#search?.checkCluster(session, server);
  }

  #onInfo(session: Session, info: ServerInfo): void {
    const server = this.#server;
    if (session !== this.#session || server === undefined) return; // it is read when the session is adopted
    this.#events.onInfo(info);
    this.#learnServers(info);
    if (info.ldm !== true) return;
    this.#events.onStatus({ type: "ldm", server: server.listen });
    this.#pool.markLameDuck(server);
    if (this.#search === undefined) return;
    void this.#search.ask("lame-duck");
    void this.#moveAway();
  }

  #learnServers(info: ServerInfo): void {
    this.#info = info;
    if (this.#options.ignoreClusterUpdates) return;
    const urls = info.connect_urls ?? [];
    const { added, deleted } = this.#search?.learnGossip(urls) ??
      this.#pool.update(urls);
    if (added.length + deleted.length === 0) return;
    this.#events.onStatus({
      type: "update",
      ...(added.length > 0 && { added }),
      ...(deleted.length > 0 && { deleted }),
    });
  }

  #onEnd(session: Session, cause: Error): void {
    const server = this.#server;
    if (session !== this.#session || server === undefined) return;
    this.#goDown(server, cause);
    if (!this.#options.reconnect) return this.#events.onGivenUp(cause);
    this.#attempt?.abort(cause);
    this.#search?.begin(server);
    this.#reconnect(cause).catch((error) => this.#events.onGivenUp(error));
  }

  #goDown(server: PoolServer, cause: Error): void {
    this.#session = undefined;
    this.#suspendWatch.stop();
    this.#events.onDown();
    server.lastError = cause.message;
    if (cause instanceof StaleConnectionError) {
      this.#events.onStatus({ type: "staleConnection" });
    }
    this.#events.onStatus({ type: "disconnect", server: server.listen });
  }

  #onNews(): void {
    if (this.#session !== undefined && this.#server?.lameDuck === true) {
      void this.#moveAway();
    }
  }

  /**
   * Leaves a lame duck as soon as another node lets us in. The old session goes
   * on until then, as its server does for a while.
   */
  async #moveAway(): Promise<void> {
    const old = this.#session;
    const left = this.#server;
    const rounds = this.#search?.rounds;
    const mayMove = !this.#isMoving && this.#options.reconnect;
    if (old === undefined || left === undefined || rounds === undefined) return;
    if (!mayMove) return;
    this.#isMoving = true;
    rounds.begin(left);
    while (this.#session === old) {
      const server = rounds.ready();
      if (server === undefined || server.lameDuck) break;
      if (isSameNode(server, left)) continue;
      const failure = await this.#moveTo(server, old, left);
      if (failure !== undefined && this.#session === old) {
        rounds.failed(server, failure);
      }
    }
    this.#isMoving = false;
  }

  async #moveTo(
    server: PoolServer,
    old: Session,
    left: PoolServer,
  ): Promise<Error | undefined> {
    try {
      const session = await this.#open(server);
      if (this.#session !== old) {
        session.end(new ClosedConnectionError());
        return undefined;
      }
      this.#check(session, server);
      const cause = new ConnectionError(`${left.listen} is a lame duck`);
      this.#goDown(left, cause);
      void old.leave(cause);
      if (!this.#isClosed) this.#adopt(session, server);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** The machine slept: the server may have given us up meanwhile. */
  #onResume(): void {
    const session = this.#session;
    if (session === undefined) return;
    const timer = this.#runtime.clock.after(
      RESUME_PONG_MS,
      () => session.end(new StaleConnectionError(session.server.listen)),
    );
    session.socket.write(PING_LINE);
    session.pong().catch(() => {}).finally(() => timer.cancel());
    void this.#search?.ask("periodic");
  }

  #stopSearching(cause: Error): void {
    this.#course.stop();
    this.#search?.stopWaiting();
    this.#attempt?.abort(cause);
  }
}

/** A session says more about its server than others do. */
function recordSuccess(server: PoolServer, info: ServerInfo): void {
  server.attempts = 0;
  server.refusals = 0;
  server.everConnected = true;
  server.lastError = undefined;
  server.lameDuck = info.ldm === true;
  if (info.server_id !== "") server.serverId = info.server_id;
  if (info.server_name !== "") server.serverName = info.server_name;
  if (info.cluster) server.cluster = info.cluster;
}
