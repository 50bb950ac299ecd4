/**
 * When a user may be connected: ranges of the day, in a time zone. A range whose
 * end is before its start goes over midnight. Neither end belongs to it.
 */
import type { ClaimedTimes } from "./claims.ts";

const TIME_OF_DAY = /^([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?:[.,]\d+)?$/;
const DAY_MS = 86_400_000;

/** Milliseconds since midnight; undefined: no time of day. */
export function timeOfDay(text: string): number | undefined {
  const match = TIME_OF_DAY.exec(text);
  if (match === null) return undefined;
  const [, hours, minutes, seconds] = match.map(Number);
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000;
}

/** What is wrong with the name of a time zone; undefined: nothing. */
export function zoneFault(zone: string): string | undefined {
  if (zone === "" || zone === "Local" || formatOf(zone) !== undefined) {
    return undefined;
  }
  return `unknown time zone ${zone}`;
}

/**
 * How long the user may stay, in milliseconds, at the moment `now` of the wall
 * clock; undefined: it may not be here.
 */
export function allowedFor(
  ranges: readonly ClaimedTimes[],
  zone: string,
  now: number,
): number | undefined {
  if (ranges.length === 0) return Infinity;
  const clock = wallClock(zone, now);
  let longest: number | undefined = undefined;
  for (const { start, end } of ranges) {
    const left = leftIn(timeOfDay(start), timeOfDay(end), clock);
    if (left !== undefined) longest = Math.max(longest ?? 0, left);
  }
  return longest;
}

function leftIn(
  start: number | undefined,
  end: number | undefined,
  clock: number,
): number | undefined {
  if (start === undefined || end === undefined) return undefined;
  if (start < clock && clock < end) return end - clock;
  if (start <= end) return undefined;
  if (clock < end) return end - clock;
  return start < clock ? end + DAY_MS - clock : undefined;
}

/** Milliseconds since midnight in that zone. */
function wallClock(zone: string, now: number): number {
  const parts = formatOf(zone)?.formatToParts(now) ?? [];
  const read = (type: string): number =>
    Number(parts.find((part) => part.type === type)?.value ?? 0);
  const milliseconds = ((now % 1000) + 1000) % 1000;
  return ((read("hour") * 60 + read("minute")) * 60 + read("second")) * 1000 +
    milliseconds;
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const isLocal = zone === "" || zone === "Local";
  // An offset is no name of a zone to Go.
  if (/^[+-]/.test(zone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", {
      hourCycle: "h23",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      ...(!isLocal && { timeZone: zone }),
    });
  } catch {
    return undefined;
  }
}
