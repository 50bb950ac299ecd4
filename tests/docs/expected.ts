/**
 * What a page says that one will see, beside what is there. `...` stands for
 * whatever varies: within a line for some characters, alone on a line for any
 * number of lines.
 */

const GAP = "...";

/** Whether `line` is what `pattern` says, perhaps further to the right. */
export function isLike(line: string, pattern: string): boolean {
  return indentOf(line) >= indentOf(pattern) &&
    toRegExp(pattern.trimStart()).test(line.trimStart());
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function toRegExp(pattern: string): RegExp {
  const parts = pattern.split(GAP)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

/** Whether the lines of `seen` are those of `expected`, and no others. */
export function areLike(seen: string, expected: string): boolean {
  return matches(linesOf(seen), linesOf(expected));
}

function matches(
  seen: readonly string[],
  expected: readonly string[],
): boolean {
  const [pattern, ...patterns] = expected;
  if (pattern === undefined) return seen.length === 0;
  if (pattern.trim() !== GAP) {
    const [line, ...lines] = seen;
    return line !== undefined && isLike(line, pattern) &&
      matches(lines, patterns);
  }
  return Array.from({ length: seen.length + 1 }, (_, at) => at)
    .some((at) => matches(seen.slice(at), patterns));
}

/** Whether `seen` has the lines of `expected` in their order, others between them. */
export function haveLike(seen: string, expected: string): boolean {
  const lines = linesOf(seen);
  let from = 0;
  for (const pattern of linesOf(expected)) {
    if (pattern.trim() === GAP) continue;
    const at = lines.findIndex((line, at) =>
      at >= from && isLike(line, pattern)
    );
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}

function linesOf(text: string): string[] {
  const whole = text.trimEnd();
  if (whole === "") return [];
  return whole.split("\n").map((line) => line.trimEnd());
}

/** The comments behind `console.log(...);` and what follows them on their own lines. */
export function promisedOutput(program: string): string[] {
  return [...program.matchAll(/^.*\); \/\/ (.*)$/gm)]
    .map(([line, promise]) => ({ line, promise: promise! }))
    .filter(({ line }) => /console\.log\(|^\s*\)/.test(line))
    .map(({ promise }) => promise);
}

/**
 * Whether a program that prints on each promised line what its comment says
 * has printed just that. Their order is that of time, not of the page.
 */
export function keepsPromises(
  seen: string,
  promises: readonly string[],
): boolean {
  const lines = linesOf(seen);
  const left = [...promises];
  for (const line of lines) {
    const at = left.findIndex((promise) => isLike(line, promise));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}
