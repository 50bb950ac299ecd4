/**
 * Back-pressure, Midge beside nats-server in one run on one machine: readers at
 * full speed behind routes, with many subscriptions or with a small
 * `max_pending`, which nobody may close; readers that are slow, which may not
 * hold their publishers; and readers that are stuck, whose memory counts.
 *
 *   deno run -A scripts/bench_pressure.ts [-case routed] [-runtime bun] [-seconds 20] [-rounds 3]
 *
 * Needs `cc`, and nats-server 2.15 as `MIDGE_NATS_SERVER_NEW`, in `.tools/go` or in
 * the PATH.
 */
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { parseFlags } from "../src/config/flags/flags.ts";
import { median, runBenchmark } from "./benchmark.ts";
import { type Contender, contendersOn, REFERENCE } from "./contenders.ts";
import {
  load,
  PacedReader,
  PressedServer,
  withCluster,
  withServers,
} from "./pressed_servers.ts";

/** What one run of a case found, in the order of the case's columns. */
type Figures = readonly number[];

interface Case {
  readonly name: string;
  readonly text: string;
  readonly columns: readonly string[];
  run(contender: Contender): Promise<Figures>;
}

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
        [() => PressedServer.start(contender, { config })],
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
    withServers([() => PressedServer.start(contender)], async ([server]) => {
      let said = "";
      for (let n = 0; n < SUBSCRIPTIONS; n++) said += `SUB a ${1000 + n}\r\n`;
      const reader = new PacedReader(server!.port, said, Infinity);
      await reader.isReady();
      const publisher = new PacedReader(server!.port, "", Infinity);
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
      withServers([() => PressedServer.start(contender)], async ([server]) => {
        const reader = new PacedReader(
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
        [() => PressedServer.start(contender, { config })],
        async ([server]) => {
          const readers = Array.from(
            { length: 100 },
            () => new PacedReader(server!.port, "SUB b.> 1\r\n", 0),
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

async function main(): Promise<void> {
  const rounds = values.rounds ?? 1;
  for (const { name, text, columns, run } of CASES) {
    if (!name.includes(values.case ?? "")) continue;
    console.log(`${name}: ${text}`);
    for (const contender of contendersOn(values.runtime)) {
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
