/** What the commands of `midge bench js` have in common. */
import type { BenchCourse } from "../../bench/course.ts";
import { Tally } from "../../bench/tally.ts";
import { FlagError } from "../../config/flags/flags.ts";
import { type TextFlag, textFlag } from "./flags.ts";

/** The stream, unless told otherwise. */
export const BENCH_STREAM = "bench";

export const STREAM_FLAG: TextFlag = textFlag(
  "stream",
  "name",
  `Stream (${BENCH_STREAM})`,
);

export function streamTally(
  role: "js pub" | "js fetch" | "js consume",
  index: number,
  course: BenchCourse,
): Tally {
  return new Tally(role, index + 1, course.clock);
}

/** A name is one token of a subject. Throws FlagError. */
export function streamOf(name: string = BENCH_STREAM): string {
  if (/^[^\s.*>/\\]+$/.test(name)) return name;
  throw new FlagError(
    `invalid value ${JSON.stringify(name)} for flag -stream: ` +
      "this is no name of a stream",
  );
}
