/**
 * The configuration dialect on its own: `parseConfig` reads a text,
 * `loadConfig` a file, `loadOptions` a file into the options of a server.
 *
 * ```ts
 * import { parseConfig, toPlain } from "midge/cfgparse";
 *
 * const { root } = parseConfig("port: 4222, max_payload: 64kb");
 * console.log(JSON.stringify(toPlain(root))); // {"port":4222,"max_payload":65536}
 * ```
 *
 * @module
 */
import {
  ConfigError,
  formatDiagnostic,
  Source,
} from "../config/dialect/diagnostic.ts";
import { readConfig, readServerOptions } from "../config/load.ts";
import { type ParsedConfig, parseSource } from "../config/dialect/parser.ts";
import type { ConfigWorld } from "../config/dialect/world.ts";
import {
  type ConfiguredOptions,
  optionsFrom,
} from "../config/keys/server_options.ts";
import { toPlain } from "../config/dialect/tree.ts";
import { verifySignature } from "../runtime/process/signatures.ts";
import { environment, readTextFile } from "../runtime/process/system.ts";

export type {
  ConfigDiagnostic,
  Position,
  Source,
} from "../config/dialect/diagnostic.ts";
export type {
  AccountLimits,
  AccountOptions,
  AccountStreamLimits,
  AccountTrace,
  AuthCalloutOptions,
  AuthorizationOptions,
  ClusterOptions,
  ConnectionType,
  DiscoveryOptions,
  ExportBase,
  ExportOptions,
  FolderResolver,
  ImportBase,
  ImportOptions,
  JetStreamBatchOptions,
  JetStreamLimitOptions,
  JetStreamOptions,
  LatencyOptions,
  MappingDestination,
  MappingOptions,
  MemoryResolver,
  PermissionsOptions,
  ProxiesOptions,
  RegistryOptions,
  ResolverOptions,
  ResponseRules,
  RouteTarget,
  ServerOptions,
  ServiceExport,
  ServiceImport,
  StreamExport,
  StreamImport,
  SubjectRules,
  TrustOptions,
  UrlResolver,
  UserOptions,
  WebSocketAuthorization,
  WebSocketOptions,
} from "../options/options.ts";
export type {
  TlsCertificate,
  TlsSettings,
  TlsVerification,
} from "../options/tls.ts";
export type {
  CertifiedKey,
  TlsProblems,
  TlsUpgrade,
  TlsVersion,
} from "../platform/socket.ts";
export {
  DISCOVERY_SCHEMES,
  type DiscoveryScheme,
  type DiscoveryTarget,
} from "../discovery/url.ts";
export type {
  ConfigArray,
  ConfigBoolean,
  ConfigDate,
  ConfigEntry,
  ConfigFloat,
  ConfigInteger,
  ConfigMap,
  ConfigString,
  ConfigValue,
  PlainValue,
} from "../config/dialect/tree.ts";
export { ConfigError, formatDiagnostic, optionsFrom, toPlain };
export type { ConfiguredOptions, ConfigWorld, ParsedConfig };

/** The origin of a text, and the files and variables that it may read. */
export interface ParseConfigOptions extends Partial<ConfigWorld> {
  /** The name that errors give it; included files are looked for beside it. */
  readonly file?: string;
}

const world: ConfigWorld = {
  readFile: readTextFile,
  env: environment,
  verifySignature,
};

/**
 * Reads a configuration text into a tree in which every value knows its
 * position. Throws a `ConfigError`, which lists all errors of the text.
 *
 * ```ts
 * const { root } = parseConfig("port: 4222, debug: yes");
 * toPlain(root); // { port: 4222, debug: true }
 * root.entries.get("debug")?.at.column; // 13
 * ```
 */
export function parseConfig(
  text: string,
  options: ParseConfigOptions = {},
): ParsedConfig {
  const { file = "config", ...reach } = options;
  return parseSource(new Source(file, text), { ...world, ...reach });
}

/**
 * Reads a file, TOML if it ends in `.toml` and otherwise in nats-server's
 * dialect, into a tree. Rejects with a `ConfigError`, also when the file cannot
 * be read.
 *
 * ```ts
 * const { root } = await loadConfig("examples/article/nodea.cfg");
 * console.log(root.entries.has("listen")); // true
 * ```
 */
export function loadConfig(path: string): Promise<ParsedConfig> {
  return readConfig(path, world);
}

/**
 * Reads a file into the options of a server, sizes in bytes and durations in
 * milliseconds, and the warnings that nats-server would give. Rejects with a
 * `ConfigError` that lists all errors of the file.
 *
 * ```ts
 * const { options, warnings } = await loadOptions("examples/article/nodea.cfg");
 * console.log(options.port, warnings.length); // 4222 0
 * ```
 */
export function loadOptions(path: string): Promise<ConfiguredOptions> {
  return readServerOptions(path, world);
}
