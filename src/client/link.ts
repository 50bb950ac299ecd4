/**
 * Keeps a client connected: opens a session to some server and, when that ends,
 * one to another, until it is closed or nobody is left to try. It joins the
 * rooms: the room of servers says where to connect to, a session is one
 * connection to one server, and what a program sends and receives moves along.
 */
import type { Clock, Random } from "../platform/clock.ts";
import type { Flow } from "../platform/flow.ts";
import type { Network } from "../platform/socket.ts";
import type { DialWeb } from "../platform/web_dialler.ts";
import type { ReadInfo } from "../wire/info.ts";
import {
  ClosedConnectionError,
  ConnectionError,
  StaleConnectionError,
} from "./api/errors.ts";
import type { StatusSink } from "./api/status.ts";
import type { Messages } from "./messages/messages.ts";
import { Moving } from "./moving.ts";
import type { ClientOptions } from "./options.ts";
import type { PoolServer } from "./servers/pool_server.ts";
import type { Search } from "./servers/search.ts";
import { createSearch } from "./servers/servers.ts";
import { Attempt, type AttemptContext } from "./session/attempt.ts";
import type { Session } from "./session/session.ts";

/** The platform, as the client library needs it. */
export interface ClientRuntime {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Without it there are no WebSockets. */
  readonly dialWeb?: DialWeb | undefined;
  /** Without it a drain may wait for a callback that waits for the drain. */
  readonly flow?: Flow;
}

export class Link {
  readonly search: Search;
  readonly #options: ClientOptions;
  readonly #statuses: StatusSink;
  readonly #messages: Messages;
  /** No server is left to try. */
  readonly #onGivenUp: (cause: Error) => void;
  readonly #context: AttemptContext;
  readonly #moving: Moving;
  #session: Session | undefined;
  #server: PoolServer | undefined;
  #attempt: Attempt | undefined;
  #info: ReadInfo | undefined;
  #wasConnected = false;
  #isClosed = false;

