/**
 * Configuration files by name: `.toml` files as TOML, all others in
 * nats-server's dialect. Both end as the same tree and the same options.
 */
import { ConfigError, Source } from "./dialect/diagnostic.ts";
import { digestedText } from "./dialect/digest.ts";
import type { ConfigMap } from "./dialect/tree.ts";
import {
  type ConfigWorld,
  type ParsedConfig,
  parseSource,
} from "./dialect/parser.ts";
import { type ConfiguredOptions, optionsFrom } from "./keys/server_options.ts";
import { parseToml } from "./dialect/toml.ts";

/** The tree of a file. Rejects with ConfigError, for a file that is not there too. */
export async function readConfig(
  path: string,
  world: ConfigWorld,
): Promise<ParsedConfig> {
  const source = new Source(path, readText(path, world));
  return isToml(path) ? await parseToml(source) : parseSource(source, world);
}

/** The options that a file states. Rejects with ConfigError. */
export async function readServerOptions(
  path: string,
  world: ConfigWorld,
): Promise<ConfiguredOptions> {
  const { root, warnings } = await readConfig(path, world);
  const configured = optionsFrom(root, world);
  configured.options.configFile = path;
  configured.options.configDigest = digestOf(root, world);
  return {
    options: configured.options,
    warnings: [...warnings, ...configured.warnings],
  };
}

/** `sha256:` and what it is, the same for files that say the same. */
export function digestOf(root: ConfigMap, world: ConfigWorld): string {
  const digest = world.sha256?.(digestedText(root));
  return digest === undefined ? "" : `sha256:${digest}`;
}

function isToml(path: string): boolean {
  return path.toLowerCase().endsWith(".toml");
}

function readText(path: string, world: ConfigWorld): string {
  try {
    return world.readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([], why, { cause });
  }
}
