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

type Field = "delivered_per_s" | "server_cpu_ns_per_msg" | "kib_per_conn";

/** What is measured: its name, how natsload is called, and what it says of it. */
interface Load {
  readonly name: string;
  readonly args: readonly string[];
  readonly fields: readonly Field[];
}

const UNITS: Readonly<Record<Field, string>> = {
  delivered_per_s: "/s",
  // What the server spends on a message that comes, or goes.
  server_cpu_ns_per_msg: " ns of CPU",
  kib_per_conn: " KiB",
};

const PAIR = ["pubsub", "-n", "1000000", "-size", "128"];

function loadsOf(connections: number): readonly Load[] {
  const idle = ["idle", "-conns", String(connections)];
  const rate = {
    fields: ["delivered_per_s", "server_cpu_ns_per_msg"],
  } as const;
  const size = { fields: ["kib_per_conn"] } as const;
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
        const said = await measure(contender, generator, load);
        for (const field of load.fields) {
          const key = `${contender.name}: ${load.name}: ${field}`;
          figures.set(key, [...figures.get(key) ?? [], said[field]]);
        }
      }
    }
  }
  for (const { name, fields } of loads) {
    console.log(name);
    for (const field of fields) {
      const medians = contenders.map((contender) =>
        median(figures.get(`${contender.name}: ${name}: ${field}`) ?? [])
      );
      contenders.forEach((contender, at) => {
        const figure = medians[at]!;
        const shown = Math.round(figure).toLocaleString("en").padStart(12);
        const ratio = (figure / medians[0]!).toFixed(2);
        const label = contender.name.padEnd(16);
        console.log(`  ${label} ${shown}${UNITS[field]}  ${ratio}`);
      });
    }
  }
}

/** A server of its own for each load: memory that one has taken is not given back. */
async function measure(
  contender: Contender,
  generator: string,
  { args, fields }: Load,
): Promise<Record<Field, number>> {
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
    const run = (): Record<Field, number> =>
      JSON.parse(execFileSync(generator, all, { encoding: "utf8" }));
    // The memory of a connection is told by the first that come.
    if (!fields.includes("kib_per_conn")) run();
    return run();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await runBenchmark(main);
