/**
 * The server as a program: command line and configuration file in, a running
 * server out, signals while it runs, an exit code at the end. Mistakes in flags and
 * files are reported before any port or log file is opened.
 */
import {
  parseServerArguments,
  SECRET_NOTE,
  SERVER_FLAG_GROUPS,
  serverUsage,
  TLS_HELP,
} from "../config/argv.ts";
import type { ServerOptions } from "../options/options.ts";
import type { Logger } from "../core/log.ts";
import { MidgeError } from "../core/errors.ts";
import { StoreError } from "../jetstream/store/stream_store.ts";
import { NetworkError } from "../platform/socket.ts";
import { StorageError } from "../platform/storage.ts";
import { platform } from "../runtime/mod.ts";
import { collectGarbage, keepRoomForNew } from "../runtime/process/garbage.ts";
import {
  exit,
  onSignal,
  print,
  printError,
} from "../runtime/process/system.ts";
import type { Command } from "./command.ts";
import { commandHelp, seeHelp } from "./help.ts";
import { type LogOutput, openLog } from "./log_output.ts";
import { ProcessFiles } from "./process_files.ts";
import { signalServer } from "./send_signal.ts";
import { checkServer } from "./server_check.ts";
import {
  fail,
  mistakes,
  optionsOrFail,
  type OptionsSource,
  problemText,
  readOptions,
} from "./server_config.ts";
import { versionLine } from "./version.ts";
import type { ReloadPlatform } from "../app/parts.ts";
import { Server } from "../app/server.ts";

/** `midge server` */
export const SERVER: Command = {
  name: "server",
  summary: "Run the broker",
  about: "Runs the broker, with the flags of gnatsd and nats-server.\n\n" +
    "Flags take one dash or two, and their value after a space or an =. Booleans\n" +
    "stand alone, or as in -T=false. Flags override the configuration file.\n\n" +
    SECRET_NOTE,
  words: [],
  flags: SERVER_FLAG_GROUPS,
  examples: [
    {
      line: "midge server -p 4222 -m 8222",
      doc: "Clients on 4222, monitoring on http://localhost:8222",
    },
    { line: "midge server -c nodea.cfg", doc: "All settings from a file" },
    { line: "midge server -t -c nodea.cfg", doc: "Is that file valid?" },
    {
      line: "midge server -sl ldm=/run/midge.pid",
      doc: "Have a running server move its clients elsewhere, and end",
    },
  ],
  exits: {
    done: "A signal ended it, or it did what its flags asked for",
    failed: "It cannot start, or the configuration is not valid",
  },
  readsItself: true,
  run: (args) =>
    runServer(args, {
      help: () => commandHelp(SERVER, "midge server"),
      hint: seeHelp("midge server"),
    }),
};

/** The help of the program that runs the server, in place of nats-server's. */
export interface ServerTexts {
  /** For `-h`. */
  help(): string;
  /** For standard error, after a mistake in the command line. */
  readonly hint: string;
}

/**
 * Runs the server that `args` describe; ends the process when it is done or
 * cannot be. Without `texts` help and mistakes look as nats-server's do.
 */
export async function runServer(
  args: readonly string[],
  texts?: ServerTexts,
): Promise<void> {
  const command = parseServerArguments(args);
  switch (command.do) {
    case "help":
      return print(texts?.help() ?? serverUsage());
    case "helpTls":
      return print(TLS_HELP);
    case "version":
      return print(versionLine());
    case "refuse":
      printError(`${command.message}\n`);
      if (texts !== undefined) printError(`${texts.hint}\n`);
      else if (command.showUsage) print(serverUsage());
      return exit(command.exitCode);
    case "signal":
      return attemptOrFail(() => signalServer(command.command, command.target));
    case "check":
      return await checkServer(command);
    case "run":
      return await run(
        await optionsOrFail(command),
        command.configFile === "" ? undefined : command,
      );
  }
}

/** Accounts and users behind which the start leaves much behind. */
const MANY_USERS = 1000;

function hasManyUsers({ accounts, authorization }: ServerOptions): boolean {
  const users = authorization?.users ?? [];
  return accounts.length + users.length >= MANY_USERS;
}

