/**
 * What `midge/client` and `midge/browser` have in common: all of the client
 * library that is not tied to where it runs.
 */
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
export type { ReadInfo, ServerInfo, SubjectLists } from "../wire/info.ts";
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
