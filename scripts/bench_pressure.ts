/**
 * Back-pressure, Midge beside nats-server in one run on one machine: readers at
 * full speed behind routes, with many subscriptions or with a small
 * `max_pending`, which nobody may close; readers that are slow, which may not
 * hold their publishers; and readers that are stuck, whose memory counts.
 *
 *   deno run -A scripts/bench_pressure.ts [-case routed] [-runtime bun] [-seconds 20] [-rounds 3]
 *
 * Needs `cc`, and nats-server 2.15 as `MIDGE_NATS_SERVER_NEW` or in `.tools/go`.
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { parseFlags } from "../src/config/flags/flags.ts";
import {
  PROJECT_FOLDER,
  runtimes,
  TOOLS_FOLDER,
} from "../tests/support/runtimes.ts";
import { median, runBenchmark } from "./benchmark.ts";

/** A server to measure: its name, and what starts it. */
interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

/** What one run of a case found, in the order of the case's columns. */
type Figures = readonly number[];

interface Case {
  readonly name: string;
  readonly text: string;
  readonly columns: readonly string[];
  run(contender: Contender): Promise<Figures>;
}

const REFERENCE = "nats-server";
const MIB = 1024 * 1024;

const FLAGS = {
  case: { names: ["case"], type: "string", doc: "Only cases named so" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 1)" },
  seconds: {
    names: ["seconds"],
    type: "integer",
    doc: "Length of a run with a slow reader (default 20)",
  },
} as const;

const { values } = parseFlags(FLAGS, process.argv.slice(2));
const seconds = values.seconds ?? 20;

/** One server process, with its ports. */
class Server {
  readonly port: number;
  readonly clusterPort: number;
  readonly #monitorPort: number;
  readonly #process: ReturnType<typeof spawn>;
  readonly #folder: string;

  private constructor(
    [port, clusterPort, monitorPort]: readonly number[],
    child: ReturnType<typeof spawn>,
    folder: string,
  ) {
    this.port = port!;
    this.clusterPort = clusterPort!;
    this.#monitorPort = monitorPort!;
    this.#process = child;
    this.#folder = folder;
  }

  static async start(
    { command }: Contender,
    { config = "", routes }: { config?: string; routes?: readonly number[] } =
      {},
  ): Promise<Server> {
    const ports = [await freePort(), await freePort(), await freePort()];
    const [port, clusterPort, monitorPort] = ports;
    const folder = mkdtempSync(join(tmpdir(), "bench-pressure-"));
    const file = join(folder, "server.conf");
    const urls = (routes ?? []).map((at) => `"nats://127.0.0.1:${at}"`);
    const cluster = routes === undefined ? "" : `cluster {
      name: bench, listen: "127.0.0.1:${clusterPort}", routes: [${urls}]
    }`;
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"
      http: "127.0.0.1:${monitorPort}"
      ${cluster}
      ${config}`,
    );
    const [program, ...args] = command;
    const child = spawn(program!, [...args, "-c", file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await saysReady(child.stderr!);
    return new Server(ports, child, folder);
  }

  async varz(): Promise<Record<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.#monitorPort}/varz`);
    return await answer.json();
  }

  /** Until it knows another server. */
  async joined(): Promise<void> {
    while ((await this.varz())["routes"] === 0) await pause(50);
  }

  get peakMib(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) / 1024;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A client by hand that reads what it wants to. */
