/**
 * Durations as Go writes them, `"1m30s"`, because that is how configuration
 * files state them. Inside Midge a duration is a number of milliseconds.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const UNIT = "ns|us|µs|μs|ms|s|m|h";
const DURATION = new RegExp(
  `^[+-]?(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:${UNIT}))+$`,
);
const PART = new RegExp(`(\\d+\\.?\\d*|\\.\\d+)(${UNIT})`, "g");

/** The milliseconds of a duration such as `-1.5h`, or undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit = ""] of text.matchAll(PART)) {
    total += Number(number) * (UNIT_MS[unit] ?? 0);
  }
  if (!Number.isFinite(total)) return undefined;
  return text.startsWith("-") ? -total : total;
}

/** Why `parseDuration` does not take `text`, in Go's words. */
export function durationProblem(text: string): string {
  const quoted = JSON.stringify(text);
  const numbers = /^[+-]?\.?\d/.test(text)
    ? text.matchAll(/[\d.]+([^\d.]*)/g)
    : [];
  for (const [, unit = ""] of numbers) {
    if (unit === "") return `time: missing unit in duration ${quoted}`;
    if (unit in UNIT_MS) continue;
    return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
  }
  return `time: invalid duration ${quoted}`;
}

/** A duration as Go prints it: `2m0s`, `1.5s`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
