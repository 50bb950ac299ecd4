/**
 * The broker in this process: `startServer`.
 *
 * ```ts
 * import { startServer } from "midge/server";
 *
 * await using server = await startServer({ port: 0 });
 * console.log(server.url);
 * ```
 *
 * @module
 */
export type { InProcessOptions } from "../app/in_process.ts";
export type { Server } from "../app/server.ts";
export {
  type AccountConfig,
  type AccountJetStreamConfig,
  type AccountLimitsConfig,
  type AccountTraceConfig,
  type AuthCalloutConfig,
  type AuthorizationConfig,
  type ClusterConfig,
  type DestinationConfig,
  type DiscoveryConfig,
  type ExportConfig,
  type ImportConfig,
  type JetStreamBatchConfig,
  type JetStreamConfig,
  type JetStreamLimitsConfig,
  type LatencyConfig,
  type MappingConfig,
  type PermissionsConfig,
  type ProxiesConfig,
  type ProxyConfig,
  type RegistryConfig,
  type RemoteConfig,
  type ResolverConfig,
  type ResponsesConfig,
  type ServerConfig,
  type SubjectRulesConfig,
  type TlsCertificateConfig,
  type TlsConfig,
  type UserConfig,
  type WebSocketAuthorizationConfig,
  type WebSocketConfig,
} from "../app/config.ts";
export { startServer } from "../app/start_server.ts";
export { InvalidArgumentError } from "../core/errors.ts";
export { ConfigError } from "../config/dialect/diagnostic.ts";
export type { LogEntry, LogFunction } from "../core/entry_log.ts";
export type { Logger } from "../core/log.ts";
export type {
  AccountStatzOptions,
  AccountzOptions,
  ConnzOptions,
  HealthzOptions,
  JszOptions,
  RoutezOptions,
  SubszOptions,
  WindowOptions,
} from "../monitor/page_options.ts";
export type { ConnzSort } from "../monitor/connz_sort.ts";
export type {
  AccountInfo,
  AccountStat,
  AccountStatz,
  Accountz,
  ConnInfo,
  Connz,
  DataStats,
  Discoveryz,
  DiscoveryzNode,
  ExportRow,
  Healthz,
  HealthzError,
  ImportRow,
  IssueRow,
  MapRow,
  MsgStats,
  RouteInfo,
  Routez,
  SubDetail,
  SublistStats,
  Subsz,
  TlsPeerCert,
} from "../monitor/page_types.ts";
export type {
  JetStreamLimits,
  JetStreamSettings,
  JetStreamStats,
  JetStreamVarz,
  Jsz,
  JszAccount,
  JszStream,
} from "../monitor/jetstream_types.ts";
export type {
  ClusterVarz,
  CountsByKind,
  Varz,
  WebSocketVarz,
} from "../monitor/varz_types.ts";
export { DiscoveryError } from "../discovery/discovery.ts";
export { type Address, NetworkError } from "../platform/socket.ts";
