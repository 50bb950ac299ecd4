/**
 * How long a good client waits while others work the server hard: it sends a
 * PING every two milliseconds from a process of its own, and what counts is the
 * median, the 99th percentile and the worst of its round trips. Midge on each
 * runtime beside nats-server, in one run; for each case each server is started
 * anew.
 *
 *   deno run -A scripts/bench_latency.ts [-case "RS+"] [-runtime bun] [-nats_server PATH] [-json]
 *
 * Needs `cc`, and nats-server in `.tools/go` or on the PATH. Wanted everywhere:
 * p99 below 50 ms, worst below 250 ms.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { runtimes } from "../tests/support/runtimes.ts";
import { runBenchmark } from "./benchmark.ts";
import {
  buildLoadGenerator,
  type Contender,
  freePort,
  midgeOn,
  natsServer,
  newestNatsServer,
  REFERENCE,
  RunningContender,
} from "./contenders.ts";
import { CASES, type LatencyCase } from "./latency_cases.ts";

const FLAGS = {
  case: {
    names: ["case"],
    type: "string",
    doc: "Only cases whose name contains this",
  },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  natsServer: {
    names: ["nats_server"],
    type: "string",
    doc: "This nats-server, or none",
  },
  json: { names: ["json"], type: "boolean", doc: "Print the figures as JSON" },
} as const;

interface Figures {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly seconds: number;
  readonly peakMiB: number;
  readonly remark: string;
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const generator = buildLoadGenerator();
  const cases = CASES.filter(({ name }) => name.includes(values.case ?? ""));
  const contenders = [
    ...values.natsServer === "none" ? [] : [
      values.natsServer === undefined
        ? newestNatsServer()
        : natsServer(values.natsServer),
    ],
    ...runtimes()
      .filter(({ name }) => name === (values.runtime ?? name))
      .map((runtime) => midgeOn(runtime)),
  ];
  const all: Record<string, Record<string, Figures>> = {};
  for (const one of cases) {
    if (!values.json) console.log(one.name);
    const figures: Record<string, Figures> = all[one.name] = {};
    for (const contender of contenders) {
      if (one.isNats === false && contender.name === REFERENCE) continue;
      const measured = await measure(one, contender, generator);
      figures[contender.name] = measured;
      if (!values.json) console.log(row(contender.name, measured));
    }
  }
  if (values.json) console.log(JSON.stringify(all, null, 2));
}

async function measure(
  { prepare, isNats }: LatencyCase,
  contender: Contender,
  generator: string,
): Promise<Figures> {
  const [httpPort, routePort] = [await freePort(), await freePort()];
  const registryPort = await freePort();
  const registry = isNats === false
    ? ["-registry", `127.0.0.1:${registryPort}`]
    : [];
  const server = await RunningContender.start(contender, [
    ...["-m", String(httpPort), "-cluster_name", "bench"],
    ...["-cluster", `nats://127.0.0.1:${routePort}`, ...registry],
  ]);
  try {
    const load = await prepare({
      server,
      httpPort,
      routePort,
      registryPort,
      generator,
    });
    const client = new GoodClient(generator, server.port);
    const startedAt = performance.now();
    const remark = await load() ?? "";
    const seconds = (performance.now() - startedAt) / 1000;
    const pings = await client.end();
    return { ...pings, seconds, peakMiB: server.memory("VmHWM"), remark };
  } finally {
    await server.stop();
  }
}

/** `natsload ping`, which ends with its input. */
class GoodClient {
  readonly #child;
  #text = "";

  constructor(generator: string, port: number) {
    this.#child = spawn(generator, ["ping", "-p", `127.0.0.1:${port}`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdout.on("data", (chunk) => this.#text += chunk);
  }

  async end(): Promise<Pick<Figures, "p50_ms" | "p99_ms" | "max_ms">> {
    this.#child.stdin.end();
    await once(this.#child, "close");
    if (this.#text === "") return { p50_ms: NaN, p99_ms: NaN, max_ms: NaN };
    return JSON.parse(this.#text);
  }
}

function row(
  name: string,
  { p50_ms, p99_ms, max_ms, seconds, peakMiB, remark }: Figures,
): string {
  const ms = (value: number): string => value.toFixed(1).padStart(9);
  return `  ${name.padEnd(14)} p50${ms(p50_ms)} p99${ms(p99_ms)} worst${
    ms(max_ms)
  } ms  in ${seconds.toFixed(1)} s, ${peakMiB.toFixed(0)} MiB  ${remark}`;
}

await runBenchmark(main);
process.exit(0);
