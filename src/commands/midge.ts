/**
 * Midge as one program: the first word chooses what it does, and without one
 * it is the server, with gnatsd's flags, so that it can stand in for
 * `nats-server`.
 */
import { runCheck } from "./check.ts";
import { runCluster } from "./cluster.ts";
import { runMkpasswd } from "./mkpasswd.ts";
import { runPublisher } from "./publisher.ts";
import { runServer } from "./server.ts";
import { runWorker } from "./worker.ts";

type Run = (args: readonly string[]) => Promise<void>;

const COMMANDS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ["server", runServer],
  ["worker", runWorker],
  ["publisher", runPublisher],
  ["cluster", runCluster],
  ["mkpasswd", runMkpasswd],
  ["config", runCheck],
]);

/** Runs the program that `args` name, to its end. */
export async function runMidge(args: readonly string[]): Promise<void> {
  const [word = "", ...rest] = args;
  const run = COMMANDS.get(word);
  await (run === undefined ? runServer(args) : run(rest));
}
