/**
 * The client's face: `NatsConnection`. More than a dozen members: because it has
 * those of nats.js. It decides nothing itself; each role is a part of its own:
 *
 * - what a program sends and receives: `messages/messages.ts`
 * - being connected, and to which server: `link.ts`
 * - draining, closing and the end: `lifecycle.ts`
 * - telling what happens: `status_feed.ts`
 *
 * The official add-ons, `@nats-io/jetstream` and others, work on this class. What
 * they need beyond its public members is marked as internal.
 */
import type { ReadInfo } from "../wire/info.ts";
import { onAbort } from "./abort.ts";
import type { ServerFeatures } from "./api/features.ts";
import { loadNatsCore } from "./api/nats_core.ts";
import type { Msg, Payload, PublishOptions } from "./api/message.ts";
import type { ConnectionOptions } from "./api/options.ts";
import type { RequestManyOptions, RequestOptions } from "./api/requests.ts";
import type { ServerState } from "./api/servers.ts";
import type { Stats } from "./api/stats.ts";
import type { Status, StatusIterator } from "./api/status.ts";
import type { Subscription, SubscriptionOptions } from "./api/subscription.ts";
import { type CloseListener, CloseListeners } from "./close_listeners.ts";
import { Lifecycle } from "./lifecycle.ts";
import { type ClientRuntime, Link } from "./link.ts";
import { Messages } from "./messages/messages.ts";
import { type ClientOptions, clientOptions, serverList } from "./options.ts";
import { parseSemVer, type SemVer } from "./semver.ts";
import { KnownFeatures } from "./server_features.ts";
import { stateOf } from "./servers/server_state.ts";
import { StatusFeed } from "./status_feed.ts";

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
 * broke is not sent again, and nobody knows how much of it has arrived. Only a
 * server that lags behind the one before may bring, at the moment in which the
 * connection moves to it, what that one has brought already. What is published
 * while there is no connection waits for the next one, in whole messages and up
 * to `maxBufferedBytes`; `bufferPolicy` says what becomes of the rest.
 */
export class NatsConnection implements AsyncDisposable {
  readonly #messages: Messages;
  readonly #link: Link;
  readonly #life: Lifecycle;
  readonly #statuses: StatusFeed;
  readonly #closeListeners: CloseListeners;
  readonly #features = new KnownFeatures();

  /**
   * What the server told about itself last.
   *
   * A getter, whose type would not be that of an optional member.
   */
  declare readonly info?: ReadInfo;

  static {
    Object.defineProperty(NatsConnection.prototype, "info", {
      get(this: NatsConnection): ReadInfo | undefined {
        return this.#link.info;
      },
    });
  }

