/**
 * Simulates a server with streams under load on disks with faults, once for each
 * seed: `deno run -A scripts/simulate_streams.ts [seeds] [first seed]`. Prints what
 * was done, and fails at the first seed with which anything that was acknowledged
 * is lost, changed, reordered or delivered again.
 */
import process from "node:process";
import { simulate } from "../tests/jetstream/simulation/simulate.ts";

const [count = "1000", given] = process.argv.slice(2);
const first = Number(given ?? Date.now() % 1_000_000_000);
const seeds = Number(count);
if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(first)) {
  throw new Error("Give the number of seeds, and the first one");
}
console.log(`seeds ${first} to ${first + seeds - 1}`);
const begin = Date.now();
const sums = { acknowledged: 0, done: 0, puts: 0, kills: 0, copied: 0 };
for (let seed = first; seed < first + seeds; seed++) {
  const tally = await simulate(seed);
  sums.acknowledged += tally.acknowledged;
  sums.done += tally.done;
  sums.puts += tally.puts;
  sums.kills += tally.kills;
  sums.copied += tally.copied;
}
const seconds = ((Date.now() - begin) / 1000).toFixed(0);
console.log(
  `${seeds} seeds in ${seconds} s: ${sums.kills} ends of the server, ` +
    `${sums.acknowledged} messages acknowledged, ${sums.done} jobs done, ` +
    `${sums.puts} values put, ${sums.copied} messages copied; all of it held`,
);
