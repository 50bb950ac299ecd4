/**
 * The whole test of the repository, as `npm test` runs it: formatting, lint
 * and types, then every test on Deno, Bun and Node. The last line counts:
 * `N passed, N failed`, with `, N skipped` when there are any.
 *
 *   deno run -A scripts/test.ts [-runtime deno] [-only tests/config] [-name words]
 *
 * `-only` takes a file or a folder, `-name` a part of a test's title; with one
 * of them the checks are left out. Tests that fail or hang are named at the
 * end. In a run of all tests one that failed is run once more by itself
 * (`-again`: tests of a runtime up to which that is done), and is named as
 * unsteady when it passes then. A Node that can run TypeScript is put into
 * `.tools/` when the machine has none.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { builtFile } from "../tests/support/built.ts";
import {
  executableOf,
  NODE_PACKAGE,
  PROJECT_FOLDER,
  type RuntimeName,
  TOOLS_FOLDER,
} from "../tests/support/runtimes.ts";
import { countBun, countDeno, countNode, type Counts } from "./test_counts.ts";
import {
  type Failure,
  failuresOnBun,
  failuresOnDeno,
  failuresOnNode,
  shownFailure,
} from "./test_failures.ts";
import { groupsOf, writeGroups } from "./test_groups.ts";

/** The result of a check, or of the tests on one runtime. */
interface Outcome extends Counts {
  readonly title: string;
  readonly seconds: number;
  readonly hung?: readonly string[];
  /** The failures, with what the runner says of each. */
  readonly why?: readonly string[];
  /** Failures that were none when the test was run by itself. */
  readonly unsteady?: readonly string[];
}

/** A test runner: its arguments before the test files, and how it counts. */
interface Runner {
  readonly name: RuntimeName;
  readonly args: readonly string[];
  /** Limits the tests to those whose titles match a regular expression. */
  filter(pattern: string): string;
  count(said: Said, name: string | undefined): Counts;
  failures(said: Said): Failure[];
}

/** What a runner printed, and the report that Deno writes. */
interface Said {
  readonly output: string;
  readonly report: string;
}

/** What the command line asked for. */
interface Wanted {
  readonly runtime?: string;
  readonly only?: string;
  readonly name?: string;
  /** Failed tests of a runtime up to which each is run once more. */
  readonly again?: string;
}

/** What to run on one runtime. */
interface Task {
  readonly name?: string;
  readonly again: number;
  readonly files: readonly string[];
  /** The single file, for tests that start Midge as a program. */
  readonly program: string | undefined;
}

const NODE_VERSION = "24.21.0";
const JOBS = 3;
/** More failures than these are no matter of load. */
const AGAIN = 3;
// A whole run takes less than 20 minutes, the longest job of CI 90.
const OVERALL_LIMIT_MS = Number(
  process.env["MIDGE_TEST_OVERALL_MS"] ?? 30 * 60_000,
);
// That of Node ends a whole process; tests/support/test.ts names what hung.
const RUNNER_TIMEOUT_MS = OVERALL_LIMIT_MS;
const OWN_FOLDER = mkdtempSync(join(tmpdir(), "midge-tests-"));
const DENO_REPORT = join(OWN_FOLDER, "deno-tests.xml");

/** Files that import several test files: each is a process. */
const GROUPS_FOLDER = join(OWN_FOLDER, "groups");

/** Each test that runs has a file here, which holds its title. */
const RUNNING_FOLDER = join(OWN_FOLDER, "running");

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
    filter: (pattern) => `--filter=/${pattern}/`,
    count: ({ report }, name) => countDeno(report, name),
    failures: ({ report }) => failuresOnDeno(report),
  },
  {
    name: "bun",
    args: ["test", `--parallel=${JOBS}`, `--timeout=${RUNNER_TIMEOUT_MS}`],
    filter: (pattern) => `--test-name-pattern=${pattern}`,
    count: ({ output }) => countBun(output),
    failures: ({ output }) => failuresOnBun(output),
  },
  {
    name: "node",
    args: [
      "--test",
      `--test-concurrency=${JOBS}`,
      `--test-timeout=${RUNNER_TIMEOUT_MS}`,
      "--test-reporter=spec",
    ],
    filter: (pattern) => `--test-name-pattern=${pattern}`,
    count: ({ output }) => countNode(output),
    failures: ({ output }) => failuresOnNode(output),
  },
];

