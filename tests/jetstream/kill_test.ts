/** A server that is killed under load keeps what it has acknowledged. */
import { freshSeed } from "../support/random.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { killRounds } from "./kill_rounds.ts";

const runtime = currentRuntime();
/** Twenty on all runtimes together; a start takes Node the longest. */
const ROUNDS = runtime.name === "node" ? 4 : 8;

test(`nothing acknowledged is lost, changed, reordered or delivered again over ${ROUNDS} kills`, async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const folder = temporaryFolder(t);
  const rounds = ROUNDS;
  t.diagnostic(await killRounds({ folder, runtime, seed, rounds }));
});
