/**
 * Two commits in one run: the loads of `bench.ts` on both, by turns, and for each
 * figure the ratio of the second to the first, the median of all rounds with the
 * middle half of them in brackets. Above 1 the second is better, in processor
 * time for a message as well.
 *
 *   deno run -A scripts/bench_compare.ts [-rounds 5] [-runtime bun] [-load "1:1"] BASE [HEAD]
 *
 * Without HEAD the sources as they lie here are compared with BASE. While the
 * machine has other work, processor time says more than rates. Needs `cc`.
 */
import { join } from "node:path";
import process from "node:process";
import { FlagError, parseFlags } from "../src/config/flags/flags.ts";
import { runtimes } from "../tests/support/runtimes.ts";
import { isLessBetter, type Load, loadsNamed } from "./bench_cases.ts";
import { type Figures, measureLoad } from "./bench_load.ts";
import { quantile, runBenchmark } from "./benchmark.ts";
import { withTrees } from "./checkouts.ts";
import { buildLoadGenerator, type Contender, midgeOn } from "./contenders.ts";

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 5)" },
  runtime: {
    names: ["runtime"],
    type: "list",
    doc: "Only this runtime; may be given again",
  },
  load: {
    names: ["load"],
    type: "list",
    doc: "Only loads whose name contains this; may be given again",
  },
} as const;

/** The same load on both commits, one right after the other. */
type Pair = readonly [base: Figures, head: Figures];

async function main(): Promise<void> {
  const { values, rest } = parseFlags(
    FLAGS,
    process.argv.slice(2),
    "anywhere",
  );
  const [base, head, ...more] = rest;
  if (base === undefined || more.length > 0) {
    throw new FlagError("BASE and HEAD are wanted, commits to compare");
  }
  const rounds = values.rounds ?? 5;
  const loads = loadsNamed(values.load);
  const chosen = runtimes().filter(({ name }) =>
    values.runtime?.includes(name) ?? true
  );
  await withTrees([base, head], async (trees) => {
    console.log(`${trees[1]!.name} over ${trees[0]!.name}, better above 1`);
    for (const runtime of chosen) {
      console.log(`midge on ${runtime.name}`);
      const sides = trees.map((tree) =>
        midgeOn(runtime, join(tree.folder, "server.ts"))
      );
      for (const load of loads) print(load, await pairs(sides, load, rounds));
    }
  });
}

async function pairs(
  [base, head]: readonly Contender[],
  load: Load,
  rounds: number,
): Promise<Pair[]> {
  const generator = buildLoadGenerator();
  const measure = (side: Contender): Promise<Figures> =>
    measureLoad(side, load, generator);
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who comes first has no advantage over all rounds.
    if (round % 2 === 0) {
      pairs.push([await measure(base!), await measure(head!)]);
    } else {
      const late = await measure(head!);
      pairs.push([await measure(base!), late]);
    }
  }
  return pairs;
}

function print({ rows }: Load, pairs: readonly Pair[]): void {
  for (const row of rows) {
    const direction = isLessBetter(row) ? -1 : 1;
    const figures = pairs.map(([base, head]) =>
      (head[row.field]! / base[row.field]!) ** direction
    );
    const cpu = pairs.map(([base, head]) => base.cpu_ns! / head.cpu_ns!);
    const peak = pairs.map(([base, head]) => base.peak_mib / head.peak_mib);
    console.log(
      `  ${row.name.padEnd(50)} ${shown(figures)}  CPU ${shown(cpu)}` +
        `  memory ${shown(peak)}`,
    );
  }
}

/** `1.02 (0.99 to 1.05)` */
function shown(ratios: readonly number[]): string {
  const at = (part: number): string => quantile(ratios, part).toFixed(2);
  return `${at(0.5)} (${at(0.25)} to ${at(0.75)})`;
}

await runBenchmark(main);
