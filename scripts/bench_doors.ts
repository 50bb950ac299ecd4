/**
 * TLS and WebSocket beside plain TCP, on Midge and on nats-server in one run:
 * messages from one client to another, and the memory of a connection at rest.
 * Each load runs twice on a server of its own and the second run counts; rounds
 * are interleaved and the median counts.
 *
 *   deno run -A scripts/bench_doors.ts [-rounds 3] [-runtime bun] [-conns 2000]
 *
 * Needs `cc` and OpenSSL with its headers, and nats-server on the PATH or in
 * `.tools/go`.
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
const TLS_SMALL = ["pubsub", "-n", "1000000", "-size", "16", "-tls", "1"];
const TLS_LARGE = ["pubsub", "-n", "300000", "-size", "1024", "-tls", "1"];

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
    { name: "TLS, 1 to 1, 16 B", args: TLS_SMALL, ...rate },
    { name: "TLS, 1 to 1, 1 KiB", args: TLS_LARGE, ...rate },
    { name: "TLS, at rest", args: [...idle, "-tls", "1"], ...size },
    { name: "TCP, at rest", args: idle, ...size },
    { name: "WebSocket, at rest", args: [...idle, "-ws", "1"], ...size },
  ];
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const generator = buildLoadGenerator("with TLS");
  const folder = mkdtempSync(join(tmpdir(), "midge-bench-"));
  const certificate = makeCertificate(folder);
  const loads = loadsOf(values.conns ?? 2000);
  const contenders = contendersOn(values.runtime);
  const figures = new Map<string, number[]>();
  for (let round = 0; round < (values.rounds ?? 3); round++) {
    for (const contender of contenders) {
      for (const load of loads) {
        const said = await measure(contender, generator, load, certificate);
        for (const field of load.fields) {
          const key = `${contender.name}: ${load.name}: ${field}`;
          figures.set(key, [...figures.get(key) ?? [], said[field]]);
        }
      }
    }
  }
  rmSync(folder, { recursive: true, force: true });
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

/** The paths of a certificate and its key. */
interface Certificate {
  readonly cert: string;
  readonly key: string;
}

function makeCertificate(folder: string): Certificate {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const paths = ["-keyout", key, "-out", cert];
  execFileSync("openssl", [
    ...["req", "-x509", ...curve, "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", ...paths],
  ], { stdio: "ignore" });
  return { cert, key };
}

/** A server of its own for each load: memory that one has taken is not given back. */
async function measure(
  contender: Contender,
  generator: string,
  { args, fields }: Load,
  certificate: Certificate,
): Promise<Record<Field, number>> {
  const folder = mkdtempSync(join(tmpdir(), "midge-bench-"));
  const file = join(folder, "server.conf");
  const port = await freePort();
  writeFileSync(
    file,
    args.includes("-tls")
      ? `tls { cert_file: "${certificate.cert}", key_file: "${certificate.key}" }\n`
      : `websocket { listen: "127.0.0.1:${port}", no_tls: true }\n`,
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
