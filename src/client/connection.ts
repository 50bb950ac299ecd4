/**
 * The client's face: `NatsConnection`. It checks what users hand in, and puts
 * the parts together: `link.ts` keeps it connected, `outgoing.ts` holds what is
 * to be sent, `subscriptions.ts` and `requests.ts` find the receivers of what
 * comes in, `status.ts` tells what happens. Nothing that it promises waits
 * beyond its end: closing settles flushes, requests and iterators.
 */
import type { MidgeError } from "../core/errors.ts";
import { encodeHeaders, type MsgHdrs } from "../core/headers.ts";
import { Nuid } from "../core/nuid.ts";
import { SlabPool } from "../core/outbox.ts";
import type { MessageArgs } from "../wire/args.ts";
import type { ServerInfo } from "../wire/info.ts";
import {
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  InvalidArgumentError,
  InvalidOperationError,
  PermissionViolationError,
  RequestError,
} from "./errors.ts";
import { type ClientRuntime, Link } from "./link.ts";
import type { Msg, Payload, PublishOptions } from "./message.ts";
import {
  type ClientOptions,
  clientOptions,
  type ConnectionOptions,
} from "./options.ts";
import { Outgoing } from "./outgoing.ts";
import { Requests, requestTimeout, settle } from "./requests.ts";
import type { Session } from "./session.ts";
import { type Status, StatusFeed } from "./status.ts";
import { checkLiteralSubject, checkPattern, checkQueue } from "./subjects.ts";
import type { Subscription, SubscriptionOptions } from "./subscription.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface RequestOptions {
  /** Milliseconds to wait for the answer. Default: 1 s. */
  readonly timeout?: number;
  readonly headers?: MsgHdrs;
  /** Use a subscription of its own in place of the shared one. */
  readonly noMux?: boolean;
  /** Where the answer shall go; needs `noMux`. */
  readonly reply?: string;
}

/** Messages, and the bytes of their headers and payloads. */
export interface Stats {
  readonly inMsgs: number;
  readonly inBytes: number;
  readonly outMsgs: number;
  readonly outBytes: number;
}

const REQUEST_TIMEOUT_MS = 1000;

/** All connections of a process share their free slabs. */
const slabs: SlabPool = new SlabPool();

/**
 * A connection to a NATS cluster that heals itself.
 *
 * A message is delivered at most once: what was on its way when a connection
 * broke is not sent again. What is published while there is no connection waits
 * for the next one, up to `maxBufferedBytes`.
 */
export class NatsConnection implements AsyncDisposable {
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #nuid: Nuid;
  readonly #outgoing: Outgoing;
  readonly #subscriptions: Subscriptions;
  readonly #requests: Requests;
  readonly #statuses = new StatusFeed();
  readonly #link: Link;
  readonly #closed = Promise.withResolvers<void | Error>();
  #isClosed = false;
  #isDraining = false;
  /** Draining is so far that nothing may be published any more. */
  #isSealed = false;
  #info: ServerInfo | undefined;
  /** Flushes that wait for a connection. */
  #flushes: PromiseWithResolvers<void>[] = [];
  /** The subject that was checked last; publishers tend to repeat themselves. */
  #goodSubject: string | undefined;
  #inMsgs = 0;
  #inBytes = 0;
  #outMsgs = 0;
  #outBytes = 0;

  /** Connects; rejects when no server lets us in. */
  static async open(
    options: ConnectionOptions,
    runtime: ClientRuntime,
  ): Promise<NatsConnection> {
    const connection = new NatsConnection(clientOptions(options), runtime);
    await connection.#link.connect();
    return connection;
  }

