/**
 * The client's face: `NatsConnection`. It checks what users hand in, and puts
 * the parts together: `link.ts` keeps it connected, `outgoing.ts` holds what is
 * to be sent, `subscriptions.ts` and `requests.ts` find the receivers of what
 * comes in, `status.ts` tells what happens. Nothing that it promises waits
 * beyond its end: closing settles flushes, requests and iterators.
 */
import { deferred } from "../core/deferred.ts";
import { InvalidOperationError, MidgeError } from "../core/errors.ts";
import { encodeHeaders, type MsgHdrs } from "../core/headers.ts";
import { Nuid } from "../core/nuid.ts";
import { SlabPool } from "../core/outbox.ts";
import type { MessageArgs } from "../wire/args.ts";
import type { ServerInfo } from "../wire/info.ts";
import { onAbort } from "./abort.ts";
import {
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  PermissionViolationError,
} from "./api/errors.ts";
import { Flushes } from "./messages/flushes.ts";
import { inboxUnder } from "./messages/inbox.ts";
import { type ClientRuntime, Link } from "./link.ts";
import { headersOf } from "./messages/message.ts";
import type {
  Msg,
  Payload,
  PublishOptions,
  RequestHeaders,
} from "./api/message.ts";
import { type ClientOptions, clientOptions, serverList } from "./options.ts";
import type { ConnectionOptions } from "./api/options.ts";
import { Outgoing } from "./messages/outgoing.ts";
import { requestMany } from "./messages/request_many.ts";
import type { RequestManyOptions, RequestOptions } from "./api/requests.ts";
import { type Ask, requestOne } from "./messages/request_one.ts";
import { Requests } from "./messages/requests.ts";
import { parseSemVer, type SemVer } from "./semver.ts";
import type { ServerState } from "./api/servers.ts";
import { stateOf } from "./servers/server_state.ts";
import type { Session } from "./session/session.ts";
import type { Status } from "./api/status.ts";
import { StatusFeed } from "./status_feed.ts";
import {
  checkLiteralSubject,
  checkPattern,
  checkQueue,
} from "./messages/subjects.ts";
import type { Subscription, SubscriptionOptions } from "./api/subscription.ts";
import { Subscriptions } from "./messages/subscriptions.ts";

/** Messages, and the bytes of their headers and payloads. */
export interface Stats {
  /** Messages received. */
  readonly inMsgs: number;
  /** Their bytes. */
  readonly inBytes: number;
  /** Messages published. */
  readonly outMsgs: number;
  /** Their bytes. */
  readonly outBytes: number;
  /** Of those that were published, how many were dropped as too many waited for a connection. */
  readonly droppedMsgs: number;
}

/** All connections of a process share their free slabs. */
const slabs: SlabPool = new SlabPool();

/**
 * A connection to a NATS server or cluster that heals itself: `connect` opens
 * it, and `await using`, `drain` or `close` end it.
 *
 * ```ts
 * await using connection = await connect({ servers: "nats://localhost:4222" });
 * connection.subscribe("greet.*", {
 *   callback: (_error, message) => message.respond("hello"),
 * });
 * const answer = await connection.request("greet.joe");
 * console.log(answer.string()); // hello
 * ```
 *
 * A message is delivered at most once: what was on its way when a connection
 * broke is not sent again, and nobody knows how much of it has arrived. What is
 * published while there is no connection waits for the next one, in whole
 * messages and up to `maxBufferedBytes`; `bufferPolicy` says what becomes of the
 * rest.
 */
export class NatsConnection implements AsyncDisposable {
  readonly #runtime: ClientRuntime;
  readonly #outgoing: Outgoing;
  readonly #flushes: Flushes;
  readonly #subscriptions: Subscriptions;
  readonly #requests: Requests;
  readonly #statuses: StatusFeed;
  readonly #link: Link;
  readonly #closed = deferred<void | Error>();
  #isClosed = false;
  #isDraining = false;
  /** Draining is so far that nothing may be published any more. */
  #isSealed = false;
  #info: ServerInfo | undefined;
  /** The subject that was checked last; publishers tend to repeat themselves. */
  #goodSubject: string | undefined;
  #inMsgs = 0;
  #inBytes = 0;

