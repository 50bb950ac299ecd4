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
  ClosedConnectionError,
  connect,
  ConnectionError,
  type ConnectionOptions,
  credsAuthenticator,
  DrainingConnectionError,
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
  type Payload,
  PermissionViolationError,
  ProtocolError,
  type PublishOptions,
  RequestError,
  type RequestOptions,
  ServerError,
  type ServerInfo,
  StaleConnectionError,
  type Stats,
  type Status,
  type Subscription,
  type SubscriptionOptions,
  TimeoutError,
  type TlsOptions,
  tokenAuthenticator,
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
