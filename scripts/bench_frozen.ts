/**
 * What a node that is stopped (SIGSTOP) costs the others: three nodes, one
 * publisher at full speed, one subscriber on each other node. The third node is
 * stopped for a while; printed is the longest time in which the subscriber of
 * the second one got nothing, how much it got meanwhile beside the time before,
 * and the most memory that the publisher's node took. nats-server runs through
 * the same, and each of Midge's figures has its ratio to nats-server's.
 *
 *   deno run -A scripts/bench_frozen.ts [-seconds 15] [-size 1024] [-runtime bun]
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { runBenchmark } from "./benchmark.ts";
import {
  type Contender,
  contendersOn,
  freePort,
  RunningContender,
} from "./contenders.ts";

const FLAGS = {
  seconds: {
    names: ["seconds"],
    type: "integer",
    doc: "How long the node is stopped (default 15)",
  },
  size: {
    names: ["size"],
    type: "integer",
    doc: "Bytes of a message (default 1024)",
  },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
} as const;

const WARM_UP_MS = 2000;
/** The publisher sends this at once, and the next when the socket has taken it. */
const BATCH_BYTES = 65_536;

interface Outcome {
  readonly standstillMs: number;
  /** Bytes per second that arrived while the node was stopped, beside those before. */
  readonly share: number;
  readonly memoryMiB: number;
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const { seconds = 15, size = 1024, runtime } = values;
  const contenders = contendersOn(runtime);
  console.log(
    `stopped for ${seconds} s     standstill   ratio   rate kept    memory   ratio`,
  );
  let reference: Outcome | undefined = undefined;
  for (const contender of contenders) {
    const outcome = await measure(contender, seconds * 1000, size);
    reference ??= outcome;
    print(contender.name, outcome, reference);
  }
}

function print(name: string, outcome: Outcome, reference: Outcome): void {
  const { standstillMs, share, memoryMiB } = outcome;
  const ratio = (figure: number, base: number): string =>
    (figure / base).toFixed(2).padStart(6);
  console.log(
    `  ${name.padEnd(16)} ${standstillMs.toFixed(0).padStart(10)} ms` +
      `  ${ratio(standstillMs, reference.standstillMs)}` +
      `  ${`${(share * 100).toFixed(0)} %`.padStart(10)}` +
      `  ${memoryMiB.toFixed(0).padStart(6)} MiB` +
      `  ${ratio(memoryMiB, reference.memoryMiB)}`,
  );
}

async function measure(
  contender: Contender,
  stoppedMs: number,
  size: number,
): Promise<Outcome> {
  const nodes = await startCluster(contender);
  const [first, second, third] = nodes;
  const meter = new Meter();
  const sockets = [
    await subscriber(second.port, (bytes) => meter.heard(bytes)),
    await subscriber(third.port, () => {}),
  ];
  // Interest has to travel over the routes.
  await pause(500);
  const flood = new Flood(await client(first.port), size);
  sockets.push(flood.socket);
  try {
    flood.start();
    await pause(WARM_UP_MS);
    meter.start();
    await pause(WARM_UP_MS);
    const before = meter.stop();
    third.signal("SIGSTOP");
    meter.start();
    await pause(stoppedMs);
    const during = meter.stop();
    return {
      standstillMs: during.longestGapMs,
      share: during.bytesPerMs / before.bytesPerMs,
      memoryMiB: first.memory("VmHWM"),
    };
  } finally {
    flood.stop();
    for (const socket of sockets) socket.destroy();
    for (const node of nodes) {
      node.signal("SIGCONT");
      await node.stop();
    }
  }
}

type Trio = readonly [RunningContender, RunningContender, RunningContender];

/** Three nodes, each with a route to each other one. */
async function startCluster(contender: Contender): Promise<Trio> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(",");
  const start = (port: number | undefined): Promise<RunningContender> =>
    RunningContender.start(contender, [
      ...["-cluster_name", "bench", "-routes", routes],
      ...["-cluster", `nats://127.0.0.1:${port}`],
    ]);
  const nodes = await Promise.all(ports.map(start));
  // Longer than any dialer waits before it tries again.
  await pause(5000);
  return nodes as [RunningContender, RunningContender, RunningContender];
}

/** What arrives at a subscriber: the longest time without anything, and how much. */
class Meter {
  #startedAt = 0;
  #heardAt = 0;
  #longestGapMs = 0;
  #bytes = 0;

  start(): void {
    this.#startedAt = this.#heardAt = performance.now();
    this.#longestGapMs = 0;
    this.#bytes = 0;
  }

  heard(bytes: number): void {
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#heardAt);
    this.#heardAt = now;
    this.#bytes += bytes;
  }

  stop(): { readonly longestGapMs: number; readonly bytesPerMs: number } {
    this.heard(0);
    const passedMs = this.#heardAt - this.#startedAt;
    return {
      longestGapMs: this.#longestGapMs,
      bytesPerMs: this.#bytes / passedMs,
    };
  }
}

/** Publishes as fast as the socket takes it. */
class Flood {
  readonly socket: Socket;
  readonly #batch: string;
  #isRunning = false;

  constructor(socket: Socket, size: number) {
    this.socket = socket;
    const message = `PUB foo ${size}\r\n${"x".repeat(size)}\r\n`;
    this.#batch = message.repeat(Math.ceil(BATCH_BYTES / message.length));
  }

  start(): void {
    this.#isRunning = true;
    this.socket.on("drain", () => this.#fill());
    this.#fill();
  }

  stop(): void {
    this.#isRunning = false;
  }

  #fill(): void {
    while (this.#isRunning && this.socket.write(this.#batch));
  }
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write('CONNECT {"verbose":false}\r\n');
  socket.resume();
  return socket;
}

async function subscriber(
  port: number,
  heard: (bytes: number) => void,
): Promise<Socket> {
  const socket = await client(port);
  socket.on("data", (chunk) => heard(chunk.length));
  socket.write("SUB foo 1\r\n");
  return socket;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await runBenchmark(main);
