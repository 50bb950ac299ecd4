/**
 * The options of the server as a program, from its file and its flags, and what
 * becomes of mistakes in them: they are told before anything is opened.
 */
import {
  type ConfigDiagnostic,
  ConfigError,
  formatDiagnostic,
} from "../config/dialect/diagnostic.ts";
import { applyFlags, type GivenFlags } from "../config/argv.ts";
import { applyTlsFlags } from "../config/tls_flags.ts";
import { FlagError } from "../config/flags/flags.ts";
import type { ConfiguredOptions } from "../config/keys/server_options.ts";
import { readServerOptions } from "../config/load.ts";
import { withSecrets } from "../config/secret_flags.ts";
import {
  defaultServerOptions,
  type ServerOptions,
} from "../options/options.ts";
import { configWorld } from "../runtime/config_world.ts";
import { exit, printError, temporaryPath } from "../runtime/process/system.ts";

/** Where a program keeps streams that nobody gave a place. */
const TEMPORARY_STORE = "midge/jetstream";

/** Where the options of a server come from. */
export interface OptionsSource {
  /** Empty: none. */
  readonly configFile: string;
  readonly flags: GivenFlags;
}

interface ProgramOptions extends ConfiguredOptions {
  /** Nobody gave the streams a place. */
  readonly isTemporary: boolean;
}

/** A reload tells no warnings, as with nats-server. */
export async function readOptions(
  { configFile, flags }: OptionsSource,
  reading: "start" | "reload" = "start",
): Promise<ProgramOptions> {
  const world = { ...configWorld, isUnwarned: reading === "reload" };
  const configured = configFile === ""
    ? { options: defaultServerOptions(), warnings: [] }
    : await readServerOptions(configFile, world);
  const { options } = configured;
  applyFlags(options, withSecrets(flags, configWorld));
  applyTlsFlags(options, flags, configWorld);
  // NATS JetStream: a program keeps streams in files, whether or not it is told where.
  const isTemporary = options.jetstream?.storeDir === "" &&
    options.storeDir === "";
  if (isTemporary) options.storeDir = temporaryPath(TEMPORARY_STORE);
  return { ...configured, isTemporary };
}

/** The same, with warnings on standard error; what is wrong ends the process. */
export async function optionsOrFail(
  source: OptionsSource,
): Promise<ServerOptions> {
  try {
    const { options, warnings, isTemporary } = await readOptions(source);
    printWarnings(warnings);
    if (isTemporary) {
      printError(
        `midge: streams are kept in "${options.storeDir}", which a restart of the machine may empty: -sd or store_dir names another folder\n`,
      );
    }
    return options;
  } catch (error) {
    return failToConfigure(error);
  }
}

function printWarnings(warnings: readonly ConfigDiagnostic[]): void {
  for (const warning of warnings) printError(`${formatDiagnostic(warning)}\n`);
}

/** Errors in a file name their place; other errors get the program's name in front. */
export function failToConfigure(error: unknown): never {
  if (error instanceof ConfigError && error.diagnostics.length > 0) {
    printError(`${error.message}\n`);
    return exit(1);
  }
  if (error instanceof ConfigError || error instanceof FlagError) fail(error);
  throw error;
}

/** `midge: what is wrong`, exit code 1. */
export function fail(error: unknown): never {
  printError(`midge: ${problemText(error)}\n`);
  return exit(1);
}

export function problemText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What is wrong, in a line for each mistake. */
export function mistakes(error: unknown): readonly string[] {
  const isPlaced = error instanceof ConfigError && error.diagnostics.length > 0;
  return isPlaced
    ? error.diagnostics.map(({ file, line, column, message }) =>
      `${file}:${line}:${column}: ${message}`
    )
    : [problemText(error)];
}
