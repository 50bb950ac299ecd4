/**
 * `midge bench -versus`: starts Midge, on this runtime, and nats-server, on free
 * ports of 127.0.0.1, and measures the same cases on both in turn.
 */
import { BenchCourse } from "../../bench/course.ts";
import { textTable } from "../../bench/report.ts";
import { compare, type Comparison } from "../../bench/rounds.ts";
import {
  FlagError,
  type FlagsOf,
  type FlagValues,
} from "../../config/flags/flags.ts";
import { isError } from "../../core/errors.ts";
import { platform } from "../../runtime/mod.ts";
import {
  ChildProgram,
  ownCommand,
  passingFolder,
} from "../../runtime/process/child.ts";
import {
  exit,
  onSignal,
  print,
  printError,
  writeTextFile,
} from "../../runtime/process/system.ts";
import { isTerminal } from "../../runtime/process/terminal.ts";
import { unknownWord } from "../command.ts";
import { versusChart } from "./charts.ts";
import { closeLines, openPlainLines } from "./connecting.ts";
import { PLOT_FLAG, textFlag } from "./flags.ts";
import { countOf, secondsOf } from "./numbers.ts";
import { VERSUS_CASES, type VersusCase } from "./versus_cases.ts";
import {
  comparisonJson,
  comparisonRows,
  type VersusResult,
} from "./versus_report.ts";

export const VERSUS_FLAGS: VersusFlagTable = {
  versus: textFlag(
    "versus",
    "program",
    "Start Midge and this nats-server, and compare them: nats-server, or its path",
  ),
  rounds: textFlag(
    "rounds",
    "n",
    "With -versus: times to measure each case on both (3); medians count",
  ),
  seconds: textFlag("seconds", "s", "With -versus: time for each case (1)"),
  cases: textFlag(
    "cases",
    "name,name",
    "With -versus: some of " +
      [...new Set(VERSUS_CASES.map(({ key }) => key))].join(", "),
  ),
  json: {
    names: ["json"],
    type: "boolean",
    doc: "With -versus: print one JSON object",
  },
  plot: PLOT_FLAG,
};

type VersusFlagTable =
  & FlagsOf<"versus" | "rounds" | "seconds" | "cases" | "plot", "string">
  & FlagsOf<"json", "boolean">;

