/**
 * The broker in this process: `startServer(config)`.
 *
 * @module
 */
import { optionsOf, type ServerConfig } from "../app/config.ts";
import { Server } from "../app/server.ts";
import { type Logger, silentLogger } from "../core/log.ts";
import { platform } from "../runtime/mod.ts";

export type {
  AuthorizationConfig,
  ClusterConfig,
  DiscoveryConfig,
  RegistryConfig,
  ServerConfig,
} from "../app/config.ts";
export type { InProcessOptions } from "../app/in_process.ts";
export type { Logger } from "../core/log.ts";
export { Server } from "../app/server.ts";

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
