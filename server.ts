/**
 * The broker. As a module: `startServer(config)`. As a program, with the flags
 * of gnatsd and nats-server:
 *
 *     deno run -A server.ts -p 4222 -m 8222
 *     bun server.ts -c nodea.cfg
 *
 * @module
 */
import { runServer } from "./src/commands/server.ts";
import { isMain, programArguments } from "./src/runtime/process/system.ts";

export * from "./src/faces/server.ts";

if (isMain(import.meta)) await runServer(programArguments());
