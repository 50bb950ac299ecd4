/**
 * WebSocket beside plain TCP, on Midge and on nats-server in one run: messages
 * of 128 bytes from one client to another, and the memory of a connection at
 * rest. Each load runs twice on a server of its own and the second run counts;
 * rounds are interleaved and the median counts.
 *
 *   deno run -A scripts/bench_websocket.ts [-rounds 3] [-runtime bun] [-conns 2000]
 *
 * Needs `cc`, and nats-server on the PATH or in `.tools/go`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { median, runBenchmark } from "./benchmark.ts";
import {
  buildLoadGenerator,
  type Contender,
  contendersOn,
  freePort,
  RunningContender,
} from "./contenders.ts";

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 3)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  conns: {
    names: ["conns"],
    type: "integer",
    doc: "Connections at rest (default 2000)",
  },
} as const;

/** What is measured: its name, its unit, and how natsload is called. */
interface Load {
  readonly name: string;
  readonly unit: string;
  readonly args: readonly string[];
  readonly field: "delivered_per_s" | "kib_per_conn";
}

const PAIR = ["pubsub", "-n", "1000000", "-size", "128"];

function loadsOf(connections: number): readonly Load[] {
  const idle = ["idle", "-conns", String(connections)];
  const rate = { unit: "/s", field: "delivered_per_s" } as const;
  const size = { unit: " KiB", field: "kib_per_conn" } as const;
  return [
    { name: "TCP, 1 to 1, 128 B", args: PAIR, ...rate },
    {
      name: "WebSocket, 1 to 1, 128 B, a frame for each message",
      args: [...PAIR, "-ws", "1"],
      ...rate,
    },
    {
      name: "WebSocket, 1 to 1, 128 B, 16 messages in a frame",
      args: [...PAIR, "-ws", "16"],
      ...rate,
    },
    { name: "TCP, at rest", args: idle, ...size },
    { name: "WebSocket, at rest", args: [...idle, "-ws", "1"], ...size },
  ];
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const generator = buildLoadGenerator();
  const loads = loadsOf(values.conns ?? 2000);
  const contenders = contendersOn(values.runtime);
  const figures = new Map<string, number[]>();
  for (let round = 0; round < (values.rounds ?? 3); round++) {
    for (const contender of contenders) {
      for (const load of loads) {
        const key = `${contender.name}: ${load.name}`;
        const figure = await measure(contender, generator, load);
        figures.set(key, [...figures.get(key) ?? [], figure]);
      }
    }
  }
  for (const { name: load, unit } of loads) {
    console.log(load);
    const base = median(figures.get(`${contenders[0]!.name}: ${load}`) ?? []);
    for (const { name } of contenders) {
      const figure = median(figures.get(`${name}: ${load}`) ?? []);
      const shown = Math.round(figure).toLocaleString("en").padStart(12);
      const ratio = (figure / base).toFixed(2);
      console.log(`  ${name.padEnd(16)} ${shown}${unit}  ${ratio}`);
    }
  }
}

/** A server of its own for each load: memory that one has taken is not given back. */
async function measure(
  contender: Contender,
  generator: string,
  { args, field }: Load,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "midge-bench-"));
  const file = join(folder, "server.conf");
  const port = await freePort();
  writeFileSync(
    file,
    `websocket { listen: "127.0.0.1:${port}", no_tls: true }\n`,
  );
  const server = await RunningContender.start(contender, ["-c", file]);
  try {
    const at = `127.0.0.1:${args.includes("-ws") ? port : server.port}`;
    const all = [...args, "-p", at, "-pid", String(server.pid)];
    const run = (): number =>
      JSON.parse(execFileSync(generator, all, { encoding: "utf8" }))[field];
    // The memory of a connection is told by the first that come.
    if (field !== "kib_per_conn") run();
    return run();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await runBenchmark(main);
