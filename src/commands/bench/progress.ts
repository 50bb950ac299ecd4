/**
 * How far a run has come: a bar on the terminal behind standard error, and
 * nothing where there is none.
 */
import type { BenchCourse } from "../../bench/course.ts";
import { countText } from "../../bench/report.ts";
import type { Tally } from "../../bench/tally.ts";
import { printError } from "../../runtime/process/system.ts";
import { isTerminal } from "../../runtime/process/terminal.ts";

const LOOK_MS = 200;
const BAR_CHARS = 30;
const CLEAR_LINE = "\r\x1b[K";

export interface ProgressOptions {
  readonly title: string;
  readonly tallies: readonly Tally[];
  /** Messages of all of them together; Infinity: unknown. */
  readonly wanted: number;
  readonly quiet: boolean;
}

/** Shows it until the function that it gives is called. */
export function showProgress(
  course: BenchCourse,
  options: ProgressOptions,
): () => void {
  if (options.quiet || !isTerminal("stderr")) return () => {};
  let before = { ms: course.clock.monotonic(), msgs: 0 };
  let timer = course.clock.after(LOOK_MS, tick);
  function tick(): void {
    const ms = course.clock.monotonic();
    const msgs = options.tallies.reduce((sum, tally) => sum + tally.msgs, 0);
    const perSecond = (msgs - before.msgs) / (ms - before.ms) * 1000;
    printError(CLEAR_LINE + progressLine(course, options, msgs, perSecond));
    before = { ms, msgs };
    timer = course.clock.after(LOOK_MS, tick);
  }
  return () => {
    timer.cancel();
    printError(CLEAR_LINE);
  };
}

function progressLine(
  course: BenchCourse,
  { title, wanted }: ProgressOptions,
  msgs: number,
  perSecond: number,
): string {
  const spentMs = Number.isNaN(course.startMs)
    ? 0
    : course.clock.monotonic() - course.startMs;
  const share = Math.min(
    1,
    Math.max(msgs / wanted, spentMs / course.durationMs),
  );
  const filled = Math.round(share * BAR_CHARS);
  const bar = "=".repeat(filled).padEnd(BAR_CHARS);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${title} [${bar}] ${percent}  ${countText(msgs)} messages  ` +
    `${countText(perSecond)}/s`;
}
