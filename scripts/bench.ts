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
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { builtBinary } from "../tests/support/built.ts";
import {
  PROJECT_FOLDER,
  type Runtime,
  runtimes,
  TOOLS_FOLDER,
} from "../tests/support/runtimes.ts";
import { median, runBenchmark } from "./benchmark.ts";

/** A server to measure: its name and how to start it on a port. */
interface Contender {
  readonly name: string;
  command(port: number): string[];
}

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

const REFERENCE = "nats-server";

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

function buildLoadGenerator(): string {
  const program = join(TOOLS_FOLDER, "natsload");
  if (!existsSync(program)) {
    mkdirSync(TOOLS_FOLDER, { recursive: true });
    const source = join(PROJECT_FOLDER, "scripts", "natsload.c");
    execFileSync("cc", ["-O2", "-o", program, source]);
  }
  return program;
}

function natsServer(): Contender {
  return {
    name: REFERENCE,
    command: (port) => ["nats-server", "-a", "127.0.0.1", "-p", String(port)],
  };
}

function midgeOn({ name, command }: Runtime): Contender {
  const script = join(PROJECT_FOLDER, "server.ts");
  return {
    name: `midge on ${name}`,
    command: (
      port,
    ) => [...command, script, "-a", "127.0.0.1", "-p", String(port)],
  };
}

async function measure(
  contender: Contender,
  generator: string,
  loads: readonly Load[],
  figures: Map<string, number[]>,
): Promise<void> {
  const port = await freePort();
  const [program, ...args] = contender.command(port);
  const server = spawn(program!, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    await saysReady(server.stderr);
    for (const { name, args, field } of loads) {
      const key = `${contender.name}: ${name}`;
      run(key, generator, args, port);
      const figure = run(key, generator, args, port)[field];
      figures.set(key, [...figures.get(key) ?? [], figure]);
    }
  } finally {
    server.kill("SIGKILL");
    await once(server, "exit");
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function saysReady(log: NodeJS.ReadableStream): Promise<void> {
  let text = "";
  for await (const chunk of log) {
    text += chunk;
    if (text.includes("Server is ready")) break;
  }
  // A pipe that is not read would stop the server.
  log.resume();
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