class Reader {
  received = 0;
  isClosed = false;
  #isReady = false;
  readonly #socket: Socket;
  readonly #bytesPerSecond: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: number, said: string, bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.write(`CONNECT {"verbose":false}\r\n${said}PING\r\n`);
    this.#socket.on("data", (chunk) => this.#took(chunk));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.isClosed = true);
  }

  /** Resolves when the server has taken what it said. */
  async isReady(): Promise<void> {
    let text = "";
    while (!text.includes("PONG\r\n")) {
      const [chunk] = await once(this.#socket, "data");
      text += chunk;
    }
    this.#isReady = true;
    if (this.#bytesPerSecond === 0) this.#socket.pause();
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #took(chunk: Uint8Array): void {
    this.received += chunk.length;
    if (!this.#isReady || !Number.isFinite(this.#bytesPerSecond)) return;
    this.#socket.pause();
    if (this.#bytesPerSecond === 0) return;
    const ms = chunk.length / this.#bytesPerSecond * 1000;
    this.#timer = setTimeout(() => this.#socket.resume(), ms);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function saysReady(log: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    // It is read to its end: a pipe that is not would stop the server.
    log.on("data", (chunk) => {
      if (text.includes("Server is ready")) return;
      text += chunk;
      if (text.includes("Server is ready")) resolve();
    });
    log.on("end", () => reject(new Error(`no server: ${text}`)));
  });
}

const natsload = ((): string => {
  const program = join(TOOLS_FOLDER, "natsload");
  if (!existsSync(program)) {
    mkdirSync(TOOLS_FOLDER, { recursive: true });
    const source = join(PROJECT_FOLDER, "scripts", "natsload.c");
    execFileSync("cc", ["-O2", "-o", program, source]);
  }
  return program;
})();

const runFile = promisify(execFile);

/** Megabytes per second that arrived; NaN when a client was closed. */
async function load(
  publishAt: Server,
  subscribeAt: Server,
  args: string,
): Promise<number> {
  const [p, s] = [publishAt, subscribeAt].map(({ port }) =>
    `127.0.0.1:${port}`
  );
  try {
    const { stdout } = await runFile(natsload, [
      "pubsub",
      ...["-p", p!, "-s", s!],
      ...args.split(" "),
    ]);
    const { delivered, size, seconds } = JSON.parse(stdout);
    return delivered * size / seconds / 1e6;
  } catch {
    return NaN;
  }
}

/** Runs `body` with servers, which end behind it. */
async function withServers(
  starts: readonly (() => Promise<Server>)[],
  body: (servers: readonly Server[]) => Promise<Figures>,
): Promise<Figures> {
  const servers: Server[] = [];
  try {
    for (const start of starts) servers.push(await start());
    return await body(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Nodes of which each dials those before it. */
async function withCluster(
  contender: Contender,
  nodes: number,
  body: (servers: readonly Server[]) => Promise<Figures>,
): Promise<Figures> {
  const ports: number[] = [];
  const start = async (): Promise<Server> => {
    const server = await Server.start(contender, { routes: [...ports] });
    ports.push(server.clusterPort);
    return server;
  };
  return await withServers(
    Array.from({ length: nodes }, () => start),
    async (servers) => {
      for (const server of servers) await server.joined();
      await pause(500);
      return await body(servers);
    },
  );
}

function routed(size: number, count: number): Case {
  return {
    name: `routed ${size}`,
    text:
      `over a route, ${count} messages of ${size} B to one full-speed reader`,
    columns: ["MB/s", "closed"],
    run: (contender) =>
      withCluster(contender, 2, async ([publish, subscribe]) => {
        const args = `-n ${count} -size ${size}`;
        const rate = await load(publish!, subscribe!, args);
        return [rate, (await subscribe!.varz())["slow_consumers"]!];
      }),
  };
}

/** Two nodes send to a reader at the third. */
const fed: Case = {
  name: "fed",
  text: "two nodes feed one full-speed reader, 2 x 100000 messages of 4096 B",
  columns: ["MB/s", "closed"],
  run: (contender) =>
    withCluster(contender, 3, async ([one, two, subscribe]) => {
      const args = "-n 100000 -size 4096";
      const [rate] = await Promise.all([
        load(one!, subscribe!, args.replace("100000", "200000")),
        load(two!, two!, `-subs 0 ${args}`),
      ]);
      return [rate!, (await subscribe!.varz())["slow_consumers"]!];
    }),
};

function smallLimit(maxPendingBytes: number): Case {
  return {
    name: `limit ${maxPendingBytes}`,
    text: `max_pending ${maxPendingBytes}, 500000 messages of 1 KiB`,
    columns: ["MB/s", "closed"],
    run: (contender) => {
      const config = `max_pending: ${maxPendingBytes}\nmax_payload: 131072`;
      return withServers(
        [() => Server.start(contender, { config })],
        async ([server]) => {
          const rate = await load(server!, server!, "-n 500000 -size 1024");
          return [rate, (await server!.varz())["slow_consumers"]!];
        },
      );
    },
  };
}

const SUBSCRIPTIONS = 1000;
const TINY_MESSAGES = 10_000;

const tiny: Case = {
  name: "tiny",
  text: "10000 tiny messages to 1000 subscriptions of one full-speed client",
  columns: ["seconds", "closed"],
  run: (contender) =>
    withServers([() => Server.start(contender)], async ([server]) => {
      let said = "";
      for (let n = 0; n < SUBSCRIPTIONS; n++) said += `SUB a ${1000 + n}\r\n`;
      const reader = new Reader(server!.port, said, Infinity);
      await reader.isReady();
      const publisher = new Reader(server!.port, "", Infinity);
      await publisher.isReady();
      const wanted = TINY_MESSAGES * SUBSCRIPTIONS *
        "MSG a 1000 1\r\nx\r\n".length;
      const start = performance.now();
      publisher.say("PUB a 1\r\nx\r\n".repeat(TINY_MESSAGES));
      while (reader.received < wanted && !reader.isClosed) await pause(10);
      const took = reader.isClosed ? NaN : (performance.now() - start) / 1000;
      for (const client of [reader, publisher]) client.close();
      return [took, (await server!.varz())["slow_consumers"]!];
    }),
};

/** A reader at this rate beside five publishers without limit. */
function slow(kilobytesPerSecond: number, publishers = 5): Case {
  return {
    name: `slow ${kilobytesPerSecond} of ${publishers}`,
    text:
      `${publishers} publishers for ${seconds} s, one reader at ${kilobytesPerSecond} kB/s`,
    columns: ["GB published", "slow one lived s", "stale"],
    run: (contender) =>
      withServers([() => Server.start(contender)], async ([server]) => {
        const reader = new Reader(
          server!.port,
          "SUB b.> 1\r\n",
          kilobytesPerSecond * 1000,
        );
        await reader.isReady();
        const start = performance.now();
        let livedMs = Infinity;
        const args =
          `-subs 0 -pubs ${publishers} -n 1000000000 -size 1024 -timeout ${seconds}`;
        const loading = load(server!, server!, args);
        let isOver = false;
        void loading.then(() => isOver = true);
        while (!isOver && (await server!.varz())["slow_consumers"] === 0) {
          await pause(100);
        }
        if (!isOver) livedMs = performance.now() - start;
        await loading;
        const varz = await server!.varz();
        reader.close();
        return [
          varz["in_bytes"]! / 1e9,
          livedMs / 1000,
          varz["stale_connections"] ?? 0,
        ];
      }),
  };
}

/** Readers that take nothing of 20 MB each; `limit` is a key of Midge's own. */
function stuck(limit: string): Case {
  return {
    name: `stuck ${limit}`.trimEnd(),
    text: `100 readers that read nothing of 20 MB each, ${limit || "no limit"}`,
    columns: ["peak MiB", "closed"],
    run: (contender) => {
      const own = contender.name === REFERENCE ? "" : limit;
      const config = `write_deadline: "60s"\n${own}`;
      return withServers(
        [() => Server.start(contender, { config })],
        async ([server]) => {
          const readers = Array.from(
            { length: 100 },
            () => new Reader(server!.port, "SUB b.> 1\r\n", 0),
          );
          await Promise.all(readers.map((reader) => reader.isReady()));
          await load(
            server!,
            server!,
            "-subs 0 -n 5000 -size 4096 -timeout 20",
          );
          const { slow_consumers } = await server!.varz();
          const figures = [server!.peakMib, slow_consumers!];
          for (const reader of readers) reader.close();
          return figures;
        },
      );
    },
  };
}

const CASES: readonly Case[] = [
  routed(4096, 100_000),
  routed(1024, 400_000),
  fed,
  tiny,
  smallLimit(262_144),
  smallLimit(MIB),
  slow(100),
  slow(300),
  slow(3000),
  slow(30_000),
  stuck(""),
  stuck("max_pending_total: 256mb"),
];

function contenders(): Contender[] {
  const fallback = join(TOOLS_FOLDER, "go", "nats-server");
  const reference = process.env["MIDGE_NATS_SERVER_NEW"] ?? fallback;
  const script = join(PROJECT_FOLDER, "server.ts");
  return [
    { name: REFERENCE, command: [reference] },
    ...runtimes()
      .filter(({ name }) =>
        values.runtime === undefined || name === values.runtime
      )
      .map(({ name, command }) => ({
        name: `midge on ${name}`,
        command: [...command, script],
      })),
  ];
}

async function main(): Promise<void> {
  const rounds = values.rounds ?? 1;
  for (const { name, text, columns, run } of CASES) {
    if (!name.includes(values.case ?? "")) continue;
    console.log(`${name}: ${text}`);
    for (const contender of contenders()) {
      const results: Figures[] = [];
      for (let n = 0; n < rounds; n++) results.push(await run(contender));
      const shown = columns.map((column, at) =>
        `${column} ${shownOf(results.map((figures) => figures[at]!))}`
      );
      console.log(`  ${contender.name.padEnd(16)} ${shown.join("   ")}`);
    }
  }
}

/** The median, and all of them where there are several. */
function shownOf(figures: readonly number[]): string {
  const shown = figures.map((figure) => figure.toFixed(1));
  if (figures.length === 1) return shown[0]!;
  return `${median(figures).toFixed(1)} (${shown.join(" ")})`;
}

await runBenchmark(main);
