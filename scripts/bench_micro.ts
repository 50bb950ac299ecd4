/**
 * Small pieces by themselves: parser, trie, outbox, the way through a broker
 * without sockets, and the stores of streams, in nanoseconds for an operation.
 * With `-base` the same pieces of another commit are measured in the same process,
 * by turns, and what has become slower by 5 % is named; the exit code is then 1.
 *
 *   deno run -A scripts/bench_micro.ts [-base COMMIT] [-case "trie"] [-runtime bun] [-rounds 200]
 *
 * Each case is measured in two processes, with the modules of the one or of the
 * other commit loaded first. A ratio is the median of all rounds; in brackets are
 * the least and the largest median of eight parts of the time. What is slower in
 * the median, but not by 2 % in each part, may be the machine's doing.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import {
  PROJECT_FOLDER,
  type Runtime,
  runtimes,
} from "../tests/support/runtimes.ts";
import { median, quantile, runBenchmark } from "./benchmark.ts";
import { HERE, type Tree, withTrees } from "./checkouts.ts";
import { MICRO_CASES } from "./micro_cases.ts";
import type { MicroOrder, MicroResult } from "./micro_rounds.ts";

const FLAGS = {
  base: {
    names: ["base"],
    type: "string",
    value: "commit",
    doc: "Compare with this commit",
  },
  case: {
    names: ["case"],
    type: "list",
    doc: "Only cases whose name contains this; may be given again",
  },
  runtime: {
    names: ["runtime"],
    type: "list",
    doc: "Only this runtime; may be given again",
  },
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 200)" },
} as const;

/** Parts of the time that are looked at one by one. */
const PARTS = 8;
/** From here on something has become slower, if all parts say so. */
const SLOWER = 1.05;
const SURELY = 1.02;

/** Times of one case, round by round. */
interface Times {
  readonly head: number[];
  /** Empty without `-base`. */
  readonly base: number[];
  readonly problems: string[];
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const cases = MICRO_CASES.map(({ name }) => name).filter((name) =>
    values.case?.some((word) => name.includes(word)) ?? true
  );
  const rounds = values.rounds ?? 200;
  const chosen = runtimes().filter(({ name }) =>
    values.runtime?.includes(name) ?? true
  );
  const commits = values.base === undefined ? [] : [values.base];
  let slower = 0;
  await withTrees(commits, (trees) => {
    for (const runtime of chosen) {
      console.log(`${runtime.name}, ns for an operation`);
      const times = measure(runtime, trees[0], { cases, rounds });
      for (const [name, found] of times) slower += print(name, found);
    }
    return Promise.resolve();
  });
  if (slower > 0) process.exitCode = 1;
}

function measure(
  runtime: Runtime,
  base: Tree | undefined,
  order: Omit<MicroOrder, "trees">,
): Map<string, Times> {
  const found = new Map<string, Times>();
  const orders = base === undefined ? [[HERE]] : [[base, HERE], [HERE, base]];
  for (const trees of orders) {
    const result = run(runtime, {
      ...order,
      rounds: Math.ceil(order.rounds / orders.length),
      trees: trees.map(({ folder }) => folder),
    });
    for (const [name, sides] of Object.entries(result)) {
      const times = found.get(name) ?? { head: [], base: [], problems: [] };
      found.set(name, times);
      if (typeof sides === "string") times.problems.push(sides);
      else {
        trees.forEach((tree, at) =>
          times[tree === HERE ? "head" : "base"].push(...sides[at]!)
        );
      }
    }
  }
  return found;
}

function run({ command }: Runtime, order: MicroOrder): MicroResult {
  const [program, ...args] = command;
  const script = join(PROJECT_FOLDER, "scripts", "micro_rounds.ts");
  const output = execFileSync(
    program!,
    [...args, script, JSON.stringify(order)],
    { encoding: "utf8", cwd: PROJECT_FOLDER, maxBuffer: 1 << 26 },
  );
  return JSON.parse(output);
}

/** Gives 1 for a case that has become slower. */
function print(name: string, { head, base, problems }: Times): number {
  const start = `  ${name.padEnd(44)}`;
  const [problem] = problems;
  if (problem !== undefined) {
    console.log(`${start} not measured: ${problem}`);
    return 0;
  }
  const ns = quantile(head, 1 / 8).toFixed(1).padStart(10);
  if (base.length === 0) {
    console.log(`${start} ${ns}`);
    return 0;
  }
  const ratios = head.map((time, at) => time / base[at]!);
  const size = Math.ceil(ratios.length / PARTS);
  const parts = Array.from(
    { length: PARTS },
    (_, at) => median(ratios.slice(at * size, (at + 1) * size)),
  );
  const [low, high] = [Math.min(...parts), Math.max(...parts)];
  const ratio = median(ratios);
  const isSlower = ratio >= SLOWER && low >= SURELY;
  console.log(
    `${start} ${ns}  ${ratio.toFixed(3)} (${low.toFixed(2)} to ${
      high.toFixed(2)
    })${isSlower ? "  SLOWER" : ""}`,
  );
  return isSlower ? 1 : 0;
}

await runBenchmark(main);
