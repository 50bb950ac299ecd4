/** What the commands that connect to a server as a client have in common. */
import type { FlagTable, FlagValues } from "../config/flags/flags.ts";
import { type Command, flagGroup, taking } from "./command.ts";
import { CLIENT_ENVIRONMENT, CLIENT_FLAGS } from "./connection_flags.ts";

/** What a command says of itself, besides its flags. */
export type CommandTexts = Pick<
  Command,
  "name" | "summary" | "about" | "words" | "examples" | "exits"
>;

/** The values of a command's own flags, and of those that all clients have. */
export type ClientValues<Table extends FlagTable> = FlagValues<
  Table & typeof CLIENT_FLAGS
>;

/** A command with the flags of `table` and those of every client. */
export function clientCommand<const Table extends FlagTable>(
  texts: CommandTexts,
  table: Table,
  run: (
    flags: ClientValues<Table>,
    words: readonly string[],
  ) => Promise<number | void>,
): Command {
  return {
    ...texts,
    flags: [
      flagGroup("Flags", table),
      flagGroup("Common flags", CLIENT_FLAGS),
    ],
    environment: CLIENT_ENVIRONMENT,
    run: taking({ ...table, ...CLIENT_FLAGS }, run),
  };
}
