/**
 * When a scheduled message is published: once, each time that a while has passed,
 * or at moments that a pattern means.
 *
 * NATS JetStream (ADR-51): `@at` and a moment of RFC 3339, `@every` and a
 * duration of at least a second, six fields of cron, or a name such as `@daily`.
 */
import { parseDuration } from "../../core/duration.ts";
import { goTimeFault } from "../../core/go_time.ts";
import { momentOf, momentText } from "../moments.ts";
import { CronPattern } from "./cron.ts";
import { TimeZone } from "./time_zone.ts";

const US_PER_S = 1_000_000;
const US_PER_MS = 1000;
const MS_PER_S = 1000;
/** Go: a duration has 63 bits of nanoseconds. */
const LONGEST_MS = 2 ** 63 / 1e6;

/** Moments are microseconds. */
export interface Schedule {
  /** There is one moment, and none behind it. */
  readonly isOnce: boolean;
  /** The next moment behind `us`; undefined: there is none. */
  after(us: number): number | undefined;
  /** A moment as a message tells of it. */
  text(us: number): string;
}

/** Undefined: the text makes no sense. `zone` undefined: none is given. */
export function parseSchedule(
  text: string,
  zone: TimeZone | undefined,
): Schedule | undefined {
  const [, kind, argument = ""] = /^(@at|@every) (.*)$/.exec(text) ?? [];
  if (kind === undefined) return pattern(text, zone ?? TimeZone.UTC);
  // NATS JetStream: these two are the same everywhere.
  if (zone !== undefined) return undefined;
  return kind === "@at" ? once(argument) : every(argument);
}

function once(text: string): Schedule | undefined {
  if (goTimeFault(text) !== undefined) return undefined;
  const atUs = momentOf(text);
  return { isOnce: true, after: () => atUs, text: momentText };
}

function every(text: string): Schedule | undefined {
  const ms = parseDuration(text);
  if (ms === undefined || ms < MS_PER_S || ms > LONGEST_MS) return undefined;
  return {
    isOnce: false,
    // NATS JetStream: counted from the full second that is nearest.
    after: (us) => Math.round(us / US_PER_S) * US_PER_S + ms * US_PER_MS,
    text: momentText,
  };
}

function pattern(text: string, zone: TimeZone): Schedule | undefined {
  const cron = CronPattern.parse(text, zone);
  const after = (us: number): number | undefined => {
    const second = cron?.after(Math.floor(us / US_PER_S));
    return second === undefined ? undefined : second * US_PER_S;
  };
  // A pattern that means no moment makes no sense.
  if (after(0) === undefined) return undefined;
  return {
    isOnce: false,
    after,
    text: (us) => zone.textOf(us / US_PER_S),
  };
}
