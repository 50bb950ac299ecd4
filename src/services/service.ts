/**
 * One instance of a service (NATS ADR-32): its endpoints, and the answers to
 * the tools that look for services. The subscriptions are those of an ordinary
 * connection, so a service moves with its connection when a server dies.
 */
import type { Clock, Random } from "../platform/clock.ts";
import {
  awaitedHere,
  AwaitedPromise,
  outcomeOf,
} from "../core/awaited_promise.ts";
import { deferred } from "../core/deferred.ts";
import { Nuid } from "../core/nuid.ts";
import type { Msg } from "../client/api/message.ts";
import { InvalidOperationError, isError } from "../core/errors.ts";
import {
  ClosedConnectionError,
  DrainTimeoutError,
} from "../client/api/errors.ts";
import { ServiceEndpoint, type ServiceHandler } from "./endpoint.ts";
import {
  checkEndpointSubject,
  checkServiceName,
  checkVersion,
  controlSubject,
  type EndpointStats,
  SERVICE_QUEUE,
  SERVICE_VERBS,
  type ServiceIdentity,
  type ServiceInfo,
  type ServicePing,
  type ServiceStats,
  type ServiceVerb,
} from "./protocol.ts";
import type { ServiceConnection } from "./service_connection.ts";

/** Where time and ids come from. */
export interface ServicePlatform {
  readonly clock: Clock;
  readonly random: Random;
}

/** What `Svcm.add` takes. */
export interface ServiceConfig {
  /** Shared by all instances: letters, digits, `-` and `_`. */
  readonly name: string;
  /** Like `1.0.0`. */
  readonly version: string;
  /** Shown by tools. */
  readonly description?: string;
  /** Shown by tools. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The queue group of all endpoints that name none; empty for none. Default: `q`. */
  readonly queue?: string;
  /** Adds `data` to the statistics of an endpoint. */
  readonly statsHandler?: (endpoint: ServiceEndpoint) => unknown;
}

/** What `addEndpoint` takes; every field may be left out. */
export interface EndpointOptions {
  /** Default: the endpoint's name, below the subject of its group. */
  readonly subject?: string;
  /** Answers requests; without it the endpoint is iterated. */
  readonly handler?: ServiceHandler;
  /** The queue group; empty for none. Default: that of the group or service. */
  readonly queue?: string;
  /** Shown by tools. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Endpoints whose subjects begin alike. */
export interface ServiceGroup {
  /** Starts to take requests. Throws `InvalidArgumentError` for a bad name or subject. */
  addEndpoint(
    name: string,
    options?: EndpointOptions | ServiceHandler,
  ): ServiceEndpoint;
  /** A group below this one. */
  addGroup(subject?: string, queue?: string): ServiceGroup;
}

/** One instance of a service that runs, as `Svcm.add` gives it; its endpoints take requests until `stop`. */
export class Service implements ServiceGroup, AsyncDisposable {
  /** Resolves when it has stopped: with null, or with the error that stopped it. */
  readonly stopped: Promise<null | Error>;
  readonly #config: ServiceConfig;
  readonly #identity: ServiceIdentity;
  readonly #connection: ServiceConnection;
  readonly #clock: Clock;
  readonly #endpoints: ServiceEndpoint[] = [];
  readonly #controls: { drain(): Promise<void> }[] = [];
  readonly #resolveStopped: (error: null | Error) => void;
  #started = "";
  #stopping: Promise<null | Error> | undefined;
  #drains: readonly Promise<void>[] | undefined;

  /** Throws `InvalidArgumentError` for a name or version that tools cannot show. */
  constructor(
    config: ServiceConfig,
    connection: ServiceConnection,
    { clock, random }: ServicePlatform,
  ) {
    checkServiceName("a service", config.name);
    checkVersion(config.version);
    this.#config = config;
    this.#connection = connection;
    this.#clock = clock;
    this.#identity = {
      name: config.name,
      id: new Nuid(random).next(),
      version: config.version,
      metadata: { ...config.metadata },
    };
    const { promise, resolve } = deferred<null | Error>();
    this.stopped = promise;
    this.#resolveStopped = resolve;
    this.reset();
    for (const verb of SERVICE_VERBS) this.#answerTo(verb);
    connection.closed().then((error) => void this.stop(error ?? undefined));
  }

  /** Whether it takes no more requests. */
  get isStopped(): boolean {
    return this.#stopping !== undefined;
  }

  /** Starts to take requests. Throws `InvalidArgumentError` for a bad name or subject. */
  addEndpoint(
    name: string,
    options: EndpointOptions | ServiceHandler = {},
  ): ServiceEndpoint {
    return this.#group("", undefined).addEndpoint(name, options);
  }

  /** Endpoints below `subject`, in the queue group `queue` unless they name one. */
  addGroup(subject: string = "", queue?: string): ServiceGroup {
    return this.#group(subject, queue);
  }

