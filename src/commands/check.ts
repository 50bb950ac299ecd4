/**
 * Checks configuration files and prints each as JSON: what `cfgparse.ts` does
 * as a program.
 */
import { ConfigError } from "../config/dialect/diagnostic.ts";
import { describeFlags, FlagError, parseFlags } from "../config/flags/flags.ts";
import { exit, print, printError } from "../runtime/process/system.ts";
import { HELP_FLAG } from "./command.ts";
import { checkedFile, printChecked } from "./config.ts";

const FLAGS = {
  help: HELP_FLAG,
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
    else for (const file of files) printChecked(await checkedFile(file), 2);
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
