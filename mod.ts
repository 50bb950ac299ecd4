/**
 * Midge: a NATS-compatible message broker, cluster, configuration parser and
 * client. Everything public, by name.
 *
 * ```ts
 * import { connect, startServer } from "./mod.ts";
 *
 * await using server = await startServer({ port: 0 });
 * await using connection = await connect({ servers: server.url });
 * ```
 *
 * @module
 */
export {
  type AuthorizationConfig,
  type ClusterConfig,
  type DiscoveryConfig,
  type Logger,
  type RegistryConfig,
  Server,
  type ServerConfig,
  startServer,
} from "./server.ts";
export {
  type ClusterSetup,
  type RunningCluster,
  startCluster,
} from "./cluster.ts";
export {
  type Authentication,
  type Authenticator,
  AuthorizationError,
  BufferFullError,
  type BufferPolicy,
  canonicalMIMEHeaderKey,
  ClosedConnectionError,
  connect,
  ConnectionError,
  type ConnectionOptions,
  type ConnectOptions,
  createInbox,
  credsAuthenticator,
  type Discovery,
  DiscoveryError,
  type DiscoveryOption,
  type DiscoveryPolicy,
  DrainingConnectionError,
  Empty,
  type Endpoint,
  errors,
  headers,
  InvalidArgumentError,
  InvalidOperationError,
  InvalidSubjectError,
  jwtAuthenticator,
  Match,
  MaxPayloadError,
  MidgeError,
  type Msg,
  type MsgCallback,
  type MsgHdrs,
  NatsConnection,
  nkeyAuthenticator,
  NoRespondersError,
  nuid,
  type Origin,
  type Payload,
  PermissionViolationError,
  ProtocolError,
  type PublishOptions,
  RequestError,
  type RequestManyOptions,
  type RequestOptions,
  type RequestStrategy,
  type ReviverFn,
  type SemVer,
  type ServerCache,
  ServerError,
  type ServerInfo,
  type ServerState,
  type Snapshot,
  StaleConnectionError,
  type Stats,
  type Status,
  type Subscription,
  type SubscriptionOptions,
  type SyncIterator,
  syncIterator,
  TimeoutError,
  type TlsOptions,
  tokenAuthenticator,
  UserAuthenticationExpiredError,
  usernamePasswordAuthenticator,
} from "./client.ts";
export {
  ConfigError,
  formatDiagnostic,
  loadConfig,
  loadOptions,
  optionsFrom,
  parseConfig,
  type ParseConfigOptions,
  toPlain,
} from "./cfgparse.ts";