  /** What it answers to PING. */
  ping(): ServicePing {
    return { type: "io.nats.micro.v1.ping_response", ...this.#identity };
  }

  /** What it answers to INFO. */
  info(): ServiceInfo {
    return {
      type: "io.nats.micro.v1.info_response",
      ...this.#identity,
      description: this.#config.description ?? "",
      endpoints: this.#endpoints.map(({ info }) => info),
    };
  }

  /** What it answers to STATS. */
  stats(): ServiceStats {
    return {
      type: "io.nats.micro.v1.stats_response",
      ...this.#identity,
      started: this.#started,
      endpoints: this.#endpoints.map((endpoint) => this.#statsOf(endpoint)),
    };
  }

  /** Sets all counters back. */
  reset(): void {
    this.#started = new Date(this.#clock.now()).toISOString();
    for (const endpoint of this.#endpoints) endpoint.reset();
  }

  /**
   * Takes no new requests, and resolves like `stopped` once all were handled, as
   * `drain` of a subscription does: a handler that took longer than the
   * connection's `drainTimeout` makes it a `DrainTimeoutError`.
   */
  stop(error?: Error): Promise<null | Error> {
    const drains = this.#drains ??= this.#drainAll();
    this.#stopping ??= this.#stop(error ?? null, drains);
    return AwaitedPromise.of(
      this.#stopping,
      () => drains.forEach(awaitedHere),
    );
  }

  /** The same as `stop`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #drainAll(): Promise<void>[] {
    return [
      ...this.#endpoints.map((endpoint) => endpoint.stop()),
      ...this.#controls.map((control) => control.drain()),
    ];
  }

  async #stop(
    error: null | Error,
    drains: readonly Promise<void>[],
  ): Promise<null | Error> {
    const ends = await Promise.allSettled(drains.map(outcomeOf));
    const late = ends.map((end) => end.status === "rejected" ? end.reason : 0)
      .find((reason) => reason instanceof DrainTimeoutError);
    const reason = error ?? late ?? null;
    this.#resolveStopped(reason);
    return reason;
  }

  #group(prefix: string, queue: string | undefined): ServiceGroup {
    if (prefix !== "") checkEndpointSubject(prefix);
    const below = (subject: string): string =>
      [prefix, subject].filter((part) => part !== "").join(".");
    return {
      addEndpoint: (name, options = {}) => {
        const given = typeof options === "function"
          ? { handler: options }
          : options;
        return this.#add(name, below(given.subject ?? name), given, queue);
      },
      addGroup: (subject = "", inner = queue) =>
        this.#group(below(subject), inner),
    };
  }

  #add(
    name: string,
    subject: string,
    options: EndpointOptions,
    groupQueue: string | undefined,
  ): ServiceEndpoint {
    if (this.isStopped) {
      throw new InvalidOperationError("The service has stopped");
    }
    if (this.#connection.isClosed()) throw new ClosedConnectionError();
    checkServiceName("an endpoint", name);
    checkEndpointSubject(subject);
    const endpoint = new ServiceEndpoint(
      {
        name,
        subject,
        queue: options.queue ?? groupQueue ?? this.#config.queue ??
          SERVICE_QUEUE,
        metadata: { ...options.metadata },
        handler: options.handler,
      },
      this.#connection,
      this.#clock,
      (error) => this.#onEndpointEnd(endpoint, error),
    );
    this.#endpoints.push(endpoint);
    return endpoint;
  }

  /** An endpoint that the server refuses takes the service with it; a connection that closes has told why. */
  #onEndpointEnd(endpoint: ServiceEndpoint, error: Error | undefined): void {
    if (this.isStopped) return;
    if (error !== undefined) return void this.stop(error);
    this.#endpoints.splice(this.#endpoints.indexOf(endpoint), 1);
  }

  #answerTo(verb: ServiceVerb): void {
    const { name, id } = this.#identity;
    for (
      const subject of [
        controlSubject(verb),
        controlSubject(verb, name),
        controlSubject(verb, name, id),
      ]
    ) {
      const subscription = this.#connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) this.#answer(verb, message);
          else this.stop(error);
        },
      });
      this.#controls.push(subscription);
    }
  }

  #answer(verb: ServiceVerb, message: Msg): void {
    message.respond(JSON.stringify(this.#page(verb)));
  }

  #page(verb: ServiceVerb): unknown {
    switch (verb) {
      case "PING":
        return this.ping();
      case "INFO":
        return this.info();
      case "STATS":
        return this.stats();
    }
  }

  #statsOf(endpoint: ServiceEndpoint): EndpointStats {
    const { statsHandler } = this.#config;
    if (statsHandler === undefined) return endpoint.stats;
    return { ...endpoint.stats, data: dataOf(statsHandler, endpoint) };
  }
}

// A page of statistics must not fail because one figure cannot be had.
function dataOf(
  handler: (endpoint: ServiceEndpoint) => unknown,
  endpoint: ServiceEndpoint,
): unknown {
  try {
    return handler(endpoint);
  } catch (error) {
    return { error: isError(error) ? error.message : String(error) };
  }
}
