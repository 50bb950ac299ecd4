/**
 * What the benchmarks have in common: the median of figures, and how such a
 * script begins and ends.
 */
import process from "node:process";
import { FlagError } from "../src/config/flags/flags.ts";

/** NaN where there are no figures. */
export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** The figure that `part` of all lie below; NaN where there are none. */
export function quantile(figures: readonly number[], part: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? NaN;
}

/** Runs a script to its end, with exit code 2 when its command line was not understood. */
export async function runBenchmark(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}
