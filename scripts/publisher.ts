/** The article's publisher; `client.ts` runs the same program. */
import { runPublisher } from "../src/commands/publisher.ts";
import { programArguments } from "../src/runtime/process/system.ts";

await runPublisher(programArguments());
