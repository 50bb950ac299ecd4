/** The article's worker; see `src/commands/worker.ts`. */
import { runWorker } from "../src/commands/worker.ts";
import { programArguments } from "../src/runtime/process/system.ts";

await runWorker(programArguments());
