/**
 * The whole test of the repository, as `npm test` runs it: formatting, lint
 * and types, and every test on Deno, Bun and Node. The last line counts:
 * `N passed, N failed`, with `, N skipped` when there are any.
 *
 *   deno run -A scripts/test.ts [-runtime deno] [-only tests/config] [-name words]
 *     [-slow 20]
 *
 * `-only` takes a file or a folder, `-name` a part of a test's title; with one
 * of them the checks are left out. `-slow 20` lists the 20 tests of each runner
 * that took longest. Tests that fail or hang are named at the end. In a run of
 * all tests one that failed is run once more by itself (`-again`: tests of a
 * runtime up to which that is done), and is named as unsteady when it passes
 * then. A Node that can run TypeScript is put into `.tools/` when the machine
 * has none.
 */
import { spawnSync } from "node:child_process";
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
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
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
import {
  groupsOf,
  isOnStage,
  type TestGroup,
  writeGroups,
} from "./test_groups.ts";
import { Processes } from "./test_process.ts";
import { type Outcome, report } from "./test_report.ts";
import { slowestTests } from "./test_times.ts";

/** A test runner: its arguments before the test files, and how it counts. */
interface Runner {
  readonly name: RuntimeName;
  readonly args: readonly string[];
  /**
   * A program to run before those that the tests kill: what Node has compiled
   * it keeps when a process ends by itself.
   */
  readonly first?: readonly string[];
  /** Has it write a report, if it can. */
  reporting?(file: string): readonly string[];
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
  readonly slow?: string;
  /** Failed tests of a runtime up to which each is run once more. */
  readonly again?: string;
}

/** What a test runner is to run. */
interface Task {
  readonly runner: Runner;
  /** The runtime, and which of its tests. */
  readonly title: string;
  readonly name?: string | undefined;
  readonly groups: readonly TestGroup[];
  /** The single file, for tests that start Midge as a program. */
  readonly program: string | undefined;
  /** Runs beside another task, which is on show. */
  readonly isAside?: boolean;
}

/** What became of it. */
interface Ran {
  readonly task: Task;
  readonly outcome: Outcome;
  readonly failures: readonly Failure[];
  readonly output: string;
}

const NODE_VERSION = "24.21.0";
/** More than there are processors, as a test waits for half of its time. */
const JOBS = 4;
/** More failures than these are no matter of load. */
const AGAIN = 3;
// A whole run takes less than 20 minutes, the longest job of CI 90.
const OVERALL_LIMIT_MS = Number(
  process.env["MIDGE_TEST_OVERALL_MS"] ?? 30 * 60_000,
);
// That of Node ends a whole process; tests/support/test.ts names what hung.
const RUNNER_TIMEOUT_MS = OVERALL_LIMIT_MS;
const OWN_FOLDER = mkdtempSync(join(tmpdir(), "midge-tests-"));

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
    ],
    reporting: (file) => [`--junit-path=${file}`],
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
    first: ["server.ts", "-v"],
    filter: (pattern) => `--test-name-pattern=${pattern}`,
    count: ({ output }) => countNode(output),
    failures: ({ output }) => failuresOnNode(output),
  },
];

