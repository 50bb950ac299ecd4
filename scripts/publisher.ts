/** The article's publisher, which `client.ts` is, too. */
import { runPublisher } from "../src/commands/publisher.ts";
import { programArguments } from "../src/runtime/process/system.ts";

await runPublisher(programArguments());
