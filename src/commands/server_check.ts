/**
 * `-t`: is a file valid, and may a server that runs with it take another one
 * over? A warning is no error.
 */
import { reloadProblem } from "../app/reload.ts";
import { exit, printError } from "../runtime/process/system.ts";
import type { OptionsSource } from "./server_config.ts";
import {
  failToConfigure,
  optionsOrFail,
  readOptions,
} from "./server_config.ts";

/** Exit code of a file that needs a restart. */
const NEEDS_RESTART = 3;

export interface CheckWish extends OptionsSource {
  /** The file to reload; empty: none. */
  readonly reloadFile: string;
}

export async function checkServer(
  { configFile, flags, reloadFile }: CheckWish,
): Promise<void> {
  const options = await optionsOrFail({ configFile, flags });
  printError(
    `midge: configuration file ${configFile} is valid (${options.configDigest})\n`,
  );
  if (reloadFile === "") return;
  try {
    const next = await readOptions({ configFile: reloadFile, flags });
    const problem = reloadProblem(options, next.options);
    if (problem !== undefined) {
      printError(`midge: ${problem}\n`);
      return exit(NEEDS_RESTART);
    }
  } catch (error) {
    return failToConfigure(error);
  }
  printError(`midge: configuration file ${reloadFile} can be reloaded\n`);
}
