/**
 * How long a server inside a program takes to start, beside a nats-server that
 * is spawned, in one run on one machine. On each runtime a process starts and
 * stops a server again and again: to the moment it is ready, to the first
 * message of a client of that process, and until it has stopped. Medians, in
 * milliseconds; the first start of a process, with cold code, is listed apart.
 *
 *   deno run -A scripts/bench_embedded.ts [-starts 200] [-runtime bun] [-json]
 *
 * Needs `nats-server` on the PATH.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { startServer } from "../src/faces/server.ts";
import {
  PROJECT_FOLDER,
  type Runtime,
  runtimes,
} from "../tests/support/runtimes.ts";
import { median, runBenchmark } from "./benchmark.ts";

/** One start of an embedded server, in milliseconds. */
interface Start {
  /** From the call to a server that clients can connect to. */
  readonly ready: number;
  /** From there to the first message that an in-process client receives. */
  readonly message: number;
  readonly stop: number;
}

const STARTS = 200;
/** Starts of nats-server: fewer, because spawning takes longer. */
const SPAWNS = 20;
const REFERENCE = "nats-server";

const FLAGS = {
  starts: { names: ["starts"], type: "integer", doc: "Starts (default 200)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  json: { names: ["json"], type: "boolean", doc: "Print the figures as JSON" },
  measure: {
    names: ["measure"],
    type: "boolean",
    doc: "Measure in this process, and print every start as JSON",
  },
} as const;

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const starts = values.starts ?? STARTS;
  if (values.measure) {
    return console.log(JSON.stringify(await measureHere(starts)));
  }
  const chosen = runtimes().filter(({ name }) =>
    values.runtime === undefined || name === values.runtime
  );
  const spawned = [await spawnTimes()];
  const measured = new Map<string, Start[]>();
  for (const runtime of chosen) {
    measured.set(runtime.name, measureOn(runtime, starts));
    spawned.push(await spawnTimes());
  }
  const reference = median(spawned.flat());
  const rows = [...measured].map(([name, [first, ...others]]) => ({
    runtime: name,
    "first start": first!.ready,
    ready: median(others.map(({ ready }) => ready)),
    "first message": median(others.map(({ message }) => message)),
    stop: median(others.map(({ stop }) => stop)),
  }));
  if (values.json) return console.log(JSON.stringify({ reference, rows }));
  printTable(rows, reference);
}

async function measureHere(starts: number): Promise<Start[]> {
  const all: Start[] = [];
  for (let i = 0; i <= starts; i++) all.push(await measureOnce());
  return all;
}

async function measureOnce(): Promise<Start> {
  const called = performance.now();
  const server = await startServer({ host: "127.0.0.1", port: 0 });
  const ready = performance.now();
  const client = await server.connect();
  const messages = client.subscribe("first", { max: 1 });
  client.publish("first", "message");
  for await (const _ of messages) break;
  const received = performance.now();
  await client.close();
  const stopping = performance.now();
  await server.stop();
  return {
    ready: ready - called,
    message: received - ready,
    stop: performance.now() - stopping,
  };
}

function measureOn({ name, command }: Runtime, starts: number): Start[] {
  const [file = "", ...args] = command;
  const script = join(PROJECT_FOLDER, "scripts", "bench_embedded.ts");
  const { stdout, stderr, status } = spawnSync(
    file,
    [...args, script, "-measure", "-starts", String(starts)],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  return JSON.parse(stdout);
}

async function spawnTimes(): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < SPAWNS; i++) times.push(await spawnOnce());
  return times;
}

/** From the call of `spawn` to the line that says that clients can connect. */
async function spawnOnce(): Promise<number> {
  const called = performance.now();
  const server = spawn(REFERENCE, ["-a", "127.0.0.1", "-p", "-1"]);
  let log = "";
  for await (const chunk of server.stderr) {
    log += chunk;
    if (log.includes("Server is ready")) break;
  }
  const time = performance.now() - called;
  const exited = once(server, "exit");
  server.kill("SIGKILL");
  await exited;
  return time;
}

type Row = Readonly<Record<string, string | number>>;

function printTable(rows: readonly Row[], reference: number): void {
  const columns = ["first start", "ready", "first message", "stop"];
  console.log(
    ["runtime".padEnd(12), ...columns.map((name) => name.padStart(14))]
      .join("") + `${REFERENCE} / ready`.padStart(22),
  );
  for (const row of rows) {
    const cells = columns.map((name) =>
      Number(row[name]).toFixed(2).padStart(14)
    );
    const ratio = (reference / Number(row["ready"])).toFixed(1);
    console.log(
      String(row["runtime"]).padEnd(12) + cells.join("") +
        ratio.padStart(22),
    );
  }
  const time = reference.toFixed(2);
  console.log(
    `${REFERENCE} from spawn to "Server is ready": ${time} (median of ` +
      `${SPAWNS} before, between and after)`,
  );
}

await runBenchmark(main);
