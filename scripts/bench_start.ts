/**
 * The start-up times of the programs that Midge ships, beside nats-server in the
 * same run: until `-v` has ended, and until the broker says "Server is ready".
 * Rounds are interleaved, the median counts, and the ratio is to nats-server's;
 * of a machine with other work the least says more. Beside what takes longer
 * than it should stands how long that is.
 *
 *   deno run -A scripts/bench_start.ts [-rounds 11] [-json]
 *
 * Builds what it measures; needs `nats-server` on the PATH.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import {
  builtBinary,
  builtFile,
  builtNodeBinary,
} from "../tests/support/built.ts";
import { oldNode } from "../tests/support/old_node.ts";
import { runtimes } from "../tests/support/runtimes.ts";
import { median, runBenchmark } from "./benchmark.ts";

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** The program that was built; not used for nats-server. */
  readonly file?: string;
  /** It should be ready by then. */
  readonly limitMs?: number | undefined;
  readonly versionMs: number[];
  readonly readyMs: number[];
}

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 11)" },
  json: { names: ["json"], type: "boolean", doc: "Print the times as JSON" },
} as const;

const LIMITS_MS: Readonly<Record<string, number>> = {
  "midge.mjs on bun": 150,
  "midge.mjs on deno": 200,
  "midge.mjs on node": 200,
  "binary on bun": 120,
};

const SERVER = ["-a", "127.0.0.1", "-p", "-1"];

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const contenders = await allContenders();
  for (let round = 0; round < (values.rounds ?? 11); round++) {
    for (const { command, versionMs, readyMs } of contenders) {
      versionMs.push(await timeVersion(command));
      readyMs.push(await timeReady(command));
    }
  }
  if (values.json) console.log(JSON.stringify(contenders, null, 2));
  else printTable(contenders);
}

async function allContenders(): Promise<Contender[]> {
  const file = await builtFile();
  const [binary, nodeBinary] = [await builtBinary(), await builtNodeBinary()];
  const old = oldNode === undefined
    ? []
    : [{ name: "node 20", command: [oldNode] }];
  return [
    contender("nats-server", ["nats-server"]),
    ...[...runtimes(), ...old].map(({ name, command }) =>
      contender(`midge.mjs on ${name}`, [...command, file], file)
    ),
    contender("binary on bun", [binary], binary),
    contender("binary on node", [nodeBinary], nodeBinary),
  ];
}

function contender(
  name: string,
  command: readonly string[],
  file?: string,
): Contender {
  const times = { versionMs: [], readyMs: [] };
  const limitMs = LIMITS_MS[name];
  return {
    ...{ name, command, limitMs },
    ...file === undefined ? {} : { file },
    ...times,
  };
}

async function timeVersion(command: readonly string[]): Promise<number> {
  const [program, ...args] = command;
  const began = performance.now();
  const child = spawn(program!, [...args, "-v"], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command.join(" ")} -v failed`);
  return performance.now() - began;
}

async function timeReady(command: readonly string[]): Promise<number> {
  const [program, ...args] = command;
  const began = performance.now();
  const child = spawn(program!, [...args, ...SERVER], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  let text = "";
  for await (const chunk of child.stderr) {
    text += chunk;
    if (text.includes("Server is ready")) break;
  }
  const elapsed = performance.now() - began;
  child.kill("SIGKILL");
  await ended;
  if (text.includes("Server is ready")) return elapsed;
  throw new Error(`${command.join(" ")} did not start: ${text}`);
}

function printTable(contenders: readonly Contender[]): void {
  const [reference] = contenders;
  const cell = (mine: readonly number[], base: readonly number[]): string => {
    const ratio = median(mine) / median(base);
    return `${median(mine).toFixed(0).padStart(9)} ${
      ratio.toFixed(1).padStart(5)
    }`;
  };
  console.log(
    `${" ".repeat(20)}     MB    -v ms ratio ready ms ratio  least ms`,
  );
  for (const { name, file, limitMs, versionMs, readyMs } of contenders) {
    const size = file === undefined
      ? "-"
      : (statSync(file).size / 1e6).toFixed(1);
    console.log(
      name.padEnd(20) + size.padStart(7) +
        cell(versionMs, reference!.versionMs) +
        cell(readyMs, reference!.readyMs) +
        Math.min(...readyMs).toFixed(0).padStart(10) +
        (median(readyMs) > (limitMs ?? Infinity) ? `  over ${limitMs}` : ""),
    );
  }
}

await runBenchmark(main);
