/** Everything that Midge does as a program, by sub-commands: `midge server`. */
import { runMidge } from "../src/commands/midge.ts";
import { programArguments } from "../src/runtime/system.ts";

await runMidge(programArguments());
