/**
 * What permissions cost: the same load by a user that may do everything, and by
 * one with ten allow and ten deny rules each for publishing and subscribing, in
 * turn on one server. Prints messages per second, the ratio of the two, and the
 * ratio of the server's processor time for a message, for Midge on each runtime
 * and for nats-server in the same run. The first load meets a plain subject; the
 * subscriptions of the others have a wildcard that is wider than a deny, so that
 * each delivery is judged.
 *
 *   deno run -A scripts/bench_permissions.ts [-rounds 9] [-runtime bun]
 *
 * Needs `cc`, and `nats-server` on the PATH or in `.tools`.
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
  RunningContender,
} from "./contenders.ts";

const LOADS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["1 to 1, 16 B", ["-n", "1500000", "-size", "16"]],
  ["by a wildcard", ["-n", "1500000", "-size", "16", "-wild"]],
  ["10,000 subjects", ["-n", "500000", "-size", "16", "-subjects", "10000"]],
];

/** Rounds for the compilers of the runtimes. */
const WARM_UPS = 3;

const USERS = ["plain", "ruled"] as const;

const TEN = Array.from({ length: 10 }, (_, i) => i);

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 9)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
} as const;

interface Figure {
  /** Messages delivered in a second. */
  readonly perSecond: number;
  /** The server's processor time for each of them. */
  readonly cpuNs: number;
}

/** Natsload publishes on `b.0000000`, or on 10,000 subjects of that form. */
function configuration(): string {
  const allow = TEN.map((i) => i < 9 ? `"a.${i}.*"` : `"b.>"`).join(", ");
  const deny = TEN.map((i) => i < 9 ? `"a.${i}.no"` : `"b.no"`).join(", ");
  const rules = `{ allow: [${allow}], deny: [${deny}] }`;
  return `authorization { users: [
  { user: plain, password: plain }
  { user: ruled, password: ruled, permissions: { publish: ${rules}, subscribe: ${rules} } }
] }\n`;
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const generator = buildLoadGenerator();
  const folder = mkdtempSync(join(tmpdir(), "midge-permissions-"));
  const file = join(folder, "permissions.conf");
  writeFileSync(file, configuration());
  try {
    for (const contender of contendersOn(values.runtime)) {
      await measure(contender, file, generator, values.rounds ?? 9);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  contender: Contender,
  file: string,
  generator: string,
  rounds: number,
): Promise<void> {
  const server = await RunningContender.start(contender, ["-c", file]);
  try {
    for (const [name, args] of LOADS) {
      const figures = { plain: [] as Figure[], ruled: [] as Figure[] };
      for (let round = 0; round < WARM_UPS + rounds; round++) {
        // Each goes first in every other round.
        for (const user of round % 2 === 0 ? USERS : USERS.toReversed()) {
          const figure = run(generator, args, server, user);
          if (round >= WARM_UPS) figures[user].push(figure);
        }
      }
      const [plain, ruled] = USERS.map((user) =>
        median(figures[user].map(({ perSecond }) => perSecond)).toFixed(0)
      );
      const ratioOf = (what: keyof Figure): string =>
        median(
          figures.ruled.map((figure, i) =>
            figure[what] / figures.plain[i]![what]
          ),
        ).toFixed(3);
      console.log(
        `${contender.name.padEnd(14)} ${name.padEnd(16)}` +
          ` without ${plain}/s, with rules ${ruled}/s,` +
          ` ratio ${ratioOf("perSecond")}, of CPU ${ratioOf("cpuNs")}`,
      );
    }
  } finally {
    await server.stop();
  }
}

function run(
  generator: string,
  args: readonly string[],
  { port, pid }: RunningContender,
  user: string,
): Figure {
  const at = `127.0.0.1:${port}`;
  const connect = `"user":"${user}","pass":"${user}"`;
  const output = execFileSync(generator, [
    ...["pubsub", "-p", at, "-s", at, "-pid", String(pid)],
    ...["-connect", connect, ...args],
  ], { encoding: "utf8" });
  const { delivered_per_s, server_cpu_ns_per_msg } = JSON.parse(output);
  return { perSecond: delivered_per_s, cpuNs: server_cpu_ns_per_msg };
}

await runBenchmark(main);
