/**
 * The client library: `connect`, and what comes with a connection.
 *
 * ```ts
 * import { connect } from "midge/client";
 *
 * await using connection = await connect({ servers: "nats://localhost:4222" });
 * connection.publish("greet.joe", "hello");
 * ```
 *
 * @module
 */
import { type ConnectOptions, withProviders } from "../app/client_discovery.ts";
import { withTlsFiles } from "../app/tls_files.ts";
import { NatsConnection } from "../client/connection.ts";
import { inboxUnder } from "../client/messages/inbox.ts";
import { Nuid } from "../core/nuid.ts";
import { platform } from "../runtime/mod.ts";
import { keepProcessAlive, readTextFile } from "../runtime/process/system.ts";
import { Services } from "../services/services.ts";

export {
  canonicalMIMEHeaderKey,
  headers,
  Match,
  type MatchOrNumber,
  type MsgHdrs,
} from "../core/headers.ts";
export type { ClosedReason } from "../core/closed.ts";
export { MidgeError, ProtocolError } from "../core/errors.ts";
export type { Nuid } from "../core/nuid.ts";
export {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type Reason,
  type ResolveOptions,
  type ServerCache,
  type Snapshot,
  type WatchOptions,
} from "../discovery/discovery.ts";
export type {
  ConnectOptions,
  DiscoveryOption,
} from "../app/client_discovery.ts";
export type { ReadInfo, ServerInfo } from "../wire/info.ts";
export * as errors from "../client/api/errors.ts";
export { InvalidArgumentError, InvalidOperationError } from "../core/errors.ts";
export {
  AuthorizationError,
  BufferFullError,
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  DrainTimeoutError,
  InvalidSubjectError,
  MaxPayloadError,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  ServerError,
  SlowConsumerError,
  StaleConnectionError,
  TimeoutError,
  type Unfinished,
  UserAuthenticationExpiredError,
} from "../client/api/errors.ts";
export { NatsConnection } from "../client/connection.ts";
export type { CloseListener } from "../client/close_listeners.ts";
export type { ServerFeatures } from "../client/api/features.ts";
export type { Stats } from "../client/api/stats.ts";
export type {
  RequestManyOptions,
  RequestStrategy,
} from "../client/api/requests.ts";
export type { AnswerOptions } from "../client/api/requests.ts";
export type { RequestOptions } from "../client/api/requests.ts";
export {
  credsAuthenticator,
  jwtAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../client/session/authenticators.ts";
export {
  Empty,
  type Msg,
  type Payload,
  type PublishOptions,
  type RequestHeaders,
  type ReviverFn,
} from "../client/api/message.ts";
export type { SemVer } from "../client/semver.ts";
export { type SyncIterator, syncIterator } from "../client/sync_iterator.ts";
export type {
  Authentication,
  Authenticator,
  ConnectionOptions,
  DiscoveryPolicy,
  TlsOptions,
} from "../client/api/options.ts";
export type { BufferPolicy } from "../client/api/message.ts";
export type { ReconnectToServerHandler } from "../client/api/servers.ts";
export type { ServerState } from "../client/api/servers.ts";
export type { Origin } from "../client/api/servers.ts";
export type { SkipReason } from "../client/api/servers.ts";
export type { Status, StatusIterator } from "../client/api/status.ts";
export type {
  MsgCallback,
  Subscription,
  SubscriptionOptions,
} from "../client/api/subscription.ts";

export {
  ServiceClient,
  type ServiceClientOptions,
  ServiceError,
  type Services,
} from "../services/services.ts";
export type { ServiceEndpoint, ServiceHandler } from "../services/endpoint.ts";
export type { ServiceMsg } from "../services/service_msg.ts";
export {
  type EndpointOptions,
  Service,
  type ServiceConfig,
  type ServiceGroup,
} from "../services/service.ts";
export {
  type EndpointInfo,
  type EndpointStats,
  ServiceErrorCodeHeader,
  ServiceErrorHeader,
  type ServiceIdentity,
  type ServiceInfo,
  type ServicePing,
  type ServiceStats,
  type ServiceVerb,
} from "../services/protocol.ts";

/**
 * Services on a connection, by the service protocol (NATS ADR-32): `nats micro`
 * and other tools for that protocol find them.
 *
 * ```ts
 * import { connect, Svcm } from "midge/client";
 *
 * await using connection = await connect();
 * const service = await new Svcm(connection).add({
 *   name: "minmax",
 *   version: "1.0.0",
 * });
 * service.addEndpoint("max", (_error, request) => {
 *   const numbers = request.json<number[]>();
 *   request.respond(JSON.stringify(Math.max(...numbers)));
 * });
 * ```
 */
export class Svcm extends Services {
  /** Services on `connection`. */
  constructor(connection: NatsConnection) {
    super(connection, platform);
  }
}

/** Makes unique names: `nuid.next()`. */
export const nuid: Nuid = new Nuid(platform.random);

/**
 * A unique subject for answers. Throws an `InvalidArgumentError` unless the
 * prefix is a subject without wildcards.
 */
export function createInbox(prefix: string = ""): string {
  return inboxUnder(prefix, nuid);
}

/**
 * Connects to a NATS server or cluster. Without options that is
 * `nats://127.0.0.1:4222`.
 *
 * Rejects with an `AuthorizationError` when the servers refuse the login, with a
 * `ConnectionError` when none can be reached, with an `InvalidArgumentError` for
 * options that contradict each other or the types, and with a `DiscoveryError`
 * for a URL of `discovery` that is not valid. With `discovery`, or `waitOnFirstConnect`, it
 * waits until it is connected.
 *
 * ```ts
 * import { connect } from "midge/client";
 *
 * await using connection = await connect({ servers: "nats://localhost:4222" });
 * const greetings = connection.subscribe("greet.*", { max: 1 });
 * connection.publish("greet.joe", "hello");
 * for await (const message of greetings) {
 *   console.log(message.subject, message.string()); // greet.joe hello
 * }
 * ```
 */
export async function connect(
  options: ConnectOptions = {},
): Promise<NatsConnection> {
  // Between two attempts to connect there is no socket that would.
  const release = keepProcessAlive();
  try {
    const connection = await NatsConnection.open(
      withProviders(withTlsFiles(options, readTextFile), platform),
      platform,
    );
    connection.closed().then(release);
    return connection;
  } catch (error) {
    release();
    throw error;
  }
}
