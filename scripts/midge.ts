/** Everything that Midge does as a program, by sub-commands: `midge server`. */
import { runMidge } from "../src/commands/midge.ts";
import { programArguments } from "../src/runtime/process/system.ts";

// Not awaited: Node's single executables take no module that waits at its top.
void runMidge(programArguments());
