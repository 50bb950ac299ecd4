/**
 * Options of a server that is started by a program: an object with the names
 * of the configuration file, and with `include` a file below it. Both go
 * through the same rows as a file does, so they are checked as strictly and
 * their errors name the place just as well.
 */
import { InvalidArgumentError } from "../core/errors.ts";
import {
  type ConfigDiagnostic,
  ConfigError,
  diagnose,
} from "../config/dialect/diagnostic.ts";
import { digestOf, optionsInTurns, readConfig } from "../config/load.ts";
import { parseObject } from "../config/dialect/object.ts";
import { isUnixUrl } from "../net/unix_url.ts";
import type { ServerConfig, ServerOptions } from "../options/options.ts";
import type { ConfigWorld } from "../config/dialect/world.ts";
import {
  type ConfiguredOptions,
  optionsFrom,
} from "../config/keys/server_options.ts";
import type {
  ConfigEntry,
  ConfigMap,
  ConfigValue,
} from "../config/dialect/tree.ts";
import { SERVER_BLOCK } from "../config/keys/server_keys.ts";
import type { BlockFacts, KeyFacts } from "../config/keys/schema.ts";

export type {
  AccountConfig,
  AccountJetStreamConfig,
  AccountLimitsConfig,
  AccountTraceConfig,
  AuthCalloutConfig,
  AuthorizationConfig,
  ClusterConfig,
  DestinationConfig,
  DiscoveryConfig,
  ExportConfig,
  ImportConfig,
  JetStreamBatchConfig,
  JetStreamConfig,
  JetStreamLimitsConfig,
  LatencyConfig,
  MappingConfig,
  PermissionsConfig,
  ProxiesConfig,
  ProxyConfig,
  RegistryConfig,
  RemoteConfig,
  ResolverConfig,
  ResponsesConfig,
  ServerConfig,
  SubjectRulesConfig,
  TlsCertificateConfig,
  TlsConfig,
  UserConfig,
  WebSocketAuthorizationConfig,
  WebSocketConfig,
} from "../options/options.ts";

/** What errors call an object. */
const NAME = "options";

/** The options that `config` states by itself. Throws `ConfigError` with all that is wrong with it. */
export function optionsOf(
  config: ServerConfig,
  world?: ConfigWorld,
): ServerOptions {
  const root = treeOf(config);
  const include = takeInclude(root);
  if (include === undefined) return optionsFrom(root, world).options;
  const message = "include reads a file, which is not possible here";
  throw new ConfigError([diagnose(include.at, message)]);
}

/**
 * The options that `config` and the file that it includes state, and what is
 * odd about them. Rejects with `ConfigError`.
 */
export async function configuredBy(
  config: ServerConfig,
  world: ConfigWorld,
): Promise<ConfiguredOptions> {
  const root = treeOf(config);
  const include = takeInclude(root);
  if (include === undefined) return await withWarnings(root, [], world);
  const { value, at } = include;
  if (value.kind !== "string") {
    throw new ConfigError([diagnose(at, "include must be a string")]);
  }
  const file = await readConfig(value.value, world, "transient");
  const configured = await withWarnings(
    overlaid(file.root, root),
    file.warnings,
    world,
  );
  configured.options.configFile = value.value;
  configured.options.configDigest = await digestOf(file.root, world);
  return configured;
}

function treeOf(config: ServerConfig): ConfigMap {
  // Types do not hold in JavaScript, where a file's name is an obvious thing to try.
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new InvalidArgumentError(
      'The options are an object; { include: "server.conf" } reads a file',
    );
  }
  const { root } = parseObject(config, NAME);
  askForAnyPort(root, SERVER_BLOCK);
  return root;
}

function takeInclude(root: ConfigMap): ConfigEntry | undefined {
  const include = root.entries.get("include");
  root.entries.delete("include");
  return include;
}

async function withWarnings(
  root: ConfigMap,
  earlier: readonly ConfigDiagnostic[],
  world: ConfigWorld,
): Promise<ConfiguredOptions> {
  const { options, warnings } = await optionsInTurns(root, world);
  if (world.isUnwarned) return { options, warnings };
  const idle = [...root.entries.values()]
    .filter(({ key }) => rowOf(key, SERVER_BLOCK)?.isForProcess)
    .map(({ key, at }) =>
      diagnose(
        at,
        `"${key}" has no effect: it is for a server that is a program`,
      )
    );
  return { options, warnings: [...earlier, ...warnings, ...idle] };
}

/** As in a file that begins with an `include`: what stands behind it replaces what it brought. */
function overlaid(below: ConfigMap, above: ConfigMap): ConfigMap {
  const replaced = new Set([...above.entries.keys()].map(lowerCase));
  const kept = [...below.entries]
    .filter(([key]) => !replaced.has(lowerCase(key)));
  // `port` counts against the port of a `listen` that comes before it.
  return { ...above, entries: new Map([...kept, ...above.entries]) };
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}

function rowOf(key: string, { keys }: BlockFacts): KeyFacts | undefined {
  return keys.find(({ names }) => names.includes(lowerCase(key)));
}

/** In a file, 0 asks for the default port, or for none, and -1 for any; in a program, 0 asks for any. */
function askForAnyPort({ entries }: ConfigMap, block: BlockFacts): void {
  for (const [key, entry] of entries) {
    const row = rowOf(key, block);
    const { value } = entry;
    if (value.kind !== "map") {
      entries.set(key, { ...entry, value: withAnyPort(value, row?.port) });
    } else if (row?.block !== undefined) {
      askForAnyPort(value, row.block);
    }
  }
}

function withAnyPort(value: ConfigValue, form: KeyFacts["port"]): ConfigValue {
  if (form === undefined) return value;
  if (value.kind === "integer" && value.value === 0) {
    return { ...value, value: -1 };
  }
  if (value.kind === "array" && form === "address") {
    const items = value.items.map((item) => withAnyPort(item, form));
    return { ...value, items };
  }
  const isAddress = value.kind === "string" && form === "address" &&
    !isUnixUrl(value.value);
  if (!isAddress) return value;
  return { ...value, value: value.value.replace(/:0+$/, ":-1") };
}
