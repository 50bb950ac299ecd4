/**
 * What the client commands have in common: they connect, report on standard
 * error what happens to the connection, and finish their work when a signal asks
 * them to end.
 */
import {
  connect,
  type ConnectOptions,
  headers,
  type MsgHdrs,
  type NatsConnection,
  TimeoutError,
} from "../faces/client.ts";
import { formatDuration } from "../core/duration.ts";
import { FlagError, type FlagOf } from "../config/flags/flags.ts";
import { deferred } from "../core/deferred.ts";
import { platform } from "../runtime/mod.ts";
import { onSignal, printError } from "../runtime/process/system.ts";
import { readStandardInput } from "../runtime/process/standard_input.ts";
import { isTerminal } from "../runtime/process/terminal.ts";
import { clientConnectOptions, type ClientFlags } from "./connection_flags.ts";

/** The largest `max_payload` that a server can have, so the most to read for one message. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024;

/** A flag of the commands that send something. */
export const HEADER_FLAG: FlagOf<"list"> = {
  names: ["H", "header"],
  type: "list",
  value: "'name: value'",
  doc: "A header to send; may be given more than once",
};

/** Prints remarks, which are not data, on standard error, unless `-quiet` was given. */
export type Say = (text: string) => void;

export function sayer({ quiet }: ClientFlags): Say {
  return quiet === true ? () => {} : (text) => printError(`${text}\n`);
}

/** Connects as the flags say, by default under the name of the command. */
function openConnection(
  command: string,
  flags: ClientFlags,
  options: ConnectOptions,
): Promise<NatsConnection> {
  return connect({
    name: `midge ${command}`,
    ...options,
    ...clientConnectOptions(flags, sayer(flags)),
  });
}

/** Connects for one task: a lost connection is not made again. */
export function connectProgram(
  command: string,
  flags: ClientFlags,
): Promise<NatsConnection> {
  return openConnection(command, flags, { reconnect: false });
}

/** Connects for good: a lost connection is tried again without a limit. */
export async function connectForGood(
  command: string,
  flags: ClientFlags,
): Promise<NatsConnection> {
  const connection = await openConnection(command, flags, {
    maxReconnectAttempts: -1,
  });
  tellOutages(connection, sayer(flags));
  return connection;
}

async function tellOutages(
  connection: NatsConnection,
  say: Say,
): Promise<void> {
  for await (const event of connection.status()) {
    if (event.type === "disconnect") say(`Lost ${event.server}`);
    if (event.type === "reconnect") say(`Connected to ${event.server}`);
  }
}

/** The first error of the server, such as a refused subject; resolves when the connection is closed at the latest. */
export async function firstError(
  connection: NatsConnection,
): Promise<Error | undefined> {
  for await (const event of connection.status()) {
    if (event.type === "error") return event.error;
  }
  return undefined;
}

/** Resolves when the server has all that was published; rejects after `waitMs`. */
export async function flushWithin(
  connection: NatsConnection,
  waitMs: number,
): Promise<void> {
  const late = deferred<never>();
  const timer = platform.clock.after(waitMs, () => {
    const server = connection.getServer();
    const wait = formatDuration(waitMs);
    late.reject(
      new TimeoutError(`${server} did not take all within ${wait}`),
    );
  });
  try {
    await Promise.race([connection.flush(), late.promise]);
  } finally {
    timer.cancel();
  }
}

/** The first INT or TERM finishes what has arrived; the second ends at once. */
export function onAskedToEnd(
  connection: NatsConnection,
  finish: () => Promise<void>,
): void {
  let asked = false;
  const end = (): void => {
    // Without a connection there is nothing to finish.
    if (asked || connection.getServer() === "") connection.close();
    else finish().catch(() => connection.close());
    asked = true;
  };
  onSignal("SIGINT", end);
  onSignal("SIGTERM", end);
}

/**
 * The payload: the word of the command line, or all of standard input when the
 * word is `-`, or when there is none and standard input is a pipe or a file.
 */
export async function payloadOf(
  word: string | undefined,
): Promise<string | Uint8Array> {
  const isPiped = word === undefined && !isTerminal("stdin");
  if (word !== "-" && !isPiped) return word ?? "";
  return await readStandardInput(INPUT_BYTES_MAX);
}

/** The headers that `-header` flags give. Throws FlagError. */
export function headersFrom(
  lines: readonly string[] | undefined,
): MsgHdrs | undefined {
  if (lines === undefined) return undefined;
  const all = headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) {
      throw new FlagError(
        `invalid value ${JSON.stringify(line)} for flag -header: ` +
          'it must be like "name: value"',
      );
    }
    all.append(line.slice(0, colon).trim(), line.slice(colon + 1));
  }
  return all;
}

/** The value of a flag that is a number of things. Throws FlagError when it is below `least`. */
export function checkedCount<Count extends number | undefined>(
  flag: string,
  count: Count,
  least: number = 1,
): Count {
  if (count === undefined || count >= least) return count;
  throw new FlagError(
    `invalid value "${count}" for flag -${flag}: it must be ${least} or more`,
  );
}
