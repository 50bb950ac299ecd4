/**
 * JetStream beside nats-server in one run: publishing with acknowledgements,
 * fetching, pushing, keys, a large stream and its restart, and what core messages
 * pay. Prints the median of each figure and its ratio to nats-server's: rates above
 * 1, and times and sizes below 1, are Midge ahead.
 *
 *   deno run -A scripts/bench_jetstream.ts [-rounds 5] [-runtime bun] [-case fetch]
 *
 * Needs `cc`, and `nats-server` on the PATH or in `.tools`. All servers run at once
 * and are measured in turn, after some rounds that do not count.
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
  REFERENCE,
  RunningContender,
} from "./contenders.ts";
import { JetStreamLine } from "./jetstream_line.ts";

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 5)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  case: {
    names: ["case"],
    type: "string",
    doc: "Only cases whose name contains this",
  },
} as const;

/** A case gives one figure in each round. */
interface Case {
  readonly name: string;
  /** `isSlow`: the server syncs for each message, and gets fewer. */
  measure(line: JetStreamLine, isSlow: boolean): Promise<number>;
}

/** Rounds that do not count: the runtimes compile what is used often. */
const WARM_ROUNDS = 3;
const SIZE = 128;
const IN_FLIGHT = 256;
const PUBLISHED = 200_000;
const PUBLISHED_SLOWLY = 1_000;
const READ = 50_000;
const BATCH = 500;
const KEYS = 2_000;
const LARGE = 1_000_000;
const LARGE_SUBJECTS = 100_000;

const CASES: readonly Case[] = [
  {
    name: "memory, publish 128 B, 256 in flight, acks/s",
    measure: (line) => publishRate(line, "memory", PUBLISHED),
  },
  {
    name: "file, publish 128 B, 256 in flight, acks/s",
    measure: (line, isSlow) =>
      publishRate(line, "file", isSlow ? PUBLISHED_SLOWLY : PUBLISHED),
  },
  ...(["memory", "file"] as const).flatMap((storage): Case[] => [
    {
      name: `${storage}, fetch of 500, messages/s`,
      async measure(line) {
        await line.filled(storage, READ, SIZE);
        await line.consumer({ ack_policy: "none" });
        return await rate(READ, () => line.fetch(READ, BATCH));
      },
    },
    {
      name: `${storage}, fetch of 500 and acks, messages/s`,
      async measure(line) {
        await line.filled(storage, READ, SIZE);
        await line.consumer({ ack_policy: "explicit", max_ack_pending: -1 });
        return await rate(READ, () => line.fetchAndAck(READ, BATCH));
      },
    },
  ]),
  {
    name: "memory, push, messages/s",
    async measure(line) {
      await line.filled("memory", READ, SIZE);
      return await rate(READ, async () => {
        await line.consumer({ ack_policy: "none", deliver_subject: "to" });
        await line.pushed(READ);
      });
    },
  },
  ...(["memory", "file"] as const).flatMap((storage): Case[] => [
    {
      name: `${storage}, put of a key, p50 us`,
      async measure(line) {
        await line.bucket(storage);
        return await line.latency(KEYS, (i) => line.put(i % 100));
      },
    },
    {
      name: `${storage}, get of a key, p50 us`,
      async measure(line) {
        await line.bucket(storage);
        for (let i = 0; i < 100; i++) await line.put(i);
        return await line.latency(KEYS, (i) => line.get(i % 100));
      },
    },
  ]),
];

async function publishRate(
  line: JetStreamLine,
  storage: "memory" | "file",
  count: number,
): Promise<number> {
  await line.stream(storage);
  return await rate(count, () => line.publish(count, SIZE, IN_FLIGHT));
}

/** How many of `count` in a second. */
async function rate(
  count: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const begin = performance.now();
  await work();
  return count / (performance.now() - begin) * 1000;
}

