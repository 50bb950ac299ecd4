/**
 * The room of the options: every field present, every number in the unit of
 * its name, as the broker reads them. The configuration file, the command line
 * and `startServer` all end here. `accounts.ts`, `permissions.ts`,
 * `user.ts` and `route_target.ts` are written by hand, the others are made by
 * `scripts/make_options.ts` from the rows of `src/config/keys`.
 */
export type {
  AccountConfig,
  AccountJetStreamConfig,
  AccountLimitsConfig,
  AccountTraceConfig,
  ExportConfig,
  ImportConfig,
  LatencyConfig,
  PermissionsConfig,
  RemoteConfig,
  ResponsesConfig,
  SubjectRulesConfig,
  UserConfig,
} from "./account_config.ts";
export {
  type AccountLimits,
  type AccountOptions,
  type AccountStreamLimits,
  type AccountTrace,
  type ExportBase,
  type ExportOptions,
  type ImportBase,
  type ImportOptions,
  type LatencyOptions,
  type MappingDestination,
  type MappingOptions,
  type ServiceExport,
  type ServiceImport,
  type StreamExport,
  type StreamImport,
  UNLIMITED_ACCOUNT,
} from "./accounts.ts";
export {
  type AuthorizationConfig,
  type AuthorizationOptions,
  defaultAuthorizationOptions,
} from "./authorization.ts";
export {
  type ClusterConfig,
  type ClusterOptions,
  defaultClusterOptions,
} from "./cluster.ts";
export {
  defaultDiscoveryOptions,
  type DiscoveryConfig,
  type DiscoveryOptions,
} from "./discovery.ts";
export type { MappingConfig } from "./mapping.ts";
export type { DestinationConfig } from "./mapping_config.ts";
export type {
  ConnectionType,
  PermissionsOptions,
  ResponseRules,
  SubjectRules,
} from "./permissions.ts";
export {
  defaultJetStreamBatchOptions,
  defaultJetStreamLimitOptions,
  defaultJetStreamOptions,
  type JetStreamBatchConfig,
  type JetStreamBatchOptions,
  type JetStreamConfig,
  type JetStreamLimitOptions,
  type JetStreamLimitsConfig,
  type JetStreamOptions,
} from "./jetstream.ts";
export {
  defaultRegistryOptions,
  type RegistryConfig,
  type RegistryOptions,
} from "./registry.ts";
export type { RouteTarget } from "./route_target.ts";
export {
  defaultServerOptions,
  type ServerConfig,
  type ServerOptions,
} from "./server.ts";
export type { TlsConfig } from "./tls_config.ts";
export type { TlsCertificateConfig } from "./tls_config.ts";
export type {
  AuthCalloutOptions,
  FolderResolver,
  MemoryResolver,
  ProxiesOptions,
  ResolverOptions,
  TrustOptions,
  UrlResolver,
} from "./trust.ts";
export type {
  AuthCalloutConfig,
  ProxiesConfig,
  ProxyConfig,
  ResolverConfig,
} from "./trust_config.ts";
export type { UserOptions } from "./user.ts";
export {
  defaultWebSocketAuthorizationOptions,
  defaultWebSocketOptions,
  type WebSocketAuthorization,
  type WebSocketAuthorizationConfig,
  type WebSocketConfig,
  type WebSocketOptions,
} from "./websocket.ts";
