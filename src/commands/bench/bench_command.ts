/** What the commands of `midge bench` that run a load have in common. */
import type { FlagTable, FlagValues } from "../../config/flags/flags.ts";
import { type Command, flagGroup, taking } from "../command.ts";
import { CLIENT_ENVIRONMENT, CLIENT_FLAGS } from "../connection_flags.ts";
import { RUN_FLAGS } from "./flags.ts";
import { type BenchPlan, runPlan } from "./run.ts";

/** What the command line of such a command has given. */
type BenchFlags<Table extends FlagTable> = FlagValues<
  Table & typeof RUN_FLAGS & typeof CLIENT_FLAGS
>;

/**
 * A command that runs what `planOf` makes of its command line. Besides the flags
 * of `table` it has those of every run and of every client.
 */
export function benchCommand<const Table extends FlagTable>(
  texts: Pick<
    Command,
    "name" | "summary" | "about" | "words" | "examples" | "exits"
  >,
  table: Table,
  planOf: (flags: BenchFlags<Table>, words: readonly string[]) => BenchPlan,
): Command {
  const own = { ...table, ...RUN_FLAGS };
  return {
    ...texts,
    flags: [
      flagGroup("Flags", own),
      flagGroup("Common flags", CLIENT_FLAGS),
    ],
    environment: CLIENT_ENVIRONMENT,
    run: taking(
      { ...own, ...CLIENT_FLAGS },
      (flags, words) => runPlan(planOf(flags, words)),
    ),
  };
}
