/**
 * What the article's two programs, the publisher and the worker, have in
 * common: flags, log lines as Go's `log` package writes them, and what they
 * print when something happens to their connection.
 */
import type {
  ConnectOptions,
  NatsConnection,
  Status,
} from "../faces/client.ts";
import {
  describeFlags,
  FlagError,
  type FlagTable,
  type FlagValues,
  parseFlags,
} from "../config/flags.ts";
import { quoted } from "../core/quote.ts";
import { exit, print, printError } from "../runtime/system.ts";

/** Where and as whom to connect; both programs take these. */
export const CONNECTION_FLAGS = {
  servers: {
    names: ["s"],
    type: "string",
    value: "url,url",
    doc: "Servers to connect to, in this order",
  },
  user: { names: ["user"], type: "string", value: "name", doc: "User" },
  pass: { names: ["pass"], type: "string", value: "password", doc: "Password" },
  token: { names: ["token"], type: "string", value: "token", doc: "Token" },
  discover: {
    names: ["discover"],
    type: "string",
    value: "url,url",
    doc: "Where to ask for servers that live, when none of those known does",
  },
  help: { names: ["h", "help"], type: "boolean", doc: "Show this text" },
} as const;

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

/** The options that `CONNECTION_FLAGS` stand for. */
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
      { discovery: discover, onStatus: discoveryReporter() }),
  };
}

/**
 * Says that nobody answers and why a source does not, once each time: with
 * discovery a program waits for a server, and would do so without a word.
 */
function discoveryReporter(): (status: Status) => void {
  const failing = new Set<string>();
  return (status) => {
    if (status.type === "waitingForDiscovery") {
      logLine("No server answers; looking for others until one does");
    }
    if (status.type !== "discovery") return;
    const { provider, error } = status;
    if (error === undefined) failing.delete(provider);
    else if (!failing.has(provider)) {
      failing.add(provider);
      logLine("discovery:", error.message);
    }
  };
}

/** A line as Go's `log.Println` writes it: time, then the words with blanks between them. */
export function logLine(...words: readonly string[]): void {
  const now = new Date();
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two);
  printError(`${date.join("/")} ${time.join(":")} ${words.join(" ")}\n`);
}

/** What every failure of a program ends in. */
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