  constructor(
    options: ClientOptions,
    runtime: ClientRuntime,
    statuses: StatusSink,
    messages: Messages,
    onGivenUp: (cause: Error) => void,
  ) {
    this.#options = options;
    this.#statuses = statuses;
    this.#messages = messages;
    this.#onGivenUp = onGivenUp;
    const onNews = (): void => this.#onNews();
    this.search = createSearch(options, runtime, statuses, onNews);
    this.#moving = new Moving(this, this.search);
    this.#context = {
      ...runtime,
      options,
      statuses,
      receiver: messages,
      events: {
        onInfo: (session, info) => this.#onInfo(session, info),
        onResume: () => this.search.refresh(),
        onEnd: (session, cause) => this.#onEnd(session, cause),
      },
    };
  }

  /** The open session; undefined while there is none. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Where the session leads to, or the last one did. */
  get server(): PoolServer | undefined {
    return this.#server;
  }

  /** What the server told about itself last. */
  get info(): ReadInfo | undefined {
    return this.#info;
  }

  /** Connects for the first time. */
  async connect(): Promise<void> {
    await this.search.connect((server) => this.#try(server));
    if (!this.#wasConnected) throw new ClosedConnectionError();
  }

  /** Leaves the server, for another one where there is another. */
  reconnect(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#statuses.tell({ type: "forceReconnect" });
    session.leave(new ConnectionError("A reconnect was asked for"));
  }

  /** Ends the session, after what was written to it has left; no other follows. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const cause = new ClosedConnectionError();
    const searched = this.search.close();
    this.#attempt?.abort(cause);
    const session = this.#session;
    this.#session = undefined;
    await Promise.all([session?.leave(cause), searched]);
  }

  /** One attempt at a server; the caller adopts the session that it comes to. */
  async openBeside(server: PoolServer): Promise<Session> {
    if (this.#isClosed) throw new ClosedConnectionError();
    const { rules } = this.search;
    const attempt = new Attempt(
      server,
      this.#context,
      (address) => rules.allowsAddress(server, address),
    );
    server.lastAttemptMs = attempt.startedMs;
    server.lastConnect = this.#context.clock.now();
    this.#attempt = attempt;
    const onOver = rules.limit(attempt);
    try {
      return await attempt.run();
    } finally {
      onOver();
      if (this.#attempt === attempt) this.#attempt = undefined;
    }
  }

  /** Puts another session in the place of the one that there is. */
  replace(session: Session, server: PoolServer): void {
    this.#check(session, server);
    const [old, left] = [this.#session, this.#server];
    if (old !== undefined && left !== undefined) {
      const cause = new ConnectionError(`${left.listen} is a lame duck`);
      this.#goDown(left, cause);
      void old.leave(cause);
    }
    if (!this.#isClosed) this.#adopt(session, server);
  }

  async #reconnect(cause: Error): Promise<void> {
    let lastError = cause;
    for (;;) {
      const server = await this.search.course.next();
      if (this.#isClosed) return;
      if (server === undefined) return this.#onGivenUp(lastError);
      this.#statuses.tell({ type: "reconnecting" });
      const failure = await this.#try(server);
      if (failure === undefined) return;
      lastError = failure;
      this.search.course.failed(server, failure);
    }
  }

  /** One attempt at a server; gives what went wrong, or undefined once there is a session. */
  async #try(server: PoolServer): Promise<Error | undefined> {
    try {
      this.#adopt(await this.openBeside(server), server);
      return undefined;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      server.lastError = failure.message;
      return failure;
    }
  }

  #adopt(session: Session, server: PoolServer): void {
    this.#check(session, server);
    const { info } = session;
    const isFirst = !this.#wasConnected;
    this.#wasConnected = true;
    this.#session = session;
    this.#server = server;
    this.search.pool.use(server);
    server.letIn(info);
    this.#info = info;
    this.#messages.learn(info);
    const hasSubscriptions = this.#messages.attach(session);
    if (!isFirst) this.#tellOfReturn(server.listen, hasSubscriptions);
    this.search.found(server, info);
  }

  /** Between its PONG and now it may have ended, or nobody may want it any more. */
  #check(session: Session, server: PoolServer): void {
    if (this.#isClosed) session.end(new ClosedConnectionError());
    if (session.endedBy !== undefined) throw session.endedBy;
    const objection = this.search.rules.objection(server, session.info);
    if (objection === undefined) return;
    session.end(objection);
    throw objection;
  }

  #tellOfReturn(server: string, hasSubscriptions: boolean): void {
    this.#statuses.tell({ type: "reconnect", server });
    if (!hasSubscriptions) return;
    this.#messages.flushes.flush().then(
      () => this.#statuses.tell({ type: "resubscribed", server }),
      () => {}, // there will be another connection, or none
    );
  }

  #onInfo(session: Session, info: ReadInfo): void {
    const server = this.#server;
    // That of a session that is not adopted yet is read when it is.
    if (session !== this.#session || server === undefined) return;
    this.#info = info;
    this.#messages.learn(info);
    this.search.learn(server, info);
    if (info.ldm === true) this.#moveAway();
  }

  #onNews(): void {
    if (this.#server?.lameDuck === true) this.#moveAway();
  }

  #moveAway(): void {
    if (this.#options.reconnect) void this.#moving.begin();
  }

  #onEnd(session: Session, cause: Error): void {
    const server = this.#server;
    if (session !== this.#session || server === undefined) return;
    this.#goDown(server, cause);
    if (!this.#options.reconnect) return this.#onGivenUp(cause);
    this.#attempt?.abort(cause);
    this.#moving.cutOff();
    this.search.lost(server);
    this.#reconnect(cause).catch((error) => this.#onGivenUp(error));
  }

  #goDown(server: PoolServer, cause: Error): void {
    this.#session = undefined;
    this.#messages.detach();
    server.lastError = cause.message;
    if (cause instanceof StaleConnectionError) {
      this.#statuses.tell({ type: "staleConnection" });
    }
    const { listen } = server;
    this.#statuses.tell({ type: "disconnect", server: listen, reason: cause });
  }
}
