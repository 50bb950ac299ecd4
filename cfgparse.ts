/**
 * The configuration dialect on its own: `parseConfig` reads a text,
 * `loadConfig` a file, `loadOptions` a file into the options of a server.
 * Run as a program it checks files and prints them as JSON:
 * `deno run -A cfgparse.ts nodea.cfg`, `bun cfgparse.ts nodea.cfg`,
 * `node cfgparse.ts nodea.cfg`.
 */
import {
  ConfigError,
  formatDiagnostic,
  Source,
} from "./src/config/diagnostic.ts";
import { describeFlags, FlagError, parseFlags } from "./src/config/flags.ts";
import { readConfig, readServerOptions } from "./src/config/load.ts";
import {
  type ConfigWorld,
  type ParsedConfig,
  parseSource,
} from "./src/config/parser.ts";
import {
  type ConfiguredOptions,
  optionsFrom,
} from "./src/config/server_options.ts";
import { toPlain } from "./src/config/tree.ts";
import {
  environment,
  exit,
  isMain,
  print,
  printError,
  programArguments,
  readTextFile,
} from "./src/runtime/system.ts";

export type { ConfigDiagnostic, Position } from "./src/config/diagnostic.ts";
export type { ServerOptions } from "./src/config/options.ts";
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
} from "./src/config/tree.ts";
export { ConfigError, formatDiagnostic, optionsFrom, toPlain };
export type { ConfiguredOptions, ConfigWorld, ParsedConfig };

/** Where a text comes from and what it may reach. */
export interface ParseConfigOptions extends Partial<ConfigWorld> {
  /** The name that errors give it; included files are looked for beside it. */
  readonly file?: string;
}

const world: ConfigWorld = { readFile: readTextFile, env: environment };

/**
 * Reads a configuration text into a tree in which every value knows its
 * position. Throws `ConfigError`, which lists all that is wrong.
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

/** Reads a file, `.toml` or in nats-server's dialect, into a tree. */
export function loadConfig(path: string): Promise<ParsedConfig> {
  return readConfig(path, world);
}

/** Reads a file into the options of a server. */
export function loadOptions(path: string): Promise<ConfiguredOptions> {
  return readServerOptions(path, world);
}

const FLAGS = {
  help: { names: ["h", "help"], type: "boolean", doc: "Show this text" },
} as const;

const USAGE = `
Usage: cfgparse [options] <file>...

Checks configuration files and prints each as JSON, without its passwords
and tokens. Files that end in .toml are TOML.

${describeFlags(Object.values(FLAGS))}`;

async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, rest: files } = parseFlags(FLAGS, args);
    if (values.help) print(USAGE);
    else if (files.length === 0) throw new FlagError("a file must be named");
    else for (const file of files) await check(file);
    return 0;
  } catch (error) {
    if (error instanceof FlagError) {
      printError(`cfgparse: ${error.message}\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof ConfigError)) throw error;
    printError(`${error.message}\n`);
    return 1;
  }
}

async function check(file: string): Promise<void> {
  const { root, warnings } = await loadConfig(file);
  const configured = optionsFrom(root);
  for (const warning of [...warnings, ...configured.warnings]) {
    printError(`warning: ${formatDiagnostic(warning)}\n`);
  }
  print(`${JSON.stringify(toPlain(root), undefined, 2)}\n`);
}

if (isMain(import.meta)) exit(await main(programArguments()));
