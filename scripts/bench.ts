/**
 * The table of `docs/performance.md`: Midge on each runtime beside two
 * nats-servers, in one run on one machine. For each load each server is started
 * anew and driven with `natsload.c`, first with half of the load, so that the
 * compilers of the runtimes have seen it, then with the whole, which counts. All
 * servers have their turn before the next load, and all loads before the next
 * round; medians count: on a small machine a single round says little.
 *
 *   deno run -A scripts/bench.ts [-rounds 3] [-runtime bun] [-load "16 B"]
 *                                [-built] [-binary] [-keep FILE]
 *                                [-json | -markdown]
 *
 * `-keep` adds the rounds to those in a file, so that the table can be made in
 * pieces; `-rounds 0 -keep FILE` prints what is there. Needs `cc`, nats-server
 * on the PATH and a newer one in `.tools/go`; without one of them the other is
 * the reference.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { builtBinary, builtFile } from "../tests/support/built.ts";
import { runtimes } from "../tests/support/runtimes.ts";
import { type Load, loadsNamed } from "./bench_cases.ts";
import { type Figures, measureLoad } from "./bench_load.ts";
import { BenchTable, type Column, roundsKey } from "./bench_table.ts";
import { runBenchmark } from "./benchmark.ts";
import {
  buildLoadGenerator,
  type Contender,
  midgeOn,
  natsServers,
  RunningContender,
} from "./contenders.ts";

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 3)" },
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
  built: {
    names: ["built"],
    type: "boolean",
    doc: "Measure the single file in place of the sources",
  },
  binary: {
    names: ["binary"],
    type: "boolean",
    doc: "Measure the binary as well",
  },
  keep: {
    names: ["keep"],
    type: "string",
    value: "file",
    doc: "Add the rounds to those in this file",
  },
  json: { names: ["json"], type: "boolean", doc: "Print the rounds as JSON" },
  markdown: {
    names: ["markdown"],
    type: "boolean",
    doc: "Print the tables of docs/performance.md",
  },
} as const;

type Entrant = Column & Contender;

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const loads = loadsNamed(values.load);
  const script = values.built === true ? await builtFile() : undefined;
  const entrants: Entrant[] = [
    ...natsServers(),
    ...runtimes()
      .filter(({ name }) => values.runtime?.includes(name) ?? true)
      .map((runtime) => ({
        ...midgeOn(runtime, script),
        runtime: runtime.name,
      })),
    ...values.binary === true ? [await binary()] : [],
  ];
  const rounds = readRounds(values.keep);
  for (const entrant of entrants) await startOnce(entrant);
  for (let round = 0; round < (values.rounds ?? 3); round++) {
    await measureRound(entrants, loads, rounds, values.keep);
  }
  const table = new BenchTable(entrants, loads, rounds);
  if (values.json) console.log(JSON.stringify(rounds, null, 2));
  else console.log(values.markdown ? table.asMarkdown() : table.asText());
}

/**
 * The first start of a file is no figure of a load: Deno keeps what it has
 * compiled then, which takes 50 MiB more than any start behind it.
 */
async function startOnce(entrant: Entrant): Promise<void> {
  const server = await RunningContender.start(entrant);
  await server.stop();
}

function readRounds(path: string | undefined): Record<string, Figures[]> {
  if (path === undefined || !existsSync(path)) return {};
  return JSON.parse(readFileSync(path, "utf8"));
}

async function measureRound(
  entrants: readonly Entrant[],
  loads: readonly Load[],
  rounds: Record<string, Figures[]>,
  keptIn: string | undefined,
): Promise<void> {
  const generator = buildLoadGenerator();
  for (const load of loads) {
    for (const entrant of entrants) {
      const figures = await measureLoad(entrant, load, generator);
      (rounds[roundsKey(entrant, load)] ??= []).push(figures);
    }
    if (keptIn !== undefined) {
      writeFileSync(keptIn, JSON.stringify(rounds, null, 2));
    }
  }
}

/** The binary that `npm run build` makes, which has Bun inside. */
async function binary(): Promise<Entrant> {
  const path = await builtBinary();
  return {
    name: "the binary",
    runtime: "bun",
    command: (port) => [path, "-a", "127.0.0.1", "-p", String(port)],
  };
}

await runBenchmark(main);
