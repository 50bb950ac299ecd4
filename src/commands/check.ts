/**
 * Checks configuration files and prints each as JSON: what `cfgparse.ts` does
 * as a program.
 */
import { ConfigError, formatDiagnostic } from "../config/diagnostic.ts";
import { describeFlags, FlagError, parseFlags } from "../config/flags.ts";
import { optionsFrom } from "../config/server_options.ts";
import { toPlain } from "../config/tree.ts";
import { loadConfig } from "../faces/cfgparse.ts";
import { exit, print, printError } from "../runtime/system.ts";

const FLAGS = {
  help: { names: ["h", "help"], type: "boolean", doc: "Show this text" },
} as const;

const USAGE = `
Usage: cfgparse [options] <file>...

Checks configuration files and prints each as JSON, without its passwords
and tokens. Files that end in .toml are TOML.

${describeFlags(Object.values(FLAGS))}`;

/** Runs the program to its end. */
export async function runCheck(args: readonly string[]): Promise<never> {
  exit(await checkFiles(args));
}

async function checkFiles(args: readonly string[]): Promise<number> {
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
