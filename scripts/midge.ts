/** All programs of Midge in one, with sub-commands such as `midge server`. */
import { runMidge } from "../src/commands/midge.ts";
import { programArguments } from "../src/runtime/process/system.ts";

// Not awaited: Node's single executables allow no top-level await.
void runMidge(programArguments());
