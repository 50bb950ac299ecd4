/** The end of what `scripts/test.ts` prints: what failed, a table, and the numbers. */
import type { Counts } from "./test_counts.ts";

/** The result of a check, or of tests on one runtime. */
export interface Outcome extends Counts {
  readonly title: string;
  readonly seconds: number;
  readonly hung?: readonly string[];
  /** The failures, with what the runner says of each. */
  readonly why?: readonly string[];
  /** Failures that were none when the test was run by itself. */
  readonly unsteady?: readonly string[];
}

/** Prints the table and the line that ends it; returns the exit code. */
export function report(outcomes: readonly Outcome[]): number {
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
  return String(title).padEnd(14) + columns.join("");
}
