/**
 * The whole test of the repository, as `npm test` runs it: formatting, lint
 * and types, then every test on Deno, Bun and Node. The last line counts:
 * `N passed, N failed`, with `, N skipped` when there are any.
 *
 *   deno run -A scripts/test.ts [-runtime deno] [-only tests/config]
 *
 * A Node that can run TypeScript is put into `.tools/` when the machine has
 * none. With `-only` the checks are left out.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { parseArgs, stripVTControlCharacters } from "node:util";
import {
  executableOf,
  NODE_PACKAGE,
  PROJECT_FOLDER,
  type RuntimeName,
  TOOLS_FOLDER,
} from "../tests/support/runtimes.ts";
import { countBun, countDeno, countNode, type Counts } from "./test_counts.ts";

/** What a check, or the tests on one runtime, came to. */
interface Outcome extends Counts {
  readonly title: string;
  readonly seconds: number;
}

/** A test runner: its arguments before the test files, and how it counts. */
interface Runner {
  readonly name: RuntimeName;
  readonly args: readonly string[];
  count(output: string): Counts;
}

const NODE_VERSION = "24.21.0";
const JOBS = 3;
// Above the limit of tests/support/test.ts, which names what hung.
const RUNNER_TIMEOUT_MS = 10 * 60_000;
const OVERALL_LIMIT_MS = 10 * 60_000;
const DENO_REPORT = join(TOOLS_FOLDER, "deno-tests.xml");

const CHECKS: readonly (readonly string[])[] = [
  ["fmt", "--check"],
  ["lint"],
  ["check", "."],
];

const RUNNERS: readonly Runner[] = [
  {
    name: "deno",
    args: [
      "test",
      "-A",
      "--parallel",
      "--no-check",
      `--junit-path=${DENO_REPORT}`,
    ],
    count: () => countDeno(takeFile(DENO_REPORT)),
  },
  {
    name: "bun",
    args: ["test", `--parallel=${JOBS}`, `--timeout=${RUNNER_TIMEOUT_MS}`],
    count: countBun,
  },
  {
    name: "node",
    args: ["--test", `--test-concurrency=${JOBS}`, "--test-reporter=spec"],
    count: countNode,
  },
];

const startedAt = Date.now();
process.exitCode = await main();

async function main(): Promise<number> {
  const { runtime, only } = readArguments();
  const runners = RUNNERS.filter(({ name }) => name === (runtime ?? name));
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  takeFile(DENO_REPORT); // of a run that was interrupted
  provideNode(); // tests on the other runtimes start processes on it, too
  const outcomes = only === undefined ? await runChecks() : [];
  for (const runner of runners) {
    outcomes.push(await runTests(runner, findTests(only)));
  }
  return report(outcomes);
}

// Go's flags take one dash or two, and so do ours.
function readArguments(): { runtime?: string; only?: string } {
  return parseArgs({
    args: process.argv.slice(2).map((word) => word.replace(/^-+/, "--")),
    options: { runtime: { type: "string" }, only: { type: "string" } },
  }).values;
}

/** The test files at or below `place`, as paths that no runner takes for a pattern. */
function findTests(place: string = "tests"): string[] {
  if (statSync(join(PROJECT_FOLDER, place)).isFile()) return [`./${place}`];
  return readdirSync(join(PROJECT_FOLDER, place), { recursive: true })
    .map((name) => `./${join(place, String(name))}`)
    .filter((path) => path.endsWith("_test.ts"))
    .sort();
}

async function runChecks(): Promise<Outcome[]> {
  const deno = executableOf("deno") ?? "deno";
  const outcomes: Outcome[] = [];
  for (const args of CHECKS) {
    const { code, seconds } = await run(deno, args);
    const failed = code === 0 ? 0 : 1;
    const title = `deno ${args[0]}`;
    outcomes.push({ title, passed: 0, failed, skipped: 0, seconds });
  }
  return outcomes;
}

/** Runs tests on one runtime. A runner that crashes or runs no test counts as a failure. */
async function runTests(
  { name, args, count }: Runner,
  tests: readonly string[],
): Promise<Outcome> {
  const file = executableOf(name) ?? name;
  const { code, output, seconds } = await run(file, [...args, ...tests], {
    MIDGE_TEST_RUNTIME: name,
    DENO_JOBS: String(JOBS),
  });
  const counts = count(output);
  const ran = counts.passed + counts.failed > 0;
  const failed = code === 0 && ran ? counts.failed : counts.failed || 1;
  return { title: name, ...counts, failed, seconds };
}

/** Makes sure of a Node that runs TypeScript. */
function provideNode(): void {
  if (executableOf("node") !== undefined) return;
  const what = `${NODE_PACKAGE}@${NODE_VERSION}`;
  console.log(`\nInstalling ${what} into ${TOOLS_FOLDER}`);
  const where = ["--prefix", TOOLS_FOLDER, "--no-save"];
  spawnSync("npm", ["install", ...where, what], { stdio: "inherit" });
}

interface Finished {
  readonly code: number | null;
  /** Both streams, without colours. */
  readonly output: string;
  readonly seconds: number;
}

/** Runs a command and shows its output while it comes. */
function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  console.log(`\n> ${basename(file)} ${args.slice(0, 4).join(" ")}`);
  const began = Date.now();
  const child = spawn(file, args, {
    cwd: PROJECT_FOLDER,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const show = (text: string): void => {
    output += text;
    process.stdout.write(text);
  };
  child.stdout.setEncoding("utf8").on("data", show);
  child.stderr.setEncoding("utf8").on("data", show);
  child.on("error", (error) => show(`${error}\n`));
  const stopLate = setTimeout(() => {
    show(
      `\nStopped: the tests took more than ${OVERALL_LIMIT_MS / 60_000} min\n`,
    );
    child.kill("SIGTERM");
  }, startedAt + OVERALL_LIMIT_MS - began);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(stopLate);
      const seconds = (Date.now() - began) / 1000;
      resolve({ code, output: stripVTControlCharacters(output), seconds });
    });
  });
}

/** Reads a file and removes it; a file that is not there is empty. */
function takeFile(path: string): string {
  if (!existsSync(path)) return "";
  const text = readFileSync(path, "utf8");
  rmSync(path);
  return text;
}

/** Prints the table and the line that ends it; returns the exit code. */
function report(outcomes: readonly Outcome[]): number {
  const sum = (of: (outcome: Outcome) => number): number =>
    outcomes.map(of).reduce((total, number) => total + number, 0);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed);
  const skipped = sum((outcome) => outcome.skipped);
  console.log("");
  console.log(row(["", "passed", "failed", "skipped", "seconds"]));
  for (const outcome of outcomes) {
    const { title, passed, failed, skipped, seconds } = outcome;
    console.log(row([title, passed, failed, skipped, seconds.toFixed(1)]));
  }
  const rest = skipped === 0 ? "" : `, ${skipped} skipped`;
  console.log(`\n${passed} passed, ${failed} failed${rest}`);
  return failed === 0 ? 0 : 1;
}

function row([title = "", ...cells]: readonly (string | number)[]): string {
  const columns = cells.map((cell) => String(cell).padStart(9));
  return String(title).padEnd(12) + columns.join("");
}
