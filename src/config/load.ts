/**
 * Configuration files by name: `.toml` files as TOML, all others in
 * nats-server's dialect. Both end as the same tree and the same options.
 */
import { ConfigError, Source } from "./dialect/diagnostic.ts";
import { digestedText } from "./dialect/digest.ts";
import { finishInTurns, finishSteps, type Steps } from "../core/steps.ts";
import type { ConfigMap } from "./dialect/tree.ts";
import { type ParsedConfig, parseInSteps } from "./dialect/parser.ts";
import type { ConfigWorld } from "./dialect/world.ts";
import {
  type ConfiguredOptions,
  optionsInSteps,
} from "./keys/server_options.ts";
import { parseToml } from "./dialect/toml.ts";

/**
 * The tree of a file; a `transient` one is read once, for its options. Rejects
 * with ConfigError, for a file that is not there too.
 */
export async function readConfig(
  path: string,
  world: ConfigWorld,
  tree: "lasting" | "transient" = "lasting",
): Promise<ParsedConfig> {
  const source = new Source(path, readText(path, world));
  if (isToml(path)) return await parseToml(source);
  return await inTurns(parseInSteps(source, world, tree), world);
}

/** The options that a file states. Rejects with ConfigError. */
export async function readServerOptions(
  path: string,
  world: ConfigWorld,
): Promise<ConfiguredOptions> {
  const { root, warnings } = await readConfig(path, world, "transient");
  await world.pause?.();
  const configured = await optionsInTurns(root, world);
  configured.options.configFile = path;
  await world.pause?.();
  configured.options.configDigest = await digestOf(root, world);
  await world.pause?.();
  return {
    options: configured.options,
    warnings: [...warnings, ...configured.warnings],
  };
}

/** The options that a tree states. Rejects with ConfigError. */
export function optionsInTurns(
  root: ConfigMap,
  world: ConfigWorld,
): Promise<ConfiguredOptions> {
  return inTurns(optionsInSteps(root, world), world);
}

/** `sha256:` and what it is, the same for files that say the same. */
export async function digestOf(
  root: ConfigMap,
  world: ConfigWorld,
): Promise<string> {
  if (world.sha256 === undefined) return "";
  const text = await inTurns(digestedText(root), world);
  return `sha256:${world.sha256(text)}`;
}

async function inTurns<T>(work: Steps<T>, { pause }: ConfigWorld): Promise<T> {
  return pause === undefined
    ? finishSteps(work)
    : await finishInTurns(work, pause);
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
