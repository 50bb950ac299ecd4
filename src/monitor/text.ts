/**
 * Times and durations as nats-server prints them.
 */

const NANOSECONDS = 1e6;

/** A wall-clock time, as Go's RFC 3339 with nanoseconds: no zeros at the end. */
export function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.?0+Z$/, "Z");
}

/** `1y2d3h4m5s`, from the first unit that is not 0; a year has 365 days. */
export function uptimeText(durationMs: number): string {
  const seconds = Math.max(0, Math.trunc(durationMs / 1000));
  const minutes = Math.trunc(seconds / 60);
  const hours = Math.trunc(minutes / 60);
  const days = Math.trunc(hours / 24);
  const years = Math.trunc(days / 365);
  let text = `${seconds % 60}s`;
  if (minutes > 0) text = `${minutes % 60}m${text}`;
  if (hours > 0) text = `${hours % 24}h${text}`;
  if (days > 0) text = `${days % 365}d${text}`;
  return years > 0 ? `${years}y${text}` : text;
}

/** A duration as Go prints it, to the nanosecond: `351.107844ms`, `1m0.5s`. */
export function durationText(durationMs: number): string {
  const total = toNanoseconds(durationMs);
  if (total === 0) return "0s";
  if (total < 1e3) return `${total}ns`;
  if (total < 1e6) return `${fraction(total, 3)}µs`;
  if (total < 1e9) return `${fraction(total, 6)}ms`;
  const minutes = Math.trunc(total / 60e9);
  const hours = Math.trunc(minutes / 60);
  let text = `${fraction(total % 60e9, 9)}s`;
  if (minutes > 0) text = `${minutes % 60}m${text}`;
  return hours > 0 ? `${hours}h${text}` : text;
}

/** A round-trip time: nats-server shows those under a millisecond in whole microseconds. */
export function rttText(rttMs: number): string {
  const isShort = rttMs > 0.001 && rttMs < 1;
  return durationText(isShort ? Math.trunc(rttMs * 1000) / 1000 : rttMs);
}

export function toNanoseconds(durationMs: number): number {
  return Math.round(durationMs * NANOSECONDS);
}

/** `value` with its last `digits` digits behind the point, without zeros at the end. */
function fraction(value: number, digits: number): string {
  const whole = Math.trunc(value / 10 ** digits);
  const rest = String(value % 10 ** digits).padStart(digits, "0");
  const trimmed = rest.replace(/0+$/, "");
  return trimmed === "" ? `${whole}` : `${whole}.${trimmed}`;
}
