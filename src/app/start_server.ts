/**
 * A server of this process on this process's machine: `startServer`. The only
 * file of `app` that names the machine: others are handed a platform.
 */
import { UnfailingLog } from "../core/unfailing_log.ts";
import type { ServerOptions } from "../options/options.ts";
import { EntryLogger, type LogFunction } from "../core/entry_log.ts";
import { type Logger, silentLogger } from "../core/log.ts";
import { platform } from "../runtime/mod.ts";
import { configWorld } from "../runtime/config_world.ts";
import { configuredBy, type ServerConfig } from "./config.ts";
import { Server } from "./server.ts";

/**
 * Starts a server in this process and resolves when clients can connect. The
 * options have the names of the configuration file; port 0 asks for any free
 * one, and `include` names a file whose keys hold unless they are given too.
 *
 * Nothing is logged unless `log` is given: a function that gets each line, or a
 * `Logger`. Of a function, the options `debug` and `trace` decide what it gets;
 * a `Logger` decides itself. Neither can do the server any harm by throwing.
 *
 * No signal is handled, nothing but `stop` or `lameDuck` ends the server, and
 * the process is never ended. Files are written, and variables of the
 * environment read, only where an option asks for it.
 *
 * Rejects with a `ConfigError` for options that make no sense, with a
 * `NetworkError` when a port cannot be opened, with a `DiscoveryError` for a URL
 * whose secret is missing, and with an `Error` that names the file where streams
 * cannot be kept, or are another process's. Then nothing is left running.
 *
 * ```ts
 * await using server = await startServer({ port: 0 });
 * console.log(server.url);
 * ```
 *
 * ```ts
 * await using server = await startServer(
 *   { include: "examples/article/nodea.cfg", port: 0, debug: true },
 *   ({ level, text }) => console.log(level, text),
 * );
 * ```
 */
export async function startServer(
  config: ServerConfig = {},
  log: Logger | LogFunction = silentLogger,
): Promise<Server> {
  const { options, warnings } = await configuredBy(config, configWorld);
  const given = loggerOf(log, options);
  const logger = new UnfailingLog(given);
  for (const { file, line, column, message } of warnings) {
    logger.warn(`${file}:${line}:${column}: ${message}`);
  }
  return await Server.start(options, {
    ...platform,
    log: logger,
    readOptions,
    rereadOptions: config.include === undefined
      ? undefined
      : () => readOptions(config),
    follow: (next) => {
      if (given instanceof EntryLogger) given.reconfigure(next);
    },
  });
}

/** The warnings of a reload are not told, as with nats-server. */
async function readOptions(config: ServerConfig): Promise<ServerOptions> {
  const world = { ...configWorld, isUnwarned: true };
  return (await configuredBy(config, world)).options;
}

function loggerOf(
  log: Logger | LogFunction,
  { debug, trace }: ServerOptions,
): Logger {
  if (typeof log !== "function") return log;
  return new EntryLogger(log, { debug, trace, now: platform.clock.now });
}
