/**
 * Midge beside nats-server, in one run on one machine: starts each server in
 * turn, drives it with `natsload.c`, and prints messages per second and their
 * ratio to nats-server's. Each load runs twice on a server and the second run
 * counts, so that the compilers of the runtimes have seen it; rounds are
 * interleaved and the median counts: on a small machine a single round says
 * little.
 *
 *   deno run -A scripts/bench.ts [-rounds 3] [-runtime bun] [-load "16 B"] [-binary] [-json]
 *
 * Needs `cc`, and `nats-server` on the PATH.
 */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { builtBinary } from "../tests/support/built.ts";
import { runtimes } from "../tests/support/runtimes.ts";
import { median, runBenchmark } from "./benchmark.ts";
import {
  buildLoadGenerator,
  type Contender,
  midgeOn,
  natsServer,
  RunningContender,
} from "./contenders.ts";

/** One load: its name, natsload's arguments and the field that counts. */
interface Load {
  readonly name: string;
  readonly args: readonly string[];
  readonly field: "pub_per_s" | "delivered_per_s" | "requests_per_s";
}

const LOADS: readonly Load[] = [
  {
    name: "publish only, 16 B",
    args: ["pubsub", "-subs", "0", "-n", "8000000", "-size", "16"],
    field: "pub_per_s",
  },
  {
    name: "1 to 1, 16 B",
    args: ["pubsub", "-subs", "1", "-n", "3000000", "-size", "16"],
    field: "delivered_per_s",
  },
  {
    name: "1 to 4, 16 B",
    args: ["pubsub", "-subs", "4", "-n", "1000000", "-size", "16"],
    field: "delivered_per_s",
  },
  {
    name: "1 to 1, 4 KiB",
    args: ["pubsub", "-subs", "1", "-n", "200000", "-size", "4096"],
    field: "delivered_per_s",
  },
  {
    name: "10,000 subjects, 128 B",
    args: ["pubsub", "-n", "1000000", "-size", "128", "-subjects", "10000"],
    field: "delivered_per_s",
  },
  {
    name: "one request at a time",
    args: ["request", "-n", "20000", "-inflight", "1"],
    field: "requests_per_s",
  },
  {
    name: "256 requests in flight",
    args: ["request", "-n", "200000", "-inflight", "256"],
    field: "requests_per_s",
  },
];

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 3)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  load: {
    names: ["load"],
    type: "string",
    doc: "Only loads whose name contains this",
  },
  binary: {
    names: ["binary"],
    type: "boolean",
    doc: "Measure the binary as well",
  },
  json: { names: ["json"], type: "boolean", doc: "Print the figures as JSON" },
} as const;

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const generator = buildLoadGenerator();
  const loads = LOADS.filter(({ name }) => name.includes(values.load ?? ""));
  const contenders = [
    natsServer(),
    ...runtimes()
      .filter(({ name }) =>
        values.runtime === undefined || name === values.runtime
      )
      .map(midgeOn),
    ...(values.binary === true ? [await binary()] : []),
  ];
  const figures = new Map<string, number[]>();
  for (let round = 0; round < (values.rounds ?? 3); round++) {
    for (const contender of contenders) {
      await measure(contender, generator, loads, figures);
    }
  }
  if (values.json) {
    console.log(JSON.stringify(Object.fromEntries(figures), null, 2));
  } else printTable(contenders, loads, figures);
}

/** The binary that `npm run build` makes. */
async function binary(): Promise<Contender> {
  const path = await builtBinary();
  const command = (port: number): string[] => [path, "-p", String(port)];
  return { name: "binary", command };
}

async function measure(
  contender: Contender,
  generator: string,
  loads: readonly Load[],
  figures: Map<string, number[]>,
): Promise<void> {
  const server = await RunningContender.start(contender);
  try {
    for (const { name, args, field } of loads) {
      const key = `${contender.name}: ${name}`;
      run(key, generator, args, server.port);
      const figure = run(key, generator, args, server.port)[field];
      figures.set(key, [...figures.get(key) ?? [], figure]);
    }
  } finally {
    await server.stop();
  }
}

/** One run of the load generator, which prints JSON. */
function run(
  what: string,
  generator: string,
  args: readonly string[],
  port: number,
): Record<Load["field"], number> {
  const at = `127.0.0.1:${port}`;
  try {
    const output = execFileSync(generator, [...args, "-p", at, "-s", at], {
      encoding: "utf8",
    });
    return JSON.parse(output);
  } catch (cause) {
    throw new Error(`${what} failed`, { cause });
  }
}

function printTable(
  contenders: readonly Contender[],
  loads: readonly Load[],
  figures: ReadonlyMap<string, readonly number[]>,
): void {
  const [reference] = contenders;
  for (const { name: load } of loads) {
    console.log(load);
    const base = median(figures.get(`${reference!.name}: ${load}`) ?? []);
    for (const { name } of contenders) {
      const figure = median(figures.get(`${name}: ${load}`) ?? []);
      const ratio = (figure / base).toFixed(2);
      const shown = Math.round(figure).toLocaleString("en").padStart(12);
      console.log(`  ${name.padEnd(16)} ${shown}/s  ${ratio}`);
    }
  }
}

await runBenchmark(main);
