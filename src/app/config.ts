/**
 * Options of a server that is started by a program: an object with the names
 * of the configuration file, and with `include` a file below it. Both go
 * through the same tables as a file does, so they are checked as strictly and
 * their errors name the place just as well.
 */
import { InvalidArgumentError } from "../core/errors.ts";
import {
  type ConfigDiagnostic,
  ConfigError,
  diagnose,
} from "../config/dialect/diagnostic.ts";
import { readConfig } from "../config/load.ts";
import { parseObject } from "../config/dialect/object.ts";
import type { ServerOptions } from "../options/options.ts";
import type { ConfigWorld } from "../config/dialect/parser.ts";
import {
  type ConfiguredOptions,
  optionsFrom,
} from "../config/keys/server_options.ts";
import type { ConfigEntry, ConfigMap } from "../config/dialect/tree.ts";
import type { ServerConfig } from "./config_types.ts";

export type {
  AuthorizationConfig,
  ClusterConfig,
  DiscoveryConfig,
  RegistryConfig,
  ServerConfig,
  UserConfig,
} from "./config_types.ts";

/** What errors call an object. */
const NAME = "options";

/** Keys for `midge server`, which owns its process: somebody else's has a log of its own. */
export const PROGRAM_KEYS: readonly string[] = [
  "logtime",
  "logtime_utc",
  "log_file",
  "logfile",
  "log_size_limit",
  "logfile_size_limit",
  "log_max_num",
  "logfile_max_num",
  "pid_file",
  "pidfile",
  "ports_file_dir",
];

/** The options that `config` states by itself. Throws `ConfigError` with all that is wrong with it. */
export function optionsOf(config: ServerConfig): ServerOptions {
  const root = treeOf(config);
  const include = takeInclude(root);
  if (include === undefined) return optionsFrom(root).options;
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
  if (include === undefined) return withWarnings(root, []);
  const { value, at } = include;
  if (value.kind !== "string") {
    throw new ConfigError([diagnose(at, "include must be a string")]);
  }
  const file = await readConfig(value.value, world);
  const configured = withWarnings(overlaid(file.root, root), file.warnings);
  configured.options.configFile = value.value;
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
  askForAnyPort(root);
  return root;
}

function takeInclude(root: ConfigMap): ConfigEntry | undefined {
  const include = root.entries.get("include");
  root.entries.delete("include");
  return include;
}

function withWarnings(
  root: ConfigMap,
  earlier: readonly ConfigDiagnostic[],
): ConfiguredOptions {
  const { options, warnings } = optionsFrom(root);
  const idle = [...root.entries.values()]
    .filter(({ key }) => PROGRAM_KEYS.includes(key.toLowerCase()))
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

const PORT_KEYS: readonly string[] = ["port", "http_port", "monitor_port"];
const ADDRESS_KEYS: readonly string[] = ["listen", "http"];

/** In a file, 0 asks for the default port, or for none, and -1 for any; in a program, 0 asks for any. */
function askForAnyPort({ entries }: ConfigMap): void {
  for (const [key, entry] of entries) {
    const { value } = entry;
    const mayBeAddress = ADDRESS_KEYS.includes(lowerCase(key));
    const mayBePort = mayBeAddress || PORT_KEYS.includes(lowerCase(key));
    if (value.kind === "map") {
      askForAnyPort(value);
    } else if (value.kind === "integer" && value.value === 0 && mayBePort) {
      entries.set(key, { ...entry, value: { ...value, value: -1 } });
    } else if (value.kind === "string" && mayBeAddress) {
      const text = value.value.replace(/:0+$/, ":-1");
      entries.set(key, { ...entry, value: { ...value, value: text } });
    }
  }
}