  private constructor(options: ClientOptions, runtime: ClientRuntime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#nuid = new Nuid(runtime.random);
    this.#outgoing = new Outgoing(slabs, options.maxBufferedBytes);
    this.#subscriptions = new Subscriptions(this.#outgoing, runtime.clock, {
      publish: (subject, payload, given) =>
        this.publish(subject, payload, given),
      flush: () => this.flush(),
      report: (error) => this.#statuses.tell({ type: "error", error }),
    });
    this.#requests = new Requests({
      createInbox: () => this.#createInbox(),
      subscribe: (subject, callback) =>
        void this.#subscriptions.add(subject, { callback }),
    }, runtime.clock);
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
   * for the next one, and `BufferFullError` is thrown when too much waits.
   */
  publish(
    subject: string,
    payload: Payload = "",
    options: PublishOptions = NO_OPTIONS,
  ): void {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isSealed) throw new DrainingConnectionError();
    if (subject !== this.#goodSubject) {
      checkLiteralSubject("subject", subject);
      this.#goodSubject = subject;
    }
    if (options.reply !== undefined) {
      checkLiteralSubject("reply subject", options.reply);
    }
    this.#send(subject, options.reply ?? "", options.headers, payload);
  }

  /** Sends a message that was received, to its own subject. */
  publishMessage(message: Msg): void {
    this.publish(message.subject, message.data, {
      ...(message.reply !== undefined && { reply: message.reply }),
      ...(message.headers !== undefined && { headers: message.headers }),
    });
  }

  /** Asks for all messages on a subject, which may have wildcards. */
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
   * `TimeoutError`, or with a `RequestError` whose `cause` is a
   * `NoRespondersError` as soon as the server knows that nobody listens.
   */
  async request(
    subject: string,
    payload: Payload = "",
    options: RequestOptions = {},
  ): Promise<Msg> {
    this.#checkMaySubscribe();
    if (options.noMux === true) {
      return await this.#requestAlone(subject, payload, options);
    }
    if (options.reply !== undefined) {
      throw new InvalidArgumentError('Option "reply" needs option "noMux"');
    }
    const timeoutMs = options.timeout ?? REQUEST_TIMEOUT_MS;
    return await this.#requests.send(subject, timeoutMs, (reply) => {
      this.publish(subject, payload, publishOptions(reply, options.headers));
    });
  }

  /**
   * Resolves when the server has handled all that was sent before. Without a
   * connection it waits for the next one; rejects when that breaks meanwhile.
   */
  flush(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ClosedConnectionError());
    const { session } = this.#link;
    if (session !== undefined) return this.#ping(session);
    const waiter = Promise.withResolvers<void>();
    this.#flushes.push(waiter);
    return waiter.promise;
  }

  /** Milliseconds to the server and back. */
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
   * the callbacks answer them, sends what was published, and closes.
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

  isClosed(): boolean {
    return this.#isClosed;
  }

  isDraining(): boolean {
    return this.#isDraining && !this.#isClosed;
  }

  /** `host:port` of the server; empty while there is none. */
  getServer(): string {
    return this.#link.session?.server.listen ?? "";
  }

  stats(): Stats {
    return {
      inMsgs: this.#inMsgs,
      inBytes: this.#inBytes,
      outMsgs: this.#outMsgs,
      outBytes: this.#outBytes,
    };
  }

  /** What happens from now on; ends when the connection is closed. */
  status(): AsyncIterableIterator<Status> {
    return this.#statuses.read();
  }

  /** Drains if there is a connection, else closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const canDrain = !this.#isDraining && this.#link.session !== undefined;
    if (canDrain) await this.drain();
    else await this.close();
  }

  #send(
    subject: string,
    reply: string,
    headers: MsgHdrs | undefined,
    payload: Payload,
  ): void {
    const block = headers === undefined ? undefined : this.#encoded(headers);
    this.#outBytes += this.#outgoing.publish(subject, reply, block, payload);
    this.#outMsgs++;
  }

  #encoded(headers: MsgHdrs): Uint8Array {
    if (this.#info?.headers === false) {
      throw new InvalidOperationError("The server does not support headers");
    }
    return encodeHeaders(headers);
  }

  /** One request with a subscription of its own, which ends with the first answer. */
  async #requestAlone(
    subject: string,
    payload: Payload,
    options: RequestOptions,
  ): Promise<Msg> {
    const timeoutMs = options.timeout ?? REQUEST_TIMEOUT_MS;
    const reply = options.reply ?? this.#createInbox();
    checkLiteralSubject("reply subject", reply);
    const answer = Promise.withResolvers<Msg>();
    answer.promise.catch(() => {}); // when the publish fails, nobody waits
    const subscription = this.#subscriptions.add(reply, {
      max: 1,
      callback: (error, message) => {
        if (error === null) settle(answer, subject, message);
        else answer.reject(new RequestError(error));
      },
    });
    subscription.closed.then(() =>
      answer.reject(new RequestError(new ClosedConnectionError()))
    );
    const timer = this.#runtime.clock.after(timeoutMs, () => {
      answer.reject(requestTimeout(subject, timeoutMs));
      subscription.unsubscribe();
    });
    try {
      this.publish(subject, payload, publishOptions(reply, options.headers));
      return await answer.promise;
    } finally {
      timer.cancel();
      subscription.unsubscribe();
    }
  }

  #createInbox(): string {
    return `${this.#options.inboxPrefix}.${this.#nuid.next()}`;
  }

  #checkMaySubscribe(): void {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isDraining) throw new DrainingConnectionError();
  }

  #ping(session: Session): Promise<void> {
    this.#outgoing.ping();
    return session.pong();
  }

  #onUp(session: Session, isFirst: boolean): void {
    this.#outgoing.attach(session.socket, this.#subscriptions.lines());
    const waiting = this.#flushes;
    this.#flushes = [];
    for (const { resolve } of waiting) resolve(this.#ping(session));
    if (isFirst) return;
    this.#statuses.tell({ type: "reconnect", server: session.server.listen });
  }

  #onInfo(info: ServerInfo): void {
    this.#info = info;
    this.#outgoing.maxPayloadBytes = info.max_payload;
  }

  #onMessage(message: MessageArgs): void {
    this.#inMsgs++;
    this.#inBytes += message.size;
    this.#subscriptions.deliver(message);
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
    this.#outgoing.detach();
    const left = this.#link.close();
    const closed = new ClosedConnectionError(cause && { cause });
    for (const { reject } of this.#flushes) reject(closed);
    this.#requests.failAll(closed);
    this.#subscriptions.end();
    this.#statuses.tell({ type: "close" });
    this.#statuses.end();
    await left;
    this.#closed.resolve(cause);
  }
}

const NO_OPTIONS: PublishOptions = {};

function publishOptions(
  reply: string,
  headers: MsgHdrs | undefined,
): PublishOptions {
  return headers === undefined ? { reply } : { reply, headers };
}

function notConnected(): ConnectionError {
  return new ConnectionError("There is no connection at the moment");
}
