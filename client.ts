/**
 * The client library, on the machine's network, clock and randomness. Run as a
 * program, it is the article's publisher: `bun client.ts -subj abc`.
 */
import {
  type ConnectOptions,
  withProviders,
} from "./src/app/client_discovery.ts";
import { withTlsFiles } from "./src/app/tls_files.ts";
import { NatsConnection } from "./src/client/connection.ts";
import { inboxUnder } from "./src/client/inbox.ts";
import { Nuid } from "./src/core/nuid.ts";
import { platform } from "./src/runtime/mod.ts";
import { isMain, readTextFile } from "./src/runtime/system.ts";
import { Services } from "./src/services/services.ts";

export {
  canonicalMIMEHeaderKey,
  headers,
  Match,
  type MsgHdrs,
} from "./src/core/headers.ts";
export { MidgeError, ProtocolError } from "./src/core/errors.ts";
export {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type ServerCache,
  type Snapshot,
} from "./src/discovery/discovery.ts";
export type {
  ConnectOptions,
  DiscoveryOption,
} from "./src/app/client_discovery.ts";
export type { ServerInfo } from "./src/wire/info.ts";
export * as errors from "./src/client/errors.ts";
export {
  AuthorizationError,
  BufferFullError,
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  InvalidArgumentError,
  InvalidOperationError,
  InvalidSubjectError,
  MaxPayloadError,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  ServerError,
  StaleConnectionError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from "./src/client/errors.ts";
export { NatsConnection, type Stats } from "./src/client/connection.ts";
export type {
  RequestManyOptions,
  RequestStrategy,
} from "./src/client/request_many.ts";
export type { RequestOptions } from "./src/client/request_one.ts";
export {
  credsAuthenticator,
  jwtAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "./src/client/authenticators.ts";
export {
  Empty,
  type Msg,
  type Payload,
  type PublishOptions,
  type ReviverFn,
} from "./src/client/message.ts";
export type { SemVer } from "./src/client/semver.ts";
export { type SyncIterator, syncIterator } from "./src/client/sync_iterator.ts";
export type {
  Authentication,
  Authenticator,
  BufferPolicy,
  ConnectionOptions,
  DiscoveryPolicy,
  TlsOptions,
} from "./src/client/options.ts";
export type { ReconnectToServerHandler } from "./src/client/chosen.ts";
export type { ServerState } from "./src/client/server_state.ts";
export type { Origin } from "./src/client/servers.ts";
export type { Status } from "./src/client/status.ts";
export type {
  MsgCallback,
  Subscription,
  SubscriptionOptions,
} from "./src/client/subscription.ts";

export {
  ServiceClient,
  type ServiceClientOptions,
  ServiceError,
} from "./src/services/services.ts";
export type { Endpoint as ServiceEndpoint } from "./src/services/endpoint.ts";
export type { ServiceHandler } from "./src/services/endpoint.ts";
export type { ServiceMsg } from "./src/services/service_msg.ts";
export {
  type EndpointOptions,
  Service,
  type ServiceConfig,
  type ServiceGroup,
} from "./src/services/service.ts";
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
} from "./src/services/protocol.ts";

/**
 * Services on a connection, by the service protocol (NATS ADR-32): `nats micro`
 * and every other tool of that protocol finds them.
 *
 * ```ts
 * import { connect, Svcm } from "./client.ts";
 *
 * const connection = await connect();
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
  constructor(connection: NatsConnection) {
    super(connection, platform);
  }
}

/** Makes names that nobody else has: `nuid.next()`. */
export const nuid: Nuid = new Nuid(platform.random);

/**
 * A subject for answers that nobody else uses. Throws `InvalidArgumentError`
 * when the prefix is no subject without wildcards.
 */
export function createInbox(prefix: string = ""): string {
  return inboxUnder(prefix, nuid);
}

/**
 * Connects to a NATS server or cluster. Rejects when no server lets us in; with
 * `discovery` it waits until one does.
 *
 * ```ts
 * import { connect } from "./client.ts";
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

// The clock's timers keep no process alive, and between two attempts to
// connect there is no socket that would. The period is the longest there is.
function keepProcessAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 31 - 1);
  return () => clearInterval(timer);
}

if (isMain(import.meta)) {
  // Not awaited: the program imports this module, which must be finished first.
  import("./scripts/publisher.ts").then(({ runPublisher }) => runPublisher());
}
