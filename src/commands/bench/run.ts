/**
 * A run of `midge bench`, from its connections to what it prints: it ends when
 * its load is done, when the time is over, or with a signal, and tells what was
 * measured until then.
 */
import { BenchCourse } from "../../bench/course.ts";
import type { LoadLine } from "../../bench/load_line.ts";
import {
  type BenchReport,
  reportJson,
  reportTable,
} from "../../bench/report.ts";
import { Sampler } from "../../bench/sampling.ts";
import type { Tally } from "../../bench/tally.ts";
import { platform } from "../../runtime/mod.ts";
import {
  exit,
  onSignal,
  print,
  printError,
  writeTextFile,
} from "../../runtime/process/system.ts";
import type { ClientFlags } from "../connection_flags.ts";
import { runChart } from "./charts.ts";
import { checkPayloadSize, closeLines, openLines } from "./connecting.ts";
import type { Limits } from "./flags.ts";
import { showProgress } from "./progress.ts";

/** What is to be run. */
export interface BenchPlan {
  /** As the report and the progress name it. */
  readonly bench: string;
  readonly flags: ClientFlags & {
    readonly json?: boolean;
    readonly plot?: string;
  };
  readonly limits: Limits;
  readonly connections: number;
  /** The largest payload that is sent; 0: none. */
  readonly size: number;
  readonly asked: BenchReport["asked"];
  /** Messages that all tallies together come to; Infinity: unknown. */
  readonly wanted: number;
  /** Makes the load. What it says before it begins goes to standard error. */
  make(
    lines: readonly LoadLine[],
    course: BenchCourse,
  ): ReadyLoad | Promise<ReadyLoad>;
}

/** A load that is ready to run. */
export interface ReadyLoad {
  readonly tallies: readonly Tally[];
  run(): Promise<void>;
}

/** Resolves with the exit code: 1 when something was lost. */
export async function runPlan(plan: BenchPlan): Promise<number> {
  const { report, trouble, sampler } = await measure(plan);
  if (plan.flags.json === true) {
    print(`${JSON.stringify(reportJson(report))}\n`);
  } else {
    print(`${headline(report)}\n${reportTable(report)}`);
  }
  const { plot } = plan.flags;
  if (plot !== undefined) writeTextFile(plot, runChart(report, sampler));
  return troubleCode(report, trouble);
}

interface Measured {
  readonly report: BenchReport;
  readonly trouble: Error | undefined;
  readonly sampler: Sampler;
}

async function measure(plan: BenchPlan): Promise<Measured> {
  const course = new BenchCourse(platform.clock, plan.limits.durationMs);
  const unhear = endOnSignals(course);
  const lines = await openLines(plan.flags, plan.connections, course);
  const [first] = lines;
  try {
    checkPayloadSize(first!, plan.size);
    const { server_name: name = "", version = "" } = first!.connection.info ??
      {};
    const address = first!.connection.getServer();
    const { tallies, run } = await plan.make(lines, course);
    const hide = showProgress(course, {
      title: plan.bench,
      tallies,
      wanted: plan.wanted,
      quiet: plan.flags.quiet === true || plan.flags.json === true,
    });
    const sampler = new Sampler(course, tallies);
    sampler.start();
    try {
      await run();
    } finally {
      sampler.stop();
      hide();
    }
    const { bench, asked } = plan;
    return {
      report: {
        bench,
        server: { address, name, version },
        asked,
        interrupted: course.wasInterrupted,
        tallies,
      },
      trouble: course.trouble,
      sampler,
    };
  } finally {
    unhear();
    await closeLines(lines);
  }
}

/** The first INT or TERM ends the course, the second one the process. */
function endOnSignals(course: BenchCourse): () => void {
  const end = (): void => {
    if (course.isOver) exit(1);
    course.interrupt();
  };
  const undo = [onSignal("SIGINT", end), onSignal("SIGTERM", end)];
  return () => undo.forEach((one) => one());
}

function headline({ bench, server, asked, interrupted }: BenchReport): string {
  const facts = Object.entries(asked).map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const end = interrupted ? "; interrupted" : "";
  return `${bench} at ${server.address} (${server.version}): ${facts}${end}\n`;
}

function troubleCode(
  { bench, tallies }: BenchReport,
  trouble: Error | undefined,
): number {
  const lost = tallies.reduce((sum, tally) => sum + tally.lost, 0);
  if (lost === 0) return 0;
  const why = trouble === undefined ? "" : `: ${trouble.message}`;
  const what = bench === "request"
    ? "requests got no answer"
    : bench === "js pub"
    ? "messages were not acknowledged"
    : "messages did not come";
  printError(`midge bench ${bench}: ${lost} ${what}${why}\n`);
  return 1;
}
