/**
 * What the article's two programs, the publisher and the worker, have in
 * common: flags, log lines as Go's `log` package writes them, and what they
 * print when something happens to their connection.
 */
import type { ConnectOptions, NatsConnection } from "../faces/client.ts";
import {
  describeFlags,
  FlagError,
  type FlagTable,
  type FlagValues,
  parseFlags,
} from "../config/flags/flags.ts";
import { quoted } from "../core/quote.ts";
import { exit, print, printError } from "../runtime/process/system.ts";
import { wallTime } from "../runtime/process/timers.ts";
import {
  type CONNECTION_FLAGS,
  discoveryReporter,
} from "./connection_flags.ts";

/** Reads the command line; ends the program after `-h` and after a mistake. */
export function readFlags<const Table extends FlagTable>(
  program: string,
  table: Table,
  args: readonly string[],
): FlagValues<Table> {
  const usage = `Usage: ${program} [flags]\n\n` +
    describeFlags(Object.values(table));
  try {
    const { values, rest } = parseFlags(table, args);
    if (rest[0] !== undefined) {
      throw new FlagError(`unexpected argument: ${rest[0]}`);
    }
    if ("help" in values && values.help === true) {
      print(usage);
      exit(0);
    }
    return values;
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    printError(`${error.message}\n${usage}`);
    exit(2);
  }
}

/** The options that `CONNECTION_FLAGS` give. */
export function connectionOptions(
  flags: FlagValues<typeof CONNECTION_FLAGS>,
  servers: string,
): ConnectOptions {
  const { user, pass, token, discover } = flags;
  return {
    servers: flags.servers ?? servers,
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
    ...(token !== undefined && { token }),
    ...(discover !== undefined &&
      { discovery: discover, onStatus: discoveryReporter(logLine) }),
  };
}

/** A line as Go's `log.Println` writes it: time, then the words with blanks between them. */
export function logLine(...words: readonly string[]): void {
  const now = new Date(wallTime());
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two);
  printError(`${date.join("/")} ${time.join(":")} ${words.join(" ")}\n`);
}

/** The last line of a program that fails. */
export function logError(error: unknown): void {
  logLine("error:", error instanceof Error ? error.message : String(error));
}

/** Prints that the connection broke and that there is a new one, until it is closed. */
export async function printEvents(connection: NatsConnection): Promise<void> {
  for await (const event of connection.status()) {
    if (event.type === "disconnect") print("Got disconnected!\n");
    if (event.type === "reconnect") {
      print(`Got reconnected to nats://${event.server}!\n`);
    }
  }
}

/** Prints why the connection was closed. */
export function printClosed(reason: void | Error): void {
  print(`Connection closed. Reason: ${quoted(reason?.message ?? "")}\n`);
}