/** nats-server as it is by default, and syncing before it acknowledges; Midge. */
function contenders(runtime: string | undefined): Contender[] {
  const [reference, ...others] = contendersOn(runtime);
  return [
    reference!,
    { ...reference!, name: `${REFERENCE} always` },
    ...others,
  ];
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const folder = mkdtempSync(join(tmpdir(), "midge-jetstream-"));
  const wanted = values.case ?? "";
  try {
    const chosen = contenders(values.runtime);
    await compare(
      CASES.filter(({ name }) => name.includes(wanted)),
      chosen,
      values.rounds ?? 5,
      folder,
    );
    if ("large".includes(wanted)) await large(chosen, folder);
    if ("core".includes(wanted)) {
      await core(chosen, values.rounds ?? 5, folder);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function argumentsOf({ name }: Contender, folder: string): string[] {
  const store = join(folder, name.replaceAll(" ", "_"));
  if (!name.endsWith("always")) return ["-js", "-sd", store];
  const file = `${store}.conf`;
  writeFileSync(
    file,
    `jetstream { store_dir: ${JSON.stringify(store)}, sync_interval: always }`,
  );
  return ["-c", file];
}

async function compare(
  cases: readonly Case[],
  chosen: readonly Contender[],
  rounds: number,
  folder: string,
): Promise<void> {
  const servers: RunningContender[] = [];
  try {
    for (const one of cases.length > 0 ? chosen : []) {
      servers.push(
        await RunningContender.start(one, argumentsOf(one, folder)),
      );
    }
    for (const one of cases) {
      const figures: number[][] = servers.map(() => []);
      for (let round = -WARM_ROUNDS; round < rounds; round++) {
        for (const [i, server] of servers.entries()) {
          const line = await JetStreamLine.open(server.port);
          const isSlow = chosen[i]!.name.endsWith("always");
          const figure = await one.measure(line, isSlow);
          await line.close();
          if (round >= 0) figures[i]!.push(figure);
        }
      }
      print(one.name, chosen, figures.map(median));
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

function print(
  name: string,
  chosen: readonly Contender[],
  figures: readonly number[],
): void {
  console.log(name);
  for (const [i, figure] of figures.entries()) {
    const ratio = (figure / figures[0]!).toFixed(2);
    console.log(
      `  ${chosen[i]!.name.padEnd(20)} ${
        figure.toFixed(figure < 100 ? 1 : 0).padStart(10)
      }  ${ratio}`,
    );
  }
}

/** A million messages over 100,000 subjects: what stays in memory, and how long a restart takes. */
async function large(
  chosen: readonly Contender[],
  folder: string,
): Promise<void> {
  const measured = chosen.filter(({ name }) => !name.endsWith("always"));
  const resident: number[] = [];
  const restart: number[] = [];
  const after: number[] = [];
  for (const one of measured) {
    const args = argumentsOf({ ...one, name: `${one.name} large` }, folder);
    const server = await RunningContender.start(one, args);
    const line = await JetStreamLine.open(server.port);
    await line.stream("file", ["large.*"]);
    await line.publish(LARGE, SIZE, 5000, LARGE_SUBJECTS);
    resident.push(server.memory("VmRSS"));
    line.leave();
    server.signal("SIGTERM");
    await server.stop("gently");
    const begin = performance.now();
    const again = await RunningContender.start(one, args);
    restart.push(performance.now() - begin);
    after.push(again.memory("VmRSS"));
    const reader = await JetStreamLine.open(again.port);
    const count = await reader.count();
    if (count !== LARGE) throw new Error(`${one.name} has ${count} messages`);
    await reader.close();
    await again.stop();
  }
  print("large: 1 M messages, MiB resident", measured, resident);
  print("large: restart, ms until ready", measured, restart);
  print("large: MiB resident after the restart", measured, after);
}

/** Core messages with JetStream on, beside off, in turn. */
async function core(
  chosen: readonly Contender[],
  rounds: number,
  folder: string,
): Promise<void> {
  const generator = buildLoadGenerator();
  for (const one of chosen.filter(({ name }) => !name.endsWith("always"))) {
    const args = argumentsOf({ ...one, name: `${one.name} core` }, folder);
    const servers = [
      await RunningContender.start(one),
      await RunningContender.start(one, args),
    ];
    const figures: [number[], number[]] = [[], []];
    for (let round = 0; round <= rounds; round++) {
      for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const at = `127.0.0.1:${servers[i]!.port}`;
        const output = execFileSync(generator, [
          ...["pubsub", "-p", at, "-s", at, "-n", "1000000", "-size", "16"],
        ], { encoding: "utf8" });
        if (round > 0) figures[i]!.push(JSON.parse(output).delivered_per_s);
      }
    }
    for (const server of servers) await server.stop();
    const ratio = median(figures[1].map((on, i) => on / figures[0][i]!));
    console.log(
      `core: ${one.name.padEnd(16)} 1 to 1, 16 B, on / off ${ratio.toFixed(3)}`,
    );
  }
}

await runBenchmark(main);
