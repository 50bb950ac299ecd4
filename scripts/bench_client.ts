/**
 * Midge's client beside `@nats-io/transport-node`, each in a process of its own
 * on the same runtime, on the same server: Midge on that runtime, and
 * nats-server. The two take turns in each round; medians count. Prints
 * operations per second of Midge's client, their ratio to nats.js, and the ratio
 * of the processor time that one operation costs the client.
 *
 *   deno run -A scripts/bench_client.ts [-rounds 5] [-runtime bun] [-server midge] [-case request] [-json]
 *
 * Needs `cc`, and nats-server in `.tools/go` or on the PATH.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { parseFlags } from "../src/config/flags/flags.ts";
import {
  PROJECT_FOLDER,
  type Runtime,
  runtimes,
} from "../tests/support/runtimes.ts";
import { median, runBenchmark } from "./benchmark.ts";
import type { Result, Task } from "./client_worker.ts";
import {
  buildLoadGenerator,
  midgeOn,
  newestNatsServer,
  RunningContender,
} from "./contenders.ts";

const LIBRARIES = ["midge", "nats.js"] as const;

/** Rounds for the compilers. */
const WARM_UPS = 3;

interface Case extends Task {
  readonly name: string;
}

const CASES: readonly Case[] = [
  { name: "publish, 16 B", ...task("publish", 200_000, 16) },
  { name: "publish, 1 KiB", ...task("publish", 100_000, 1024) },
  { name: "callback, 16 B", ...task("callback", 200_000, 16) },
  { name: "callback, 1 KiB", ...task("callback", 100_000, 1024) },
  { name: "iterator, 16 B", ...task("iterator", 200_000, 16) },
  { name: "iterator, 1 KiB", ...task("iterator", 100_000, 1024) },
  { name: "respond, 100 in flight", ...task("respond", 30_000, 16, 100) },
  { name: "request, one at a time", ...task("request", 2000, 16, 1) },
  { name: "request, 100 in flight", ...task("request", 20_000, 16, 100) },
  { name: "request, 1,000 in flight", ...task("request", 20_000, 16, 1000) },
];

function task(
  kind: Task["kind"],
  count: number,
  size: number,
  inFlight: number = 1,
): Task {
  return { kind, count, size, inFlight };
}

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 5)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  server: {
    names: ["server"],
    type: "string",
    doc: "Only this server: midge or nats-server",
  },
  case: {
    names: ["case"],
    type: "string",
    doc: "Only cases whose name contains this",
  },
  json: { names: ["json"], type: "boolean", doc: "Print the figures as JSON" },
} as const;

/** A process with one client library, which runs one case at a time. */
class Worker {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor({ command }: Runtime, library: string, port: number) {
    const script = join(PROJECT_FOLDER, "scripts", "client_worker.ts");
    const [program, ...args] = [...command, script, library, String(port)];
    this.#child = spawn(program!, args, {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout })
      [Symbol.asyncIterator]();
  }

  /** `publish` is called as soon as the client listens. */
  async run(one: Task, publish?: () => Promise<unknown>): Promise<Result> {
    this.#child.stdin.write(`${JSON.stringify(one)}\n`);
    if (publish !== undefined) {
      await this.#line();
      await publish();
    }
    return await this.#line();
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }

  async #line(): Promise<Result> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("A client has ended before its time");
    return JSON.parse(value);
  }
}

/** Speaks by hand: answers requests, and asks them. */
class RawPeer {
  readonly #socket: Socket;
  #rest = "";
  #toAsk = 0;
  #toHear = 0;
  #onAll = (): void => {};

