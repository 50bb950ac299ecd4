/**
 * Keeps a client connected: opens a session to some server of the pool and, when
 * that ends, one to another, until it is closed or no server is left to try.
 *
 * Every server has its own count of failed attempts. One that reaches
 * `maxReconnectAttempts`, or refuses us twice in a row, leaves the pool; an
 * empty pool is the end. No server is tried again before `reconnectTimeWait`
 * has passed since the last attempt at it; another server is tried at once.
 */
import type { Clock, Random } from "../core/clock.ts";
import type { MidgeError } from "../core/errors.ts";
import type { Network } from "../net/socket.ts";
import type { MessageArgs } from "../wire/args.ts";
import type { ServerInfo } from "../wire/info.ts";
import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
  StaleConnectionError,
} from "./errors.ts";
import type { ClientOptions } from "./options.ts";
import { parseServer, type Server, ServerPool } from "./servers.ts";
import { Session, type SessionEvents } from "./session.ts";
import type { Status } from "./status.ts";

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
  onMessage(message: MessageArgs): void;
  onError(error: MidgeError): void;
  onStatus(status: Status): void;
  /** No server is left to try. */
  onGivenUp(cause: Error): void;
}

/** A server that refuses us so often in a row is given up. */
const REFUSALS_MAX = 2;

export class Link {
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #events: LinkEvents;
  readonly #sessionEvents: SessionEvents;
  readonly #pool: ServerPool;
  #session: Session | undefined;
  /** The session that is logging in. */
  #opening: Session | undefined;
  #wasConnected = false;
  #isClosed = false;
  /** Ends the wait between two attempts. */
  #wake: () => void = () => {};

