/**
 * The configuration dialect on its own. As a module: `parseConfig`,
 * `loadConfig` and `loadOptions`. As a program it checks files and prints them
 * as JSON: `deno run -A cfgparse.ts nodea.cfg`.
 *
 * @module
 */
import { runCheck } from "./src/commands/check.ts";
import { isMain, programArguments } from "./src/runtime/process/system.ts";

export * from "./src/faces/cfgparse.ts";

if (isMain(import.meta)) await runCheck(programArguments());
