/**
 * The broker. As a module: `startServer(config)`. As a program, with the flags
 * of gnatsd and nats-server:
 *
 *     deno run -A server.ts -p 4222 -m 8222
 *     bun server.ts -c nodea.cfg
 *
 * @module
 */
import { optionsOf, type ServerConfig } from "./src/app/config.ts";
import { runServer } from "./src/app/program.ts";
import { Server } from "./src/app/server.ts";
import { type Logger, silentLogger } from "./src/core/log.ts";
import { platform } from "./src/runtime/mod.ts";
import { isMain, programArguments } from "./src/runtime/system.ts";

export type {
  AuthorizationConfig,
  ClusterConfig,
  DiscoveryConfig,
  RegistryConfig,
  ServerConfig,
} from "./src/app/config.ts";
export type { InProcessOptions } from "./src/app/in_process.ts";
export type { Logger } from "./src/core/log.ts";
export { Server } from "./src/app/server.ts";

/**
 * Starts a broker in this process and resolves when clients can connect. The
 * options have the names of the configuration file; port 0 asks for any free
 * one. Nothing is logged unless `log` is given, no signal is handled, and
 * nothing but `stop()` ends it.
 *
 * Rejects with a `ConfigError` for options that make no sense, and with a
 * `NetworkError` when a port cannot be opened.
 *
 * ```ts
 * await using server = await startServer({ port: 0 });
 * console.log(server.url);
 * ```
 */
export async function startServer(
  config: ServerConfig = {},
  log: Logger = silentLogger,
): Promise<Server> {
  return await Server.start(optionsOf(config), { ...platform, log });
}

if (isMain(import.meta)) await runServer(programArguments());
