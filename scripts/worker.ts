/** The article's worker. `src/commands/worker.ts` is what it does. */
import { runWorker } from "../src/commands/worker.ts";
import { programArguments } from "../src/runtime/process/system.ts";

await runWorker(programArguments());
