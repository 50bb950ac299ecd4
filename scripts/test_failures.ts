/**
 * The tests that failed, with what their runner says of each. The output of a
 * whole run is long, and its end is what CI keeps: `scripts/test.ts` says there
 * once more what failed.
 */

export interface Failure {
  readonly name: string;
  /** What the runner says of it, without colours. */
  readonly text: string;
}

/** The failures in Deno's JUnit report. */
export function failuresOnDeno(report: string): Failure[] {
  const cases = report.split("<testcase ").slice(1);
  return cases.flatMap((text) => {
    const name = /^name="([^"]*)"/.exec(text)?.[1] ?? "";
    const body = /<failure[^>]*>([^]*?)<\/failure>/.exec(text)?.[1];
    return body === undefined
      ? []
      : [{ name: withoutEntities(name), text: withoutEntities(body) }];
  });
}

/** A text of the report as the test wrote it. */
export function withoutEntities(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/**
 * Bun says why in front of the line `(fail) name [2.11ms]`. Where files ran side
 * by side it repeats all of that at its end.
 */
export function failuresOnBun(output: string): Failure[] {
  const failures: Failure[] = [];
  let before: string[] = [];
  const [once = ""] = output.split(/^\d+ tests? failed:$/m);
  for (const line of once.split("\n")) {
    const [, outcome, name = ""] =
      /^\((pass|fail|skip|todo)\) (.*?)(?: \[[\d.]+ms\])?$/.exec(line) ?? [];
    if (outcome === "fail") failures.push({ name, text: before.join("\n") });
    if (outcome === undefined) before.push(line);
    else before = [];
  }
  return failures;
}

/** Node repeats at its end what failed: `✖ name (2.11ms)`, and why. */
export function failuresOnNode(output: string): Failure[] {
  const [, list = ""] = output.split(/^✖ failing tests:$/m);
  return list.split(/^test at .*$/m).slice(1).map((part) => {
    const [title = "", ...lines] = part.trimStart().split("\n");
    const name = title.replace(/^✖ /, "").replace(/ \([\d.]+ms\)$/, "");
    return { name, text: lines.join("\n") };
  });
}

const LINES = 60;
const COLUMNS = 400;

/** A failure for the end of the output: the beginning of its text. */
export function shownFailure({ name, text }: Failure, runtime: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const rest = lines.length > LINES
    ? [`(${lines.length - LINES} more lines)`]
    : [];
  return [
    `failed on ${runtime}: ${name}`,
    ...[...lines.slice(0, LINES), ...rest].map((line) =>
      `  ${line.slice(0, COLUMNS)}`
    ),
  ].join("\n");
}