const processes = new Processes(OVERALL_LIMIT_MS);
try {
  process.exitCode = await main();
} finally {
  rmSync(OWN_FOLDER, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const wanted = readArguments();
  const { runtime, only, name, slow = 0 } = wanted;
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  provideNode(); // tests on the other runtimes start processes on it, too
  const isWhole = only === undefined && name === undefined;
  const checking = isWhole ? inTurn(CHECKS, runCheck) : Promise.resolve([]);
  const files = findTests(wanted);
  const groups = groupsOf(files, textOf);
  // Tests start Midge hundreds of times. Of the sources, a part of them does so.
  const program = isWhole
    ? await builtFile()
    : process.env["MIDGE_TEST_PROGRAM"];
  const tasks = RUNNERS.filter((runner) =>
    runner.name === (runtime ?? runner.name)
  )
    .map((runner) => ({ runner, title: runner.name, name, groups, program }));
  const ran = isWhole
    ? await runWhole(tasks, checking)
    : await inTurn(tasks, runTests);
  const again = Number(wanted.again ?? (isWhole ? AGAIN : 0));
  const outcomes = await inTurn(ran, (one) => steadied(one, files, again));
  for (const { task, output } of ran) {
    for (const { title, seconds } of slowestTests(output, Number(slow))) {
      console.log(
        `${seconds.toFixed(1).padStart(6)} s ${task.title}: ${title}`,
      );
    }
  }
  return report([...await checking, ...outcomes]);
}

/**
 * The tests on the stage follow each other, whatever runtime they are for, and
 * wait for most of their time, as the checks keep one processor busy. So all of
 * these run beside the other tests.
 */
async function runWhole(
  tasks: readonly Task[],
  checking: Promise<unknown>,
): Promise<Ran[]> {
  const part = (task: Task, isStage: boolean): TestGroup[] =>
    task.groups.filter((group) => isOnStage(group) === isStage);
  const aside = checking.then(() =>
    inTurn(tasks, (task) =>
      runTests({
        ...task,
        title: `${task.title}, stage`,
        groups: part(task, true),
        isAside: true,
      }))
  );
  const others = inTurn(
    tasks,
    (task) => runTests({ ...task, groups: part(task, false) }),
  );
  return (await Promise.all([others, aside])).flat();
}

/** One after the other. */
async function inTurn<One, Made>(
  list: readonly One[],
  run: (one: One) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  for (const one of list) made.push(await run(one));
  return made;
}

// Go's flags take one dash or two, and so do ours.
function readArguments(): Wanted {
  const text = { type: "string" } as const;
  const [...words] = process.argv.slice(2);
  return parseArgs({
    args: words.map((word) => word.replace(/^-+(?=[a-z]+(?:=|$))/, "--")),
    options: { runtime: text, only: text, name: text, again: text, slow: text },
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

async function runCheck(args: readonly string[]): Promise<Outcome> {
  const deno = executableOf("deno") ?? "deno";
  const options = { isAside: true };
  const { code, seconds } = await processes.run(deno, args, options);
  const failed = code === 0 ? 0 : 1;
  return { title: `deno ${args[0]}`, passed: 0, failed, skipped: 0, seconds };
}

/** Runs tests that failed once more, each by itself, if they are few. */
async function steadied(
  { task, outcome, failures }: Ran,
  files: readonly string[],
  again: number,
): Promise<Outcome> {
  const { failed, passed } = outcome;
  const isFew = failed === failures.length && failed <= again;
  if (!isFew) return outcome;
  const steady: Failure[] = [];
  const unsteady: Failure[] = [];
  for (const failure of failures) {
    const groups = groupsOf(filesNaming(failure.name, files), textOf);
    const alone = await runTests({ ...task, groups, name: failure.name });
    const list = alone.outcome.failed === 0 ? unsteady : steady;
    list.push(failure);
  }
  const shown = (list: readonly Failure[]): string[] =>
    list.map((failure) => shownFailure(failure, task.runner.name));
  return {
    ...outcome,
    passed: passed + unsteady.length,
    failed: steady.length,
    why: shown(steady),
    unsteady: shown(unsteady),
  };
}

/** Runs tests on one runtime. A runner that crashes or runs no test counts as a failure. */
async function runTests(task: Task): Promise<Ran> {
  const { runner, title } = task;
  const { name, args, filter, count, failures } = runner;
  const file = executableOf(name) ?? name;
  const filters = task.name === undefined
    ? []
    : [filter(task.name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))];
  const folder = mkdtempSync(join(OWN_FOLDER, "run-"));
  const reportFile = join(folder, "report.xml");
  const reporting = runner.reporting?.(reportFile) ?? [];
  const given = writeGroups(
    task.groups,
    PROJECT_FOLDER,
    join(folder, "groups"),
  );
  // Each test that runs has a file here, which holds its title.
  const running = join(folder, "running");
  mkdirSync(running);
  const words = [...args, ...reporting, ...filters, ...given];
  const env = {
    MIDGE_TEST_RUNTIME: name,
    MIDGE_TEST_RUNNING: running,
    DENO_JOBS: String(JOBS),
    ...task.program !== undefined && { MIDGE_TEST_PROGRAM: task.program },
    // Each process of Node would compile the same sources.
    NODE_COMPILE_CACHE: join(OWN_FOLDER, "compile-cache"),
  };
  const isAside = task.isAside ?? false;
  if (runner.first !== undefined && task.groups.some(isOnStage)) {
    await processes.run(file, runner.first, { env, isAside });
  }
  const run = await processes.run(file, words, { env, isAside });
  const { code, output, seconds } = run;
  const said: Said = { output, report: textIn(reportFile) };
  const counts = count(said, task.name);
  // A file may be left out as a whole; to a filter, what is left out is nothing.
  const left = task.name === undefined ? counts.skipped : 0;
  const ran = counts.passed + counts.failed + left > 0;
  if (!ran) console.log(`No test ran on ${title}`);
  const failed = code === 0 && ran ? counts.failed : counts.failed || 1;
  const hung = hungTests(output, running);
  const found = failures(said);
  const why = found.map((failure) => shownFailure(failure, name));
  return {
    task,
    outcome: { title, ...counts, failed, seconds, hung, why },
    failures: found,
    output,
  };
}

/** The tests that took longer than their limit, and those that never ended. */
function hungTests(output: string, running: string): string[] {
  const late = output.matchAll(/".+" took longer than [\d.]+ s$/gm);
  const left = readdirSync(running).map((file) =>
    `"${readFileSync(join(running, file), "utf8")}" did not end`
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

/** What a file holds, if it is there. */
function textIn(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