  /**
   * The options that add-ons look at.
   *
   * @internal
   */
  readonly options: { readonly inboxPrefix: string };

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
    const stop = onAbort(signal, (cause) => void connection.#life.end(cause));
    connection.closed().then(stop);
    try {
      await Promise.all([connection.#link.connect(), loadNatsCore()]);
    } catch (error) {
      await connection.#life.end(error instanceof Error ? error : undefined);
      signal?.throwIfAborted();
      throw error;
    }
    return connection;
  }

  private constructor(options: ClientOptions, runtime: ClientRuntime) {
    const statuses = new StatusFeed(options.onStatus);
    const messages = new Messages(options, runtime, statuses);
    const onGivenUp = (cause: Error): void => void this.#life.end(cause);
    const link = new Link(options, runtime, statuses, messages, onGivenUp);
    this.#statuses = statuses;
    this.#messages = messages;
    this.#link = link;
    this.#life = new Lifecycle(messages, link, statuses);
    this.#closeListeners = new CloseListeners(this.#life.closed());
    this.options = { inboxPrefix: options.inboxPrefix };
  }

  /** Bytes that were published and that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#messages.publishing.bufferedBytes;
  }

  /**
   * Sends a message; the payload is copied. It leaves in this turn of the event
   * loop; `flush` tells when the server has it. Without a connection it waits
   * for the next one, up to `maxBufferedBytes`. Beyond that `bufferPolicy`
   * decides: `BufferFullError` is thrown, messages are dropped, or this gives a
   * promise that resolves when the message was taken and rejects when the
   * connection is closed. Otherwise it gives nothing.
   *
   * Throws an `InvalidSubjectError` for a subject with blanks or empty tokens,
   * or with wildcards when the connection is `pedantic`, a `MaxPayloadError`
   * for more bytes than the server takes, and a `ClosedConnectionError` or
   * `DrainingConnectionError` when it is too late.
   *
   * ```ts
   * connection.publish("orders.new", JSON.stringify({ id: 7 }));
   * await connection.flush();
   * ```
   */
  publish(
    subject: string,
    payload?: Payload,
    options?: PublishOptions,
  ): Promise<void> | undefined {
    return this.#messages.publishing.publish(subject, payload, options);
  }

  /** Sends a message that was received, to its own subject. */
  publishMessage(message: Msg): Promise<void> | undefined {
    return this.#messages.publishing.publishMessage(message);
  }

  /** Sends a message that was received, to its reply subject; false when it has none. */
  respondMessage(message: Msg): boolean {
    return this.#messages.publishing.respondMessage(message);
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
    return this.#messages.subscriptions.subscribe(subject, options);
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
  request(
    subject: string,
    payload: Payload = "",
    options: RequestOptions = {},
  ): Promise<Msg> {
    return this.#messages.asking.request(subject, payload, options);
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
    return this.#messages.asking.requestMany(subject, payload, options);
  }

  /**
   * Resolves when the server has handled all that was sent before. Without a
   * connection it waits for the next one; rejects when that breaks meanwhile.
   */
  flush(): Promise<void> {
    return this.#messages.flushes.flush();
  }

  /** Milliseconds to the server and back. Rejects while there is no connection. */
  rtt(): Promise<number> {
    return this.#messages.flushes.rtt();
  }

  /**
   * Ends well: takes no new messages, delivers those that are under way, waits
   * until the program has done with them, sends what was published, and closes.
   * A program has done with a message when the promise that its callback gave is
   * settled, or its loop has asked for the next one or was left; what waits for
   * this promise itself is not waited for. After `drainTimeout` it closes all the
   * same and rejects with a `DrainTimeoutError`, or with a `TimeoutError` when the
   * server does not answer; when there is no connection, with a
   * `ConnectionError`.
   */
  drain(): Promise<void> {
    return this.#life.drain();
  }

  /** Closes at once; what was published before leaves if the server takes it. */
  close(): Promise<void> {
    return this.#life.end(undefined);
  }

  /** Resolves when the connection is closed: with the error if one closed it. */
  closed(): Promise<void | Error> {
    return this.#life.closed();
  }

  /** Whether it is closed for good. */
  isClosed(): boolean {
    return this.#life.isClosed;
  }

  /** Whether it is about to be closed, see `drain`. */
  isDraining(): boolean {
    return this.#life.isDraining;
  }

  /** `host:port` of the server; empty while there is none. */
  getServer(): string {
    return this.#link.session?.server.listen ?? "";
  }

  /** All servers that may be connected to, and what is known of each. */
  servers(): ServerState[] {
    return this.#link.search.pool.servers.map(stateOf);
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
    this.#messages.gate.checkOpen();
    this.#link.search.setServers(serverList(servers));
  }

  /**
   * Leaves the server and connects to another one, or to the same if there is
   * no other. All that holds for a lost connection holds here too: messages
   * under way may be lost, and without the option `reconnect` this is the end.
   * Does nothing while there is no connection.
   */
  reconnect(): Promise<void> {
    return this.#life.reconnect();
  }

  /**
   * Asks discovery for servers now; resolves when every provider has answered
   * or failed. `status()` tells what came of it. Rejects with an
   * `InvalidOperationError` without the option `discovery`.
   */
  rediscover(): Promise<void> {
    return this.#life.rediscover();
  }

  /**
   * What the server can do, by its version.
   *
   * @internal
   */
  get features(): ServerFeatures {
    return this.#features.of(this.info?.version ?? "");
  }

  /** The version that the server says it is; undefined when that makes no sense. */
  getServerVersion(): SemVer | undefined {
    return parseSemVer(this.info?.version ?? "");
  }

  /** The messages and bytes that went through it so far. */
  stats(): Stats {
    return this.#messages.stats;
  }

  /**
   * What happens to the connection from now on: `disconnect`, `reconnect`,
   * `update` and so on. Ends when the connection is closed. Up to 1024 events
   * wait to be read; more of them push out the oldest, and the reader is told
   * of that first: `missed`, with their count.
   *
   * ```ts
   * const events = connection.status();
   * await connection.close();
   * for await (const { type } of events) console.log(type); // close
   * ```
   */
  status<S extends { readonly type: string } = Status>(): StatusIterator<S> {
    const statuses: StatusIterator<unknown> = this.#statuses.read();
    return statuses as StatusIterator<S>;
  }

  /**
   * Calls back when the connection is closed.
   *
   * @internal
   */
  addCloseListener(listener: CloseListener): void {
    this.#closeListeners.add(listener);
  }

  /** @internal */
  removeCloseListener(listener: CloseListener): void {
    this.#closeListeners.remove(listener);
  }

  /**
   * Moves a subscription to another subject; it ends after `max` messages more.
   *
   * @internal
   */
  _resub(subscription: Subscription, subject: string, max: number = 0): void {
    this.#messages.subscriptions.move(subscription, subject, max);
  }

  /**
   * Resolves when no callback and no loop has work under way, or after `limitMs`.
   *
   * @internal The test kit's.
   */
  idle(limitMs: number): Promise<void> {
    return this.#messages.subscriptions.idle(limitMs);
  }

  /**
   * Drains if there is a connection, else closes. A connection that breaks
   * meanwhile is closed all the same: unlike `drain`, this does not reject, so
   * that an error that ends the block is not covered up. `closed` and the
   * statuses tell of the loss.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#life.dispose();
  }
}