  constructor(port: number) {
    this.#socket = dial(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk) => this.#read(chunk.toString("latin1")));
    this.#socket.write(
      'CONNECT {"verbose":false}\r\nSUB raw.echo 1\r\nSUB raw.answer 2\r\n',
    );
  }

  /** Asks `ask.me` until that many answers have come. */
  ask({ count, inFlight }: Task): Promise<void> {
    this.#toAsk = this.#toHear = count;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAll = resolve;
    this.#socket.write(this.#questions(inFlight));
    return promise;
  }

  end(): void {
    this.#socket.destroy();
  }

  #questions(count: number): string {
    const some = Math.min(count, this.#toAsk);
    this.#toAsk -= some;
    return "PUB ask.me raw.answer 4\r\nask!\r\n".repeat(some);
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\r\n");
    this.#rest = lines.pop()!;
    let answers = "";
    let heard = 0;
    for (const line of lines) {
      if (line === "PING") answers += "PONG\r\n";
      else if (line.startsWith("MSG raw.answer ")) heard++;
      else if (line.startsWith("MSG raw.echo ")) {
        answers += `PUB ${line.split(" ")[3]} 4\r\necho\r\n`;
      }
    }
    this.#toHear -= heard;
    if (heard > 0) answers += this.#questions(heard);
    if (answers !== "") this.#socket.write(answers);
    if (heard > 0 && this.#toHear === 0) this.#onAll();
  }
}

type Figures = Record<string, Result[]>;

async function measure(
  runtime: Runtime,
  server: RunningContender,
  cases: readonly Case[],
  rounds: number,
  tell: (name: string, figures: Figures) => void,
): Promise<void> {
  const workers = LIBRARIES.map((library) =>
    new Worker(runtime, library, server.port)
  );
  const raw = new RawPeer(server.port);
  for (const one of cases) {
    const figures: Figures = { midge: [], "nats.js": [] };
    for (let round = 0; round < rounds + WARM_UPS; round++) {
      for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const result = await workers[at]!.run(one, publisher(one, server, raw));
        if (round >= WARM_UPS) figures[LIBRARIES[at]!]!.push(result);
      }
    }
    tell(one.name, figures);
  }
  for (const worker of workers) await worker.end();
  raw.end();
}

/** What the client under test hears, if it is to hear something. */
function publisher(
  one: Case,
  { port }: RunningContender,
  raw: RawPeer,
): (() => Promise<unknown>) | undefined {
  const { kind, count, size } = one;
  if (kind === "respond") return () => raw.ask(one);
  if (kind !== "callback" && kind !== "iterator") return undefined;
  const args = ["pubsub", "-subs", "0", "-n", String(count), "-size"];
  return () =>
    promisify(execFile)(buildLoadGenerator(), [
      ...args,
      ...[String(size), "-p", `127.0.0.1:${port}`],
    ]);
}

function row(name: string, figures: Figures): string {
  const mid = (library: string, field: keyof Result): number =>
    median(figures[library]!.map((result) => result[field] ?? NaN));
  const ratio = (field: keyof Result): string =>
    (mid("midge", field) / mid("nats.js", field)).toFixed(2).padStart(6);
  const rate = Math.round(mid("midge", "perSecond")).toLocaleString("en");
  const times = figures["midge"]![0]?.p50Us === undefined
    ? ""
    : `  p50 ${ratio("p50Us")}  p99 ${ratio("p99Us")}`;
  return `  ${name.padEnd(26)} ${rate.padStart(10)}/s ${ratio("perSecond")}` +
    `  cpu ${ratio("cpuNs")}${times}`;
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const cases = CASES.filter(({ name }) => name.includes(values.case ?? ""));
  const printed: Record<string, Record<string, Figures>> = {};
  for (const runtime of runtimes()) {
    if (runtime.name !== (values.runtime ?? runtime.name)) continue;
    for (const contender of [midgeOn(runtime), newestNatsServer()]) {
      if (!contender.name.startsWith(values.server ?? "")) continue;
      const title = `clients on ${runtime.name}, ${contender.name}`;
      if (!values.json) console.log(title);
      const server = await RunningContender.start(contender);
      try {
        const all: Record<string, Figures> = printed[title] = {};
        await measure(
          runtime,
          server,
          cases,
          values.rounds ?? 5,
          (name, of) => {
            all[name] = of;
            if (!values.json) console.log(row(name, of));
          },
        );
      } finally {
        await server.stop();
      }
    }
  }
  if (values.json) console.log(JSON.stringify(printed, null, 2));
}

await runBenchmark(main);
process.exit(0);