const startedAt = Date.now();
try {
  process.exitCode = await main();
} finally {
  rmSync(OWN_FOLDER, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const wanted = readArguments();
  const { runtime, only, name } = wanted;
  const runners = RUNNERS.filter((runner) =>
    runner.name === (runtime ?? runner.name)
  );
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  provideNode(); // tests on the other runtimes start processes on it, too
  const isWhole = only === undefined && name === undefined;
  const outcomes = isWhole ? await runChecks() : [];
  const files = findTests(wanted);
  // Tests start Midge hundreds of times. Of the sources, a part of them does so.
  const program = isWhole
    ? await builtFile()
    : process.env["MIDGE_TEST_PROGRAM"];
  const again = Number(wanted.again ?? (isWhole ? AGAIN : 0));
  for (const runner of runners) {
    const task = { ...wanted, again, files, program };
    outcomes.push(await runSteadily(runner, task));
  }
  return report(outcomes);
}

// Go's flags take one dash or two, and so do ours.
function readArguments(): Wanted {
  const text = { type: "string" } as const;
  const [...words] = process.argv.slice(2);
  return parseArgs({
    args: words.map((word) => word.replace(/^-+(?=[a-z]+(?:=|$))/, "--")),
    options: { runtime: text, only: text, name: text, again: text },
  }).values;
}

/** The test files at or below `only`, as paths that no runner takes for a pattern. */
function findTests({ only = "tests", name }: Wanted): string[] {
  if (statSync(join(PROJECT_FOLDER, only)).isFile()) return [`./${only}`];
  const files = readdirSync(join(PROJECT_FOLDER, only), { recursive: true })
    .map((file) => `./${join(only, String(file))}`)
    .filter((path) => path.endsWith("_test.ts"))
    .sort();
  return filesNaming(name, files);
}

function filesNaming(name: string = "", files: readonly string[]): string[] {
  const naming = files.filter((path) => textOf(path).includes(name));
  // A title may be built from parts, or stand in a suite: then every file is run.
  return naming.length > 0 ? naming : [...files];
}

function textOf(path: string): string {
  return readFileSync(join(PROJECT_FOLDER, path), "utf8");
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

/** Runs tests on one runtime, and those that fail once more, each by itself. */
async function runSteadily(runner: Runner, task: Task): Promise<Outcome> {
  const { failures, ...outcome } = await runTests(runner, task);
  const { failed, passed } = outcome;
  const isFew = failed === failures.length && failed <= task.again;
  if (!isFew) return outcome;
  const steady: Failure[] = [];
  const unsteady: Failure[] = [];
  for (const failure of failures) {
    const files = filesNaming(failure.name, task.files);
    const alone = await runTests(runner, { ...task, files, ...failure });
    const list = alone.failed === 0 ? unsteady : steady;
    list.push(failure);
  }
  const shown = (list: readonly Failure[]): string[] =>
    list.map((failure) => shownFailure(failure, runner.name));
  return {
    ...outcome,
    passed: passed + unsteady.length,
    failed: steady.length,
    why: shown(steady),
    unsteady: shown(unsteady),
  };
}

/** Runs tests on one runtime. A runner that crashes or runs no test counts as a failure. */
async function runTests(
  { name, args, filter, count, failures }: Runner,
  task: Task,
): Promise<Outcome & { readonly failures: readonly Failure[] }> {
  const file = executableOf(name) ?? name;
  const filters = task.name === undefined
    ? []
    : [filter(task.name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))];
  const groups = groupsOf(task.files, textOf);
  const given = writeGroups(groups, PROJECT_FOLDER, GROUPS_FOLDER);
  const words = [...args, ...filters, ...given];
  rmSync(RUNNING_FOLDER, { recursive: true, force: true });
  mkdirSync(RUNNING_FOLDER);
  const { code, output, seconds } = await run(file, words, {
    MIDGE_TEST_RUNTIME: name,
    MIDGE_TEST_RUNNING: RUNNING_FOLDER,
    DENO_JOBS: String(JOBS),
    ...task.program !== undefined && { MIDGE_TEST_PROGRAM: task.program },
    // Each process of Node would compile the same sources.
    NODE_COMPILE_CACHE: join(OWN_FOLDER, "compile-cache"),
  });
  const said: Said = { output, report: takeFile(DENO_REPORT) };
  const counts = count(said, task.name);
  const ran = counts.passed + counts.failed > 0;
  if (!ran) console.log(`No test ran on ${name}`);
  const failed = code === 0 && ran ? counts.failed : counts.failed || 1;
  const hung = hungTests(output);
  const found = failures(said);
  const why = found.map((failure) => shownFailure(failure, name));
  const outcome = { title: name, ...counts, failed, seconds, hung, why };
  return { ...outcome, failures: found };
}

/** The tests that took longer than their limit, and those that never ended. */
function hungTests(output: string): string[] {
  const late = output.matchAll(/".+" took longer than [\d.]+ s$/gm);
  const left = readdirSync(RUNNING_FOLDER).map((file) =>
    `"${readFileSync(join(RUNNING_FOLDER, file), "utf8")}" did not end`
  );
  return [...new Set([...[...late].map(([line]) => line), ...left])];
}

/** Makes sure that there is a Node that runs TypeScript. */
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

/** Runs a command and shows its output as it arrives. */
function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  console.log(`\n> ${basename(file)} ${args.slice(0, 4).join(" ")}`);
  const began = Date.now();
  // Node's runner does not run within itself, as it would in a test of this file.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(file, args, {
    cwd: PROJECT_FOLDER,
    env: { ...environment, ...env },
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
    const minutes = OVERALL_LIMIT_MS / 60_000;
    show(`\nStopped: the tests took more than ${minutes} min\n`);
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
  for (const { why = [], unsteady = [] } of outcomes) {
    for (const text of why) console.log(`\n${text}`);
    for (const text of unsteady) {
      console.log(`\npassed when it was run alone, ${text}`);
    }
  }
  console.log("");
  console.log(row(["", "passed", "failed", "skipped", "seconds"]));
  for (const outcome of outcomes) {
    const { title, passed, failed, skipped, seconds } = outcome;
    console.log(row([title, passed, failed, skipped, seconds.toFixed(1)]));
  }
  for (const { title, hung = [] } of outcomes) {
    for (const what of hung) console.log(`hung on ${title}: ${what}`);
  }
  const again = sum(({ unsteady = [] }) => unsteady.length);
  if (again > 0) console.log(`\nunsteady: ${again}, to be mended as failures`);
  const rest = skipped === 0 ? "" : `, ${skipped} skipped`;
  console.log(`\n${passed} passed, ${failed} failed${rest}`);
  return failed === 0 ? 0 : 1;
}

function row([title = "", ...cells]: readonly (string | number)[]): string {
  const columns = cells.map((cell) => String(cell).padStart(9));
  return String(title).padEnd(12) + columns.join("");
}