  constructor(
    options: ClientOptions,
    runtime: ClientRuntime,
    events: LinkEvents,
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#events = events;
    this.#pool = new ServerPool(
      options.servers.map(parseServer),
      options.noRandomize ? undefined : runtime.random,
    );
    this.#sessionEvents = {
      onMessage: (message) => events.onMessage(message),
      onError: (error) => events.onError(error),
      onPing: (pendingPings) => events.onStatus({ type: "ping", pendingPings }),
      onInfo: (session, info) => this.#onInfo(session, info),
      onEnd: (session, cause) => this.#onEnd(session, cause),
    };
  }

  /** The open session; undefined while there is none. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Connects for the first time: each server has one chance, in turn. */
  async connect(): Promise<void> {
    const failures: Error[] = [];
    for (let left = this.#pool.size; left > 0; left--) {
      const failure = await this.#try(this.#pool.next()!);
      if (failure === undefined) return;
      failures.push(failure);
    }
    if (!this.#options.waitOnFirstConnect) throw firstFailure(failures);
    let failure: Error | undefined;
    do {
      const server = this.#pool.next()!;
      await this.#rest(server);
      failure = await this.#try(server);
    } while (failure !== undefined);
  }

  /** Ends the session, after what was written to it has left; no other follows. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    const cause = new ClosedConnectionError();
    this.#opening?.end(cause);
    const session = this.#session;
    this.#session = undefined;
    await session?.leave(cause);
  }

  async #reconnect(cause: Error): Promise<void> {
    let lastError = cause;
    while (!this.#isClosed) {
      const server = this.#pool.next();
      if (server === undefined) return this.#events.onGivenUp(lastError);
      await this.#rest(server);
      if (this.#isClosed) return;
      this.#events.onStatus({ type: "reconnecting" });
      const failure = await this.#try(server);
      if (failure === undefined) return;
      lastError = failure;
      this.#countFailure(server, failure);
    }
  }

  #countFailure(server: Server, failure: Error): void {
    const { maxReconnectAttempts } = this.#options;
    server.attempts++;
    const isRefusal = failure instanceof AuthorizationError;
    server.refusals = isRefusal ? server.refusals + 1 : 0;
    const isGivenUp = server.refusals >= REFUSALS_MAX ||
      (maxReconnectAttempts >= 0 && server.attempts >= maxReconnectAttempts);
    if (isGivenUp) this.#pool.drop(server);
  }

  /** One attempt at a server; gives what went wrong, or undefined once there is a session. */
  async #try(server: Server): Promise<Error | undefined> {
    server.lastAttemptMs = this.#runtime.clock.monotonic();
    try {
      this.#adopt(await this.#openSession(server));
      return undefined;
    } catch (error) {
      return connectError(server, error);
    } finally {
      this.#opening = undefined;
    }
  }

  /** A name may stand for several addresses; all get a chance. A refusal by one tells the most. */
  async #openSession(server: Server): Promise<Session> {
    const { network } = this.#runtime;
    const hosts = await network.lookup(server.host);
    let failure: unknown = new ConnectionError(`${server.host} has no address`);
    for (const host of hosts) {
      try {
        return await this.#openSessionAt(host, server);
      } catch (error) {
        if (!(failure instanceof AuthorizationError)) failure = error;
      }
    }
    throw failure;
  }

  async #openSessionAt(host: string, server: Server): Promise<Session> {
    const { network, clock } = this.#runtime;
    if (this.#isClosed) throw new ClosedConnectionError();
    const { timeoutMs } = this.#options;
    const socket = await network.dial({ host, port: server.port }, {
      timeoutMs,
    });
    if (this.#isClosed) {
      socket.destroy();
      throw new ClosedConnectionError();
    }
    const session = new Session(
      server,
      socket,
      this.#options,
      clock,
      this.#sessionEvents,
    );
    this.#opening = session;
    await session.open();
    return session;
  }

  #adopt(session: Session): void {
    const { server } = session;
    // It may have ended between its PONG and now.
    if (session.endedBy !== undefined) throw session.endedBy;
    server.attempts = 0;
    server.refusals = 0;
    const isFirst = !this.#wasConnected;
    this.#wasConnected = true;
    this.#session = session;
    this.#events.onInfo(session.info);
    this.#events.onUp(session, isFirst);
    this.#learnServers(session.info);
  }

  #onInfo(session: Session, info: ServerInfo): void {
    if (session !== this.#session) return; // it is read when the session is adopted
    this.#events.onInfo(info);
    this.#learnServers(info);
    if (info.ldm === true) {
      this.#events.onStatus({ type: "ldm", server: session.server.listen });
    }
  }

  #learnServers(info: ServerInfo): void {
    if (this.#options.ignoreClusterUpdates) return;
    const { added, deleted } = this.#pool.update(info.connect_urls ?? []);
    if (added.length + deleted.length === 0) return;
    this.#events.onStatus({
      type: "update",
      ...(added.length > 0 && { added }),
      ...(deleted.length > 0 && { deleted }),
    });
  }

  #onEnd(session: Session, cause: Error): void {
    if (session !== this.#session) return;
    this.#session = undefined;
    this.#events.onDown();
    if (cause instanceof StaleConnectionError) {
      this.#events.onStatus({ type: "staleConnection" });
    }
    const { listen } = session.server;
    this.#events.onStatus({ type: "disconnect", server: listen });
    if (!this.#options.reconnect) return this.#events.onGivenUp(cause);
    this.#reconnect(cause).catch((error) => this.#events.onGivenUp(error));
  }

  /** Waits until the server may be tried again. */
  async #rest(server: Server): Promise<void> {
    const { clock } = this.#runtime;
    const waitMs = server.lastAttemptMs + this.#pauseMs() - clock.monotonic();
    if (waitMs <= 0 || this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.after(waitMs, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
  }

  #pauseMs(): number {
    const { reconnectDelayHandler, reconnectTimeWaitMs, reconnectJitterMs } =
      this.#options;
    if (reconnectDelayHandler !== undefined) return reconnectDelayHandler();
    return reconnectTimeWaitMs +
      reconnectJitterMs * this.#runtime.random.next();
  }
}

/** Says which server an attempt failed at. */
function connectError(server: Server, error: unknown): Error {
  if (error instanceof AuthorizationError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ConnectionError(`Cannot connect to ${server.listen}: ${text}`, {
    cause: error,
  });
}

/** One error for the attempts at all servers; a refusal tells the user most. */
function firstFailure(failures: readonly Error[]): Error {
  const refusal = failures.find((error) => error instanceof AuthorizationError);
  if (refusal !== undefined || failures.length === 1) {
    return refusal ?? failures[0]!;
  }
  const texts = failures.map(({ message }) => message).join("; ");
  return new ConnectionError(texts, { cause: failures.at(-1) });
}
