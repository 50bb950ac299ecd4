/**
 * How rate and peak memory go as something grows: subscriptions, connections,
 * subjects, receivers and members of a queue group, for Midge on each runtime
 * beside the newest nats-server, as a table and as plots. For each size each
 * server is started anew.
 *
 *   deno run -A scripts/bench_growth.ts [-curve connections] [-least 10] [-most 1000]
 *                                       [-runtime bun] [-rounds 1] [-keep FILE]
 *                                       [-svg docs/plots]
 *
 * `-keep` adds the rounds to those in a file, so that the plots can be made in
 * pieces. 10,000 connections want an `ulimit -n` of 10,100. Needs `cc`, and
 * nats-server in `.tools/go` or on the PATH.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { linePlotSvg, type PlotSeries } from "./line_plot.ts";
import { type Figures, measureLoad } from "./bench_load.ts";
import { median, runBenchmark } from "./benchmark.ts";
import {
  buildLoadGenerator,
  type Contender,
  contendersOn,
} from "./contenders.ts";
import { type Curve, CURVES, WARM_UP } from "./growth_curves.ts";

const FLAGS = {
  curve: {
    names: ["curve"],
    type: "list",
    doc: "Only what is called like this; may be given again",
  },
  least: { names: ["least"], type: "integer", doc: "No size below this" },
  most: { names: ["most"], type: "integer", doc: "No size beyond this" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 1)" },
  keep: {
    names: ["keep"],
    type: "string",
    value: "file",
    doc: "Add the rounds to those in this file",
  },
  svg: {
    names: ["svg"],
    type: "string",
    value: "folder",
    doc: "Write the plots into this folder",
  },
} as const;

type Rounds = Record<string, Figures[]>;

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const curves = CURVES.filter(({ name }) =>
    values.curve?.includes(name) ?? true
  ).map((curve) => ({
    ...curve,
    sizes: curve.sizes.filter((size) =>
      size >= (values.least ?? 0) && size <= (values.most ?? Infinity)
    ),
  }));
  const contenders = contendersOn(values.runtime);
  const rounds = readRounds(values.keep);
  for (let round = 0; round < (values.rounds ?? 1); round++) {
    for (const curve of curves) {
      await measureCurve(curve, contenders, rounds, values.keep);
    }
  }
  for (const curve of curves) {
    print(curve, contenders, rounds);
    if (values.svg !== undefined) plot(curve, contenders, rounds, values.svg);
  }
}

function readRounds(path: string | undefined): Rounds {
  if (path === undefined || !existsSync(path)) return {};
  return JSON.parse(readFileSync(path, "utf8"));
}

function roundsKey({ name }: Contender, curve: Curve, size: number): string {
  return `${name}: ${size} ${curve.name}`;
}

async function measureCurve(
  curve: Curve,
  contenders: readonly Contender[],
  rounds: Rounds,
  keptIn: string | undefined,
): Promise<void> {
  const generator = buildLoadGenerator();
  for (const size of curve.sizes) {
    for (const contender of contenders) {
      const load = { args: curve.args(size), warmUp: WARM_UP };
      const figures = await measureLoad(contender, load, generator);
      (rounds[roundsKey(contender, curve, size)] ??= []).push(figures);
    }
    if (keptIn !== undefined) {
      writeFileSync(keptIn, JSON.stringify(rounds, null, 2));
    }
  }
}

function rateOf(
  contender: Contender,
  curve: Curve,
  size: number,
  rounds: Rounds,
): number {
  const found = rounds[roundsKey(contender, curve, size)] ?? [];
  return median(found.map((figures) => figures[curve.field] ?? NaN));
}

function memoryOf(
  contender: Contender,
  curve: Curve,
  size: number,
  rounds: Rounds,
): number {
  const found = rounds[roundsKey(contender, curve, size)] ?? [];
  return median(found.map(({ peak_mib }) => peak_mib));
}

function print(
  curve: Curve,
  contenders: readonly Contender[],
  rounds: Rounds,
): void {
  console.log(`${curve.name}: ${curve.unit}, and peak memory in MiB`);
  for (const contender of contenders) {
    const cells = curve.sizes.map((size) => {
      const rate = rateOf(contender, curve, size, rounds);
      const memory = memoryOf(contender, curve, size, rounds);
      return `${size}: ${Math.round(rate).toLocaleString("en")}, ${
        memory.toFixed(0)
      } MiB`.padEnd(30);
    });
    console.log(`  ${contender.name.padEnd(16)} ${cells.join(" ")}`.trimEnd());
  }
}

/** Writes a plot of rates and one of memory. */
function plot(
  curve: Curve,
  contenders: readonly Contender[],
  rounds: Rounds,
  folder: string,
): void {
  mkdirSync(folder, { recursive: true });
  const series = (of: typeof rateOf): PlotSeries[] =>
    contenders.map((contender) => ({
      name: contender.name,
      points: curve.sizes.map((size) =>
        [size, of(contender, curve, size, rounds)] as const
      ),
    }));
  const x = { title: curve.name, scale: "log" } as const;
  const write = (
    kind: string,
    title: string,
    unit: string,
    drawn: readonly PlotSeries[],
  ): void => {
    const y = { title: unit, scale: "linear" } as const;
    const svg = linePlotSvg({ title, x, y, series: drawn });
    writeFileSync(join(folder, `${curve.name}_${kind}.svg`), svg);
  };
  write("rate", curve.title, curve.unit, series(rateOf));
  write("memory", "Peak memory of the server", "MiB", series(memoryOf));
}

await runBenchmark(main);
