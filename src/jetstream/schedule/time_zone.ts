/** What clocks show where a schedule is meant, and when a day begins there. */

const MS_PER_S = 1000;
const S_PER_MINUTE = 60;
const S_PER_DAY = 86_400;
/** A zone's day begins at most this long before or behind that of UTC. */
const FARTHEST_S = 26 * 3600;

/** Seconds between a moment and what clocks show, from `fromS` on and before `endS`. */
interface SteadyTime {
  readonly fromS: number;
  readonly endS: number;
  readonly offsetS: number;
}

export class TimeZone {
  static readonly UTC: TimeZone = new TimeZone(undefined);
  /** Undefined: UTC. */
  readonly #format: Intl.DateTimeFormat | undefined;

  private constructor(format: Intl.DateTimeFormat | undefined) {
    this.#format = format;
  }

  /** The zone with a name of the IANA's, or that of this machine: `Local`; undefined: there is none. */
  static named(name: string): TimeZone | undefined {
    if (name === "UTC") return TimeZone.UTC;
    // NATS: names count in the case in which they are written.
    if (!/^[A-Z][^/]*(\/[A-Z][^/]*)*$/.test(name)) return undefined;
    try {
      const format = new Intl.DateTimeFormat("en-US", {
        ...(name !== "Local" && { timeZone: name }),
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
      const { timeZone } = format.resolvedOptions();
      const isOtherCase = timeZone !== name &&
        timeZone.toLowerCase() === name.toLowerCase();
      return isOtherCase ? undefined : new TimeZone(format);
    } catch {
      return undefined;
    }
  }

  /** Seconds that clocks are ahead of UTC. */
  offsetAt(second: number): number {
    if (this.#format === undefined) return 0;
    const parts: Record<string, number> = {};
    for (
      const { type, value } of this.#format.formatToParts(second * MS_PER_S)
    ) {
      parts[type] = Number(value);
    }
    const { year, month, day, hour, minute, second: s } = parts;
    const shown = Date.UTC(year!, month! - 1, day!, hour!, minute!, s!);
    return shown / MS_PER_S - second;
  }

  /** A moment of RFC 3339 as clocks show it. */
  textOf(second: number): string {
    const offset = this.offsetAt(second);
    const shown = new Date((second + offset) * MS_PER_S).toISOString()
      .slice(0, "2006-01-02T15:04:05".length);
    if (offset === 0) return `${shown}Z`;
    const minutes = Math.floor(Math.abs(offset) / S_PER_MINUTE);
    const two = (value: number): string => String(value).padStart(2, "0");
    const hours = two(Math.floor(minutes / S_PER_MINUTE));
    const sign = offset < 0 ? "-" : "+";
    return `${shown}${sign}${hours}:${two(minutes % S_PER_MINUTE)}`;
  }

  /** The number of the day, since 1970, that it is at a moment. */
  dayAt(second: number): number {
    return Math.floor((second + this.offsetAt(second)) / S_PER_DAY);
  }

  /** The pieces of a day in which clocks run as usual; in most days it is one. */
  piecesOf(day: number): SteadyTime[] {
    const startS = this.#startOf(day);
    const endS = this.#startOf(day + 1);
    const before = this.offsetAt(startS);
    const after = this.offsetAt(endS - 1);
    if (before === after) return [{ fromS: startS, endS, offsetS: before }];
    const changeS = first(
      startS,
      endS,
      (second) => this.offsetAt(second) === after,
    );
    return [
      { fromS: startS, endS: changeS, offsetS: before },
      { fromS: changeS, endS, offsetS: after },
    ];
  }

  #startOf(day: number): number {
    const middle = day * S_PER_DAY;
    if (this.#format === undefined) return middle;
    return first(
      middle - FARTHEST_S,
      middle + FARTHEST_S,
      (second) => this.dayAt(second) >= day,
    );
  }
}

/** The first number from `low` on, and before `high`, for which `holds`, as it does for all behind it. */
function first(
  low: number,
  high: number,
  holds: (value: number) => boolean,
): number {
  let from = low;
  let end = high;
  while (from < end) {
    const middle = Math.floor((from + end) / 2);
    if (holds(middle)) end = middle;
    else from = middle + 1;
  }
  return from;
}