/** A server that runs, and where. */
interface RunningServer {
  readonly name: string;
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

const SECONDS = "1";
const ROUNDS = 3;
/** Before the rounds each case runs for this part of its time. */
const WARM_UP_SHARE = 0.25;
/** A server that is not ready by then never is. */
const READY_MS = 30_000;

/** Throws FlagError for bad flags; resolves with the exit code. */
export async function runVersus(
  flags: FlagValues<VersusFlagTable>,
): Promise<number> {
  const durationMs = secondsOf("seconds", flags.seconds ?? SECONDS);
  const rounds = countOf("rounds", flags.rounds, ROUNDS);
  const cases = casesOf(flags.cases);
  const servers: RunningServer[] = [];
  try {
    const program = flags.versus ?? "";
    const streams = cases.some(({ usesStreams }) => usesStreams);
    servers.push(await startServer(program, [program], streams));
    servers.unshift(await startServer("midge", ownCommand(), streams));
    const [midge, other] = servers;
    const { comparisons, interrupted } = await measureAll(
      cases,
      rounds,
      durationMs,
      [midge!, other!],
    );
    const result: VersusResult = {
      midge: { version: midge!.version, runtime: platform.runtimeName },
      other: { program: other!.name, version: other!.version },
      rounds,
      seconds: durationMs / 1000,
      interrupted,
      comparisons,
    };
    report(result, flags.json === true);
    if (flags.plot !== undefined) {
      writeTextFile(flags.plot, versusChart(result));
    }
    return 0;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function report(result: VersusResult, asJson: boolean): void {
  if (asJson) return print(`${JSON.stringify(comparisonJson(result))}\n`);
  const { midge, other, interrupted } = result;
  print(
    `Midge on ${midge.runtime} beside ${other.program} ${other.version}, ` +
      `medians of ${result.rounds}${interrupted ? "; interrupted" : ""}\n\n` +
      textTable(comparisonRows(result)) +
      "\nA ratio above 1 says that Midge is ahead.\n",
  );
}

function casesOf(text: string | undefined): VersusCase[] {
  if (text === undefined) return [...VERSUS_CASES];
  const keys = VERSUS_CASES.map(({ key }) => key);
  const wanted = text.split(",").map((word) => word.trim());
  for (const word of wanted) {
    if (keys.includes(word)) continue;
    throw new FlagError(`-cases: ${unknownWord("case", word, keys)}`);
  }
  return VERSUS_CASES.filter(({ key }) => wanted.includes(key));
}

async function startServer(
  name: string,
  command: readonly string[],
  withStreams: boolean,
): Promise<RunningServer> {
  const store = passingFolder();
  const args = ["-a", "127.0.0.1", "-p", "-1"];
  if (withStreams) args.push("-js", "-sd", store.path);
  let child: ChildProgram | undefined;
  const stop = async (): Promise<void> => {
    await child?.stop();
    store.remove();
  };
  try {
    child = ChildProgram.start([...command, ...args]);
    const timer = platform.clock.after(READY_MS, () => child?.kill());
    const [, port] = await child.saying(
      /Listening for client connections on \S+:(\d+)/,
    );
    await child.saying(/Server is ready/);
    timer.cancel();
    const url = `127.0.0.1:${port}`;
    return { name, url, version: await versionAt(url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function versionAt(url: string): Promise<string> {
  const lines = await openPlainLines(url, 1, new BenchCourse(platform.clock));
  const { version = "" } = lines[0]!.connection.info ?? {};
  await closeLines(lines);
  return version;
}

interface Measurements {
  readonly comparisons: readonly Comparison[];
  readonly interrupted: boolean;
}

async function measureAll(
  cases: readonly VersusCase[],
  rounds: number,
  durationMs: number,
  servers: readonly [RunningServer, RunningServer],
): Promise<Measurements> {
  let course: BenchCourse | undefined;
  let interrupted = false;
  const undo = (["SIGINT", "SIGTERM"] as const).map((name) =>
    onSignal(name, () => {
      if (interrupted) exit(1);
      interrupted = true;
      course?.interrupt();
    })
  );
  const show = isTerminal("stderr");
  const measureOne = async (
    one: VersusCase,
    server: RunningServer,
    ms: number,
    what: string,
  ): Promise<number[]> => {
    const [{ name } = { name: "" }] = one.metrics;
    if (show) printError(`\r\x1b[K${what}: ${name} on ${server.name}`);
    course = new BenchCourse(platform.clock, ms);
    try {
      return await measureOn(one, server.url, course);
    } catch (error) {
      if (!isError(error)) throw error;
      throw new Error(`${name} on ${server.name}: ${error.message}`, {
        cause: error,
      });
    }
  };
  try {
    for (const one of cases) {
      for (const server of servers) {
        if (interrupted) break;
        await measureOne(one, server, durationMs * WARM_UP_SHARE, "warming up");
      }
    }
    const comparisons = await compare({
      cases,
      rounds,
      isOver: () => interrupted,
      measure: (one, contender, round) =>
        measureOne(
          one,
          servers[contender],
          durationMs,
          `round ${round + 1} of ${rounds}`,
        ),
    });
    return { comparisons, interrupted };
  } finally {
    if (show) printError("\r\x1b[K");
    undo.forEach((one) => one());
  }
}

async function measureOn(
  one: VersusCase,
  url: string,
  course: BenchCourse,
): Promise<number[]> {
  const lines = await openPlainLines(url, one.connections, course);
  try {
    return await one.run(lines, course);
  } finally {
    await closeLines(lines);
  }
}