function attemptOrFail(work: () => void): void {
  try {
    work();
  } catch (error) {
    fail(error);
  }
}

/** `source`: what a reload reads again; undefined where there is no file. */
async function run(
  options: ServerOptions,
  source: OptionsSource | undefined,
): Promise<void> {
  const log = openLogOrFail(options);
  const files: { written?: ProcessFiles } = {};
  const starting = startOrFail(options, log, {
    rereadOptions: source &&
      (async () => (await readOptions(source, "reload")).options),
    follow: (next, before) => {
      files.written?.move(next, before, log.logger);
      followLog(log, next);
    },
  });
  const leave = async (): Promise<void> => {
    const server = await starting;
    log.logger.notice("Initiating Shutdown...");
    await server.stop();
    files.written?.removePortsFile();
    log.logger.notice("Server Exiting..");
    log.flush();
    exit(0);
  };
  handleSignals(starting, log, leave);
  const server = await starting;
  files.written = new ProcessFiles(server);
  try {
    files.written.write(options);
  } catch (error) {
    die(log, `Could not write pid or ports file: ${problemText(error)}`);
  }
  if (hasManyUsers(options)) collectGarbage();
  keepRoomForNew();
}

function followLog(log: LogOutput, options: ServerOptions): void {
  try {
    log.reconfigure(options);
  } catch (error) {
    log.logger.error(`Unable to open the log: ${problemText(error)}`);
  }
}

function openLogOrFail(options: ServerOptions): LogOutput {
  try {
    return openLog(options);
  } catch (error) {
    return fail(error);
  }
}

async function startOrFail(
  options: ServerOptions,
  log: LogOutput,
  reload: ReloadPlatform,
): Promise<Server> {
  try {
    return await Server.start(options, {
      ...platform,
      ...reload,
      log: log.logger,
    });
  } catch (error) {
    const problem = startProblem(error);
    if (problem === undefined) throw error;
    return die(log, problem);
  }
}

/** Why the server cannot start; undefined for an error that nobody expected, whose stack is wanted. */
function startProblem(error: unknown): string | undefined {
  if (error instanceof NetworkError) {
    return `Error listening on port: ${error.message}`;
  }
  if (error instanceof StoreError || error instanceof StorageError) {
    return `Can't start JetStream: ${error.message}`;
  }
  return error instanceof MidgeError ? error.message : undefined;
}

/** The last line of the log, exit code 1. */
function die(log: LogOutput, problem: string): never {
  log.logger.fatal(problem);
  log.flush();
  return exit(1);
}

/** SIGHUP. What is wrong stands in the log, a line for each mistake in a file. */
async function reload(
  starting: Promise<Server>,
  log: Logger,
): Promise<void> {
  let isUp = false;
  starting.then(() => isUp = true);
  await Promise.resolve();
  if (!isUp) {
    log.notice(
      "Server is still starting, config reload will run once startup completes",
    );
  }
  try {
    await (await starting).reload();
  } catch (error) {
    for (const text of mistakes(error)) {
      log.error(`Failed to reload server configuration: ${text}`);
    }
  }
}

/**
 * What each signal does; `-sl` has their names on the command line. Handlers
 * are in place before the server says that it is ready, because the next thing
 * may be a signal.
 */
function handleSignals(
  starting: Promise<Server>,
  log: LogOutput,
  leave: () => Promise<void>,
): void {
  const trapped = (name: string): void =>
    log.logger.debug(`Trapped "${name}" signal`);
  onSignal("SIGINT", () => {
    trapped("interrupt");
    leave();
  });
  onSignal("SIGTERM", async () => {
    trapped("terminated");
    // A server that is letting its clients go finishes that first.
    const server = await starting;
    if (!server.leaving) await leave();
  });
  onSignal("SIGHUP", () => {
    log.logger.notice('Trapped "hangup" signal');
    reload(starting, log.logger);
  });
  onSignal("SIGUSR1", () => {
    trapped("user defined signal 1");
    log.reopen();
  });
  onSignal("SIGUSR2", async () => {
    trapped("user defined signal 2");
    const server = await starting;
    if (server.leaving) return;
    await server.enterLameDuck();
    await leave();
  });
}
