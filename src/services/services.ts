/**
 * The face of the service protocol: adds services to a connection, and looks
 * for those that others run.
 */
import type { ServiceConnection } from "./service_connection.ts";
import { NoRespondersError } from "../client/api/errors.ts";
import type { Msg } from "../client/api/message.ts";
import { MidgeError } from "../core/errors.ts";
import {
  controlSubject,
  ServiceErrorCodeHeader,
  ServiceErrorHeader,
  type ServiceInfo,
  type ServicePing,
  type ServiceStats,
  type ServiceVerb,
} from "./protocol.ts";
import {
  Service,
  type ServiceConfig,
  type ServicePlatform,
} from "./service.ts";

/** The failure that an endpoint answered with; `ServiceError.of` reads it from an answer, nothing here throws it. */
export class ServiceError extends MidgeError {
  override readonly name = "ServiceError";
  /** As the endpoint gave it. */
  readonly status: number;

  constructor(status: number, description: string) {
    super("SERVICE", description);
    this.status = status;
  }

  /** Whether an answer reports a failure. */
  static isServiceError(message: Msg): boolean {
    return ServiceError.of(message) !== null;
  }

  /** The failure that an answer reports; null when it reports none. */
  static of(message: Msg): ServiceError | null {
    const description = message.headers?.get(ServiceErrorHeader) ?? "";
    const code = message.headers?.get(ServiceErrorCodeHeader) ?? "";
    if (description === "" && code === "") return null;
    return new ServiceError(Number.parseInt(code, 10) || 0, description);
  }
}

/** How long `ServiceClient` gathers answers. */
export interface ServiceClientOptions {
  /** Milliseconds in all. Default: 2 s. */
  readonly maxWait?: number;
  /** Milliseconds after the last answer. Default: 300. */
  readonly stall?: number;
}

const MAX_WAIT_MS = 2000;
const STALL_MS = 300;

/**
 * Asks the services that run somewhere; each call gives one item for each
 * instance that answers in time.
 *
 * ```ts
 * import { Svcm } from "midge";
 *
 * const client = new Svcm(connection).client({ maxWait: 100 });
 * for await (const { name, id } of await client.ping()) console.log(name, id);
 * ```
 */
export class ServiceClient {
  readonly #connection: ServiceConnection;
  readonly #options: ServiceClientOptions;

  /** Asks over `connection`. */
  constructor(
    connection: ServiceConnection,
    options: ServiceClientOptions = {},
  ) {
    this.#connection = connection;
    this.#options = options;
  }

  /** All services, those of a name, or one instance. */
  ping(
    name: string = "",
    id: string = "",
  ): Promise<AsyncIterable<ServicePing>> {
    return this.#ask<ServicePing>("PING", name, id);
  }

  /** As `ping`; the answers have the endpoints as well. */
  info(
    name: string = "",
    id: string = "",
  ): Promise<AsyncIterable<ServiceInfo>> {
    return this.#ask<ServiceInfo>("INFO", name, id);
  }

  /** As `ping`; the answers have the endpoints' counters as well. */
  stats(
    name: string = "",
    id: string = "",
  ): Promise<AsyncIterable<ServiceStats>> {
    return this.#ask<ServiceStats>("STATS", name, id);
  }

  async #ask<T>(
    verb: ServiceVerb,
    name: string,
    id: string,
  ): Promise<AsyncIterable<T>> {
    const { maxWait = MAX_WAIT_MS, stall = STALL_MS } = this.#options;
    const answers = await this.#connection.requestMany(
      controlSubject(verb, name, id),
      "",
      id === ""
        ? { strategy: "stall", maxWait, stall }
        : { strategy: "count", maxWait, maxMessages: 1 },
    );
    return readAll<T>(answers);
  }
}

/** That no such service runs is an answer, too. */
async function* readAll<T>(messages: AsyncIterable<Msg>): AsyncIterable<T> {
  try {
    for await (const message of messages) yield message.json<T>();
  } catch (error) {
    if (!(error instanceof NoRespondersError)) throw error;
  }
}

/** What `Svcm` can do, on any platform: adds services to a connection, and looks for others. */
export class Services {
  readonly #connection: ServiceConnection;
  readonly #platform: ServicePlatform;

  /** Adds services to `connection`. */
  constructor(connection: ServiceConnection, platform: ServicePlatform) {
    this.#connection = connection;
    this.#platform = platform;
  }

  /** Starts an instance of a service. Throws `InvalidArgumentError` for a bad name or version. */
  add(config: ServiceConfig): Promise<Service> {
    return new Promise((resolve) => {
      resolve(new Service(config, this.#connection, this.#platform));
    });
  }

  /** Looks for services. */
  client(options?: ServiceClientOptions): ServiceClient {
    return new ServiceClient(this.#connection, options);
  }
}
