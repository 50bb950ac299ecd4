/**
 * The client. As a module: `connect(options)`. As a program, the article's
 * publisher: `bun client.ts -subj abc`.
 *
 * @module
 */
import { runPublisher } from "./src/commands/publisher.ts";
import { isMain, programArguments } from "./src/runtime/process/system.ts";

export * from "./src/faces/client.ts";

if (isMain(import.meta)) await runPublisher(programArguments());
