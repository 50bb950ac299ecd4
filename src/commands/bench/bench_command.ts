/** What the commands of `midge bench` that run a load have in common. */
import type { FlagTable } from "../../config/flags/flags.ts";
import {
  clientCommand,
  type ClientValues,
  type CommandTexts,
} from "../client_command.ts";
import type { Command } from "../command.ts";
import { RUN_FLAGS } from "./flags.ts";
import { type BenchPlan, runPlan } from "./run.ts";

/**
 * A command that runs what `planOf` makes of its command line. It has the flags of
 * `table`, of every run and of every client.
 */
export function benchCommand<const Table extends FlagTable>(
  texts: CommandTexts,
  table: Table,
  planOf: (
    flags: ClientValues<Table & typeof RUN_FLAGS>,
    words: readonly string[],
  ) => BenchPlan,
): Command {
  return clientCommand(
    texts,
    { ...table, ...RUN_FLAGS },
    (flags, words) => runPlan(planOf(flags, words)),
  );
}