  /**
   * Connects; rejects when no server lets us in.
   *
   * @internal Programs call `connect`.
   */
  static async open(
    options: ConnectionOptions,
    runtime: ClientRuntime,
  ): Promise<NatsConnection> {
    const { signal } = options;
    signal?.throwIfAborted();
    const connection = new NatsConnection(clientOptions(options), runtime);
    const stop = onAbort(signal, (cause) => void connection.#end(cause));
    connection.closed().then(stop);
    try {
      await connection.#link.connect();
    } catch (error) {
      await connection.#end(error instanceof Error ? error : undefined);
      signal?.throwIfAborted();
      throw error;
    }
    return connection;
  }

  private constructor(options: ClientOptions, runtime: ClientRuntime) {
    this.#runtime = runtime;
    const nuid = new Nuid(runtime.random);
    const { maxBufferedBytes, bufferPolicy: policy, onStatus } = options;
    this.#statuses = new StatusFeed(onStatus);
    this.#outgoing = new Outgoing(slabs, {
      maxBytes: maxBufferedBytes,
      policy,
      onDropping: () => this.#statuses.tell({ type: "dropped", policy }),
    });
    this.#flushes = new Flushes(this.#outgoing);
    this.#subscriptions = new Subscriptions(this.#outgoing, runtime.clock, {
      publish: (subject, payload, given) =>
        this.publish(subject, payload, given),
      flush: () => this.flush(),
      report: (error) => this.#statuses.tell({ type: "error", error }),
      lags: (sub, pending) =>
        this.#statuses.tell({ type: "slowConsumer", sub, pending }),
    });
    this.#requests = new Requests({
      createInbox: () => inboxUnder(options.inboxPrefix, nuid),
      subscribe: (subject, callback) =>
        this.#subscriptions.add(subject, { callback }),
    });
    this.#link = new Link(options, runtime, {
      onUp: (session, isFirst) => this.#onUp(session, isFirst),
      onInfo: (info) => this.#onInfo(info),
      onDown: () => this.#outgoing.detach(),
      onMessage: (message) => this.#onMessage(message),
      onError: (error) => this.#onError(error),
      onStatus: (status) => this.#statuses.tell(status),
      onGivenUp: (cause) => void this.#end(cause),
    });
  }

  /** What the server told about itself last. */
  get info(): ServerInfo | undefined {
    return this.#info;
  }

  /** Bytes that were published and that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#outgoing.pendingBytes;
  }

  /**
   * Sends a message; the payload is copied. It leaves in this turn of the event
   * loop; `flush` tells when the server has it. Without a connection it waits
   * for the next one, up to `maxBufferedBytes`. Beyond that `bufferPolicy`
   * decides: `BufferFullError` is thrown, messages are dropped, or this gives a
   * promise that resolves when the message was taken and rejects when the
   * connection is closed. Otherwise it gives nothing.
   *
   * Throws an `InvalidSubjectError` for a subject with wildcards or empty
   * tokens, a `MaxPayloadError` for more bytes than the server takes, and a
   * `ClosedConnectionError` or `DrainingConnectionError` when it is too late.
   *
   * ```ts
   * connection.publish("orders.new", JSON.stringify({ id: 7 }));
   * await connection.flush();
   * ```
   */
  publish(
    subject: string,
    payload: Payload = "",
    options: PublishOptions = NO_OPTIONS,
  ): Promise<void> | undefined {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isSealed) throw new DrainingConnectionError();
    if (subject !== this.#goodSubject) {
      checkLiteralSubject("subject", subject);
      this.#goodSubject = subject;
    }
    if (options.reply !== undefined) {
      checkLiteralSubject("reply subject", options.reply);
    }
    const { reply = "" } = options;
    const headers = headersOf(options);
    const block = headers === undefined ? undefined : this.#encoded(headers);
    return this.#outgoing.publish(subject, reply, block, payload);
  }

  /** Sends a message that was received, to its own subject. */
  publishMessage(message: Msg): Promise<void> | undefined {
    return this.publish(message.subject, message.data, {
      ...(message.reply !== undefined && { reply: message.reply }),
      ...(message.headers !== undefined && { headers: message.headers }),
    });
  }

  /** Sends a message that was received, to its reply subject; false when it has none. */
  respondMessage(message: Msg): boolean {
    const { reply, data, headers } = message;
    if (reply === undefined) return false;
    this.publish(reply, data, headers === undefined ? {} : { headers });
    return true;
  }

  /**
   * Asks for all messages on a subject, which may have wildcards. They come to
   * the `callback`, or without one are read from the subscription. Throws an
   * `InvalidSubjectError` for what is no subject, and a `ClosedConnectionError`
   * or `DrainingConnectionError` when it is too late.
   *
   * ```ts
   * const news = connection.subscribe("news.*", { max: 1 });
   * connection.publish("news.sport", "1:0");
   * for await (const message of news) {
   *   console.log(message.subject, message.string()); // news.sport 1:0
   * }
   * ```
   */
  subscribe(
    subject: string,
    options: SubscriptionOptions = {},
  ): Subscription {
    this.#checkMaySubscribe();
    checkPattern(subject);
    if (options.queue !== undefined) checkQueue(options.queue);
    return this.#subscriptions.add(subject, options);
  }

  /**
   * Sends a request and resolves with the first answer. Rejects with a
   * `TimeoutError` after `timeout` milliseconds, by default 1000, or with a
   * `RequestError` whose `cause` is a `NoRespondersError` as soon as the server
   * knows that nobody listens.
   *
   * ```ts
   * connection.subscribe("double", {
   *   callback: (_error, message) => {
   *     message.respond(String(2 * message.json<number>()));
   *   },
   * });
   * const answer = await connection.request("double", "21", { timeout: 500 });
   * console.log(answer.string()); // 42
   * ```
   */
  async request(
    subject: string,
    payload: Payload = "",
    options: RequestOptions = {},
  ): Promise<Msg> {
    this.#checkMaySubscribe();
    const ask = this.#asker(subject, payload, options);
    const { clock } = this.#runtime;
    return await requestOne(this.#requests, clock, subject, options, ask);
  }

  /**
   * Sends a request and gives the answers as they come, until a strategy says
   * that there are enough; see `RequestStrategy`. Iterating throws a
   * `NoRespondersError` when nobody listens.
   */
  requestMany(
    subject: string,
    payload: Payload = "",
    options: RequestManyOptions = {},
  ): Promise<AsyncIterable<Msg>> {
    return new Promise((resolve) => {
      this.#checkMaySubscribe();
      const ask = this.#asker(subject, payload, options);
      const { clock } = this.#runtime;
      resolve(requestMany(this.#requests, clock, subject, options, ask));
    });
  }

  /**
   * Resolves when the server has handled all that was sent before. Without a
   * connection it waits for the next one; rejects when that breaks meanwhile.
   */
  flush(): Promise<void> {
    return this.#flushes.flush(this.#link.session);
  }

  /** Milliseconds to the server and back. Rejects while there is no connection. */
  async rtt(): Promise<number> {
    const { clock } = this.#runtime;
    if (this.#link.session === undefined) {
      throw this.#isClosed ? new ClosedConnectionError() : notConnected();
    }
    const start = clock.monotonic();
    await this.flush();
    return clock.monotonic() - start;
  }

  /**
   * Ends well: takes no new messages, delivers those that are under way, lets
   * the callbacks answer them, sends what was published, and closes. Rejects
   * with a `ConnectionError` when there is no connection, and closes all the
   * same.
   */
  async drain(): Promise<void> {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isDraining) throw new DrainingConnectionError();
    this.#isDraining = true;
    try {
      if (this.#link.session === undefined) throw notConnected();
      await this.#subscriptions.drain();
      this.#isSealed = true;
      await this.flush();
    } finally {
      await this.close();
    }
  }

  /** Closes at once; what was published before leaves if the server takes it. */
  close(): Promise<void> {
    return this.#end(undefined);
  }

  /** Resolves when the connection is closed: with the error if one closed it. */
  closed(): Promise<void | Error> {
    return this.#closed.promise;
  }

  /** Whether it is closed for good. */
  isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether it is about to be closed, see `drain`. */
  isDraining(): boolean {
    return this.#isDraining && !this.#isClosed;
  }

  /** `host:port` of the server; empty while there is none. */
  getServer(): string {
    return this.#link.session?.server.listen ?? "";
  }

  /** All servers that may be connected to, and what is known of each. */
  servers(): ServerState[] {
    return this.#link.servers.map(stateOf);
  }

  /** The same as `servers`, by the name that nats.js has for it. */
  getServers(): ServerState[] {
    return this.servers();
  }

  /**
   * Takes these servers in place of those that the user or the cluster has
   * named, from the next connect on; what discovery found stays. The connection
   * that there is lives on: `reconnect` leaves it. Throws
   * `InvalidArgumentError` for a URL that makes no sense, and for no servers.
   */
  setServers(servers: string | readonly string[]): void {
    if (this.#isClosed) throw new ClosedConnectionError();
    this.#link.setServers(serverList(servers));
  }

  /**
   * Leaves the server and connects to another one, or to the same if there is
   * no other. All that holds for a lost connection holds here too: messages
   * under way may be lost, and without the option `reconnect` this is the end.
   * Does nothing while there is no connection.
   */
  reconnect(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ClosedConnectionError());
    if (this.#isDraining) return Promise.reject(new DrainingConnectionError());
    this.#link.reconnect();
    return Promise.resolve();
  }

  /**
   * Asks discovery for servers now; resolves when every provider has answered
   * or failed. `status()` tells what came of it. Rejects with an
   * `InvalidOperationError` without the option `discovery`.
   */
  rediscover(): Promise<void> {
    return this.#link.rediscover();
  }

  /** The version that the server says it is; undefined when that makes no sense. */
  getServerVersion(): SemVer | undefined {
    return parseSemVer(this.#info?.version ?? "");
  }

  /** The messages and bytes that went through it so far. */
  stats(): Stats {
    return {
      inMsgs: this.#inMsgs,
      inBytes: this.#inBytes,
      outMsgs: this.#outgoing.publishedMsgs,
      outBytes: this.#outgoing.publishedBytes,
      droppedMsgs: this.#outgoing.droppedMsgs,
    };
  }

  /**
   * What happens to the connection from now on: `disconnect`, `reconnect`,
   * `update` and so on. Ends when the connection is closed.
   *
   * ```ts
   * const events = connection.status();
   * await connection.close();
   * for await (const { type } of events) console.log(type); // close
   * ```
   */
  status(): AsyncIterableIterator<Status> {
    return this.#statuses.read();
  }

  /**
   * Drains if there is a connection, else closes. A connection that breaks
   * meanwhile is closed all the same: unlike `drain`, this does not reject, so
   * that an error that ends the block is not covered up. `closed` and the
   * statuses tell of the loss.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const canDrain = !this.#isDraining && this.#link.session !== undefined;
    if (!canDrain) return await this.close();
    try {
      await this.drain();
    } catch (error) {
      if (!(error instanceof MidgeError)) throw error;
    }
  }

  #encoded(headers: MsgHdrs): Uint8Array {
    if (this.#info?.headers === false) {
      throw new InvalidOperationError("The server does not support headers");
    }
    return encodeHeaders(headers);
  }

  #asker(subject: string, payload: Payload, options: RequestHeaders): Ask {
    return (reply) => this.publish(subject, payload, { ...options, reply });
  }

  #checkMaySubscribe(): void {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isDraining) throw new DrainingConnectionError();
  }

  #onUp(session: Session, isFirst: boolean): void {
    const lines = this.#subscriptions.lines();
    this.#outgoing.attach(session.socket, lines);
    this.#flushes.attach(session);
    if (isFirst) return;
    const { listen: server } = session.server;
    this.#statuses.tell({ type: "reconnect", server });
    if (lines === "") return;
    this.#flushes.flush(session).then(
      () => this.#statuses.tell({ type: "resubscribed", server }),
      () => {}, // there will be another connection, or none
    );
  }

  #onInfo(info: ServerInfo): void {
    this.#info = info;
    this.#outgoing.maxPayloadBytes = info.max_payload;
  }

  #onMessage(args: MessageArgs): void {
    this.#inMsgs++;
    this.#inBytes += args.message.size;
    this.#subscriptions.deliver(args);
  }

  #onError(error: MidgeError): void {
    if (error instanceof PermissionViolationError) {
      if (error.operation === "publish") this.#requests.refuse(error);
      else this.#subscriptions.refuse(error);
    }
    this.#statuses.tell({ type: "error", error });
  }

  /** The one way to the end, whoever asks for it. */
  async #end(cause: Error | undefined): Promise<void> {
    if (this.#isClosed) return void await this.#closed.promise;
    this.#isClosed = true;
    const closed = new ClosedConnectionError(cause && { cause });
    this.#outgoing.end(closed);
    const left = this.#link.close();
    this.#flushes.end(closed);
    this.#requests.failAll(closed);
    this.#subscriptions.end();
    this.#statuses.tell({ type: "close" });
    this.#statuses.end();
    await left;
    this.#closed.resolve(cause);
  }
}

const NO_OPTIONS: PublishOptions = {};

function notConnected(): ConnectionError {
  return new ConnectionError("There is no connection at the moment");
}
