/**
 * Counts the tests that passed, from what the three test runners print. Each
 * runner counts in its own way; here each `test` or `it` is one test, and a
 * `describe` is none. `scripts/test.ts` adds up the numbers.
 */
import { withoutEntities } from "./test_failures.ts";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts Deno's JUnit report. Its printed summary counts a `describe` as one
 * more test; the report names each test, as in `group > member`. It also lists
 * tests that a filter left out: only titles that contain `name` count.
 */
export function countDeno(report: string, name: string = ""): Counts {
  const cases = report.split("<testcase ").slice(1).map((text) => ({
    name: /^name="([^"]*)"/.exec(text)?.[1] ?? "",
    failed: text.includes("<failure"),
    skipped: text.includes("<skipped"),
  })).filter((test) => withoutEntities(test.name).includes(name));
  const groups = new Set(cases.flatMap(({ name }) => groupsOf(name)));
  const tests = cases.filter(({ name }) => !groups.has(name));
  const failed = tests.filter((test) => test.failed).length;
  const skipped = tests.filter((test) => test.skipped).length;
  return { passed: tests.length - failed - skipped, failed, skipped };
}

function groupsOf(name: string): string[] {
  const parts = name.split(" &gt; ");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join(" &gt; "));
}

/** Counts the lines that end Bun's output: ` 6 pass`, ` 8 skip`, ` 0 fail`. */
export function countBun(output: string): Counts {
  const number = (what: string): number =>
    lastNumber(output, new RegExp(`^ *(\\d+) ${what}$`, "gm"));
  return {
    passed: number("pass"),
    failed: number("fail"),
    skipped: number("skip") + number("todo"),
  };
}

/**
 * Counts the lines that end Node's output: `# pass 6`, or with another sign.
 * Node counts a file in which no test was run as one test that passed.
 */
export function countNode(output: string): Counts {
  const files = [...output.matchAll(/^\S \S+_test\.ts \([\d.]+ms\)$/gm)];
  const number = (what: string): number =>
    lastNumber(output, new RegExp(`^\\S ${what} (\\d+)$`, "gm"));
  return {
    passed: number("pass") - files.length,
    failed: number("fail") + number("cancelled"),
    skipped: number("skipped") + number("todo"),
  };
}

function lastNumber(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}
