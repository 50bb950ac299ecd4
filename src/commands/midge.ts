/**
 * Midge as one program: the first word chooses what it does, and without one
 * it is the server, with gnatsd's flags, so that it can stand in for
 * `nats-server`. Here a command line finds its command, and an error becomes an
 * exit code: 1 for a failure, 2 for a command line that was not
 * understood.
 */
import { InvalidArgumentError } from "../core/errors.ts";
import {
  ClosedConnectionError,
  InvalidSubjectError,
} from "../client/api/errors.ts";
import { FlagError, scanFlags } from "../config/flags/flags.ts";
import { HeaderError } from "../core/headers.ts";
import { exit, print, printError } from "../runtime/process/system.ts";
import {
  checkWords,
  type Command,
  findCommand,
  flagsOf,
  HELP_FLAG,
  unknownWord,
} from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandHelp, commandList, seeHelp } from "./help.ts";
import { runServer, SERVER } from "./server.ts";

/** The name of the program in its own texts. */
const MIDGE = "midge";

/** Runs the program that `args` name, to its end. */
export async function runMidge(args: readonly string[]): Promise<void> {
  const [word] = args;
  if (word !== undefined && !word.startsWith("-")) {
    return await runNamed(COMMANDS, MIDGE, args);
  }
  await runServer(args, {
    help: () => `${commandHelp(SERVER, MIDGE)}\n${commandList(COMMANDS)}`,
    hint: seeHelp(MIDGE),
  });
}

/** The first word names one of the commands. */
async function runNamed(
  commands: readonly Command[],
  path: string,
  [word = "", ...args]: readonly string[],
): Promise<void> {
  const command = findCommand(commands, word);
  if (command === undefined) {
    const names = commands.map(({ name }) => name);
    const why = unknownWord("command", word, names);
    return refuse(path, new FlagError(why));
  }
  const ownPath = `${path} ${command.name}`;
  const isNamed = args[0] !== undefined && !args[0].startsWith("-");
  if (command.commands !== undefined && isNamed) {
    return await runNamed(command.commands, ownPath, args);
  }
  await runCommand(command, ownPath, args);
}

async function runCommand(
  command: Command,
  path: string,
  args: readonly string[],
): Promise<void> {
  try {
    if (asksForHelp(command, args)) {
      print(commandHelp(command, path));
      exit(0);
    }
    const code = await command.run(args);
    if (code !== undefined) exit(code);
  } catch (error) {
    if (isMistake(error)) refuse(path, error, command);
    fail(path, error);
  }
}

/** Checks the command line on the way. Throws FlagError. */
function asksForHelp(command: Command, args: readonly string[]): boolean {
  if (command.readsItself === true) return false;
  const { given, rest } = scanFlags(flagsOf(command), args, "anywhere");
  if (given.get(HELP_FLAG) === true) return true;
  checkWords(command, rest);
  return false;
}

/** Whether the error is a mistake in the command line. */
export function isMistake(error: unknown): error is Error {
  return error instanceof FlagError || error instanceof InvalidSubjectError ||
    error instanceof InvalidArgumentError || error instanceof HeaderError;
}

function refuse(path: string, { message }: Error, command?: Command): never {
  printError(`${path}: ${message}\n`);
  const isFlag = message.startsWith("flag provided but not defined");
  if (isFlag && command?.words.some(({ kind }) => kind === "text")) {
    printError('A text that begins with a dash goes behind "--"\n');
  }
  printError(`${path === MIDGE ? 'See "midge help"' : seeHelp(path)}\n`);
  return exit(2);
}

function fail(path: string, error: unknown): never {
  printError(`${path}: ${reasonOf(error)}\n`);
  return exit(1);
}

/** Why a connection was closed says more than that it is closed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isClosed = error instanceof ClosedConnectionError;
  return isClosed && error.cause instanceof Error
    ? error.cause.message
    : error.message;
}
