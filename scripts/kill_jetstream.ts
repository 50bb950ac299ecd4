/**
 * Kills a server with streams in files under load, as often as it is told:
 * `deno run -A scripts/kill_jetstream.ts [rounds] [runtime] [seed]`. Prints what
 * was done, and fails where anything that was acknowledged is lost, changed,
 * reordered or delivered again.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { killRounds } from "../tests/jetstream/kill_rounds.ts";
import { currentRuntime, runtimes } from "../tests/support/runtimes.ts";

const [rounds = "500", name = "", given] = process.argv.slice(2);
const seed = Number(given ?? Date.now() % 1_000_000_000);
const runtime = runtimes().find((one) => one.name === name) ??
  currentRuntime();
const folder = mkdtempSync(join(tmpdir(), "midge-kill-"));
const begin = Date.now();
console.log(`seed ${seed}, ${runtime.name}, ${folder}`);
const tally = await killRounds({
  folder,
  runtime,
  seed,
  rounds: Number(rounds),
  tell: (text) => console.log(text),
});
// It stays where something does not hold.
rmSync(folder, { recursive: true });
const seconds = ((Date.now() - begin) / 1000).toFixed(0);
console.log(`${rounds} kills in ${seconds} s: ${tally}`);
