/**
 * Feeds the reader of PROXY headers with random ones: good ones, which must say
 * what was written, and spoilt ones, which must be read, refused or waited for,
 * wherever they are cut. Stops at the first that breaks this, with its seed.
 *
 *   deno run -A scripts/fuzz_proxy_header.ts [-inputs 10000000] [-seed 1]
 */
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { asciiBytes } from "../src/core/ascii.ts";
import { type Random, randomBelow } from "../src/platform/clock.ts";
import {
  chanceHeader,
  type HeaderOutcome,
  isSame,
  outcomeOf,
} from "../tests/net/proxy_headers.ts";
import { freshSeed, seededRandom } from "../tests/support/random.ts";

const FLAGS = {
  inputs: {
    names: ["inputs"],
    type: "integer",
    doc: "How many (default 1000000)",
  },
  seed: { names: ["seed"], type: "integer", doc: "To see the same again" },
} as const;

const REST = "PING\r\n";

function main(): void {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const { inputs = 1_000_000, seed = freshSeed() } = values;
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const ends = { read: 0, refused: 0, waiting: 0 };
  const startedAt = performance.now();
  for (let i = 0; i < inputs; i++) {
    const { header, source } = chanceHeader(random);
    const isSpoilt = i % 4 !== 0;
    const bytes = asciiBytes(header + REST);
    if (isSpoilt) spoil(random, bytes);
    const whole = outcomeOf([bytes]);
    const at = randomBelow(random, bytes.length);
    const cut = outcomeOf([bytes.subarray(0, at), bytes.subarray(at)]);
    check(cut, whole, `input ${i}, cut at ${at}`);
    if (!isSpoilt) {
      const read = { source, rest: REST, refused: "", isDone: true };
      check(whole, read, `input ${i}: ${JSON.stringify(header)}`);
    }
    if (whole.refused !== "") ends.refused++;
    else if (whole.isDone) ends.read++;
    else ends.waiting++;
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${inputs} inputs in ${seconds} s:`, ends);
}

function check(is: HeaderOutcome, wanted: HeaderOutcome, where: string): void {
  if (isSame(is, wanted)) return;
  const both = JSON.stringify({ is, wanted });
  throw new Error(`${where}: ${both}`);
}

function spoil(random: Random, bytes: Uint8Array): void {
  for (let i = randomBelow(random, 3); i >= 0; i--) {
    bytes[randomBelow(random, bytes.length)] = randomBelow(random, 256);
  }
}

main();
