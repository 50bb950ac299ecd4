/**
 * Moments that come back: six fields say which seconds, minutes, hours, days,
 * months and days of the week are meant.
 *
 * NATS JetStream (ADR-51): numbers, lists, ranges and steps, `*` and `?`, names of
 * months and days in any case; Sunday is 0. A day fits by its date or by its day
 * of the week where both are said, and by both where one of them is `*`.
 */
import type { TimeZone } from "./time_zone.ts";

const S_PER_MINUTE = 60;
const S_PER_HOUR = 3600;
const S_PER_DAY = 86_400;
const MS_PER_DAY = 86_400_000;
/** A pattern that means no moment for so long means none. */
const DAYS_AHEAD = 5 * 366;
const DAYS_OF_WEEK = 7;
/** 1970 began on a Thursday. */
const FIRST_WEEKDAY = 4;

/** What may stand in a field. */
interface Field {
  readonly least: number;
  readonly most: number;
  /** Names of the values, from `least` on. */
  readonly names: readonly string[];
}

const names = (text: string): string[] => text.split(" ");
const FIELDS: readonly Field[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  {
    least: 1,
    most: 12,
    names: names("jan feb mar apr may jun jul aug sep oct nov dec"),
  },
  { least: 0, most: 6, names: names("sun mon tue wed thu fri sat") },
];

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 0 1 1 *"],
  ["@annually", "0 0 0 1 1 *"],
  ["@monthly", "0 0 0 1 * *"],
  ["@weekly", "0 0 0 * * 0"],
  ["@daily", "0 0 0 * * *"],
  ["@midnight", "0 0 0 * * *"],
  ["@hourly", "0 0 * * * *"],
]);

/** The values of a field. */
interface Values {
  readonly has: ReadonlySet<number>;
  /** All of them are meant. */
  readonly isAny: boolean;
}

export class CronPattern {
  readonly #seconds: readonly number[];
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #days: Values;
  readonly #months: Values;
  readonly #weekdays: Values;
  readonly #zone: TimeZone;

  private constructor(values: readonly Values[], zone: TimeZone) {
    const [seconds, minutes, hours, days, months, weekdays] = values;
    this.#seconds = ascending(seconds!);
    this.#minutes = ascending(minutes!);
    this.#hours = ascending(hours!);
    this.#days = days!;
    this.#months = months!;
    this.#weekdays = weekdays!;
    this.#zone = zone;
  }

  /** Undefined: the text makes no sense. */
  static parse(text: string, zone: TimeZone): CronPattern | undefined {
    const fields = (PREDEFINED.get(text) ?? text).split(/\s+/)
      .filter((field) => field !== "");
    if (fields.length !== FIELDS.length) return undefined;
    const values: Values[] = [];
    for (const [i, field] of fields.entries()) {
      const read = valuesIn(field, FIELDS[i]!);
      if (read === undefined) return undefined;
      values.push(read);
    }
    return new CronPattern(values, zone);
  }

  /** The first second that is meant behind `second`; undefined: none for five years. */
  after(second: number): number | undefined {
    const from = second + 1;
    const today = this.#zone.dayAt(from);
    for (let day = today; day < today + DAYS_AHEAD; day++) {
      if (!this.#meansDay(day)) continue;
      for (const { fromS, endS, offsetS } of this.#zone.piecesOf(day)) {
        const shown = day * S_PER_DAY;
        const low = Math.max(from, fromS) + offsetS - shown;
        const time = this.#timeFrom(low);
        if (time === undefined) continue;
        const moment = time + shown - offsetS;
        if (moment < endS) return moment;
      }
    }
    return undefined;
  }

  #meansDay(day: number): boolean {
    const date = new Date(day * MS_PER_DAY);
    if (!this.#months.has.has(date.getUTCMonth() + 1)) return false;
    const isDay = this.#days.has.has(date.getUTCDate());
    const weekday = (day + FIRST_WEEKDAY) % DAYS_OF_WEEK;
    const isWeekday = this.#weekdays.has.has(weekday);
    return this.#days.isAny || this.#weekdays.isAny
      ? isDay && isWeekday
      : isDay || isWeekday;
  }

  /** The first time of a day, in seconds, from `low` on; undefined: there is none. */
  #timeFrom(low: number): number | undefined {
    for (const hour of this.#hours) {
      const hourS = hour * S_PER_HOUR;
      if (hourS + S_PER_HOUR <= low) continue;
      for (const minute of this.#minutes) {
        const minuteS = hourS + minute * S_PER_MINUTE;
        if (minuteS + S_PER_MINUTE <= low) continue;
        const second = this.#seconds.find((one) => minuteS + one >= low);
        if (second !== undefined) return minuteS + second;
      }
    }
    return undefined;
  }
}

function ascending({ has }: Values): number[] {
  return [...has].sort((a, b) => a - b);
}

/** The values that a field means; undefined: it makes no sense. */
function valuesIn(text: string, field: Field): Values | undefined {
  const has = new Set<number>();
  let isAny = false;
  for (const part of text.split(",")) {
    // NATS JetStream: nothing between two commas is nothing.
    if (part === "") continue;
    const range = rangeIn(part, field);
    if (range === undefined) return undefined;
    const { from, to, step } = range;
    for (let value = from; value <= to; value += step) has.add(value);
    if (range.isAny) isAny = true;
  }
  return { has, isAny };
}

/** `5`, `1-5`, `*`, each with `/2` behind it. */
function rangeIn(
  part: string,
  field: Field,
): { from: number; to: number; step: number; isAny: boolean } | undefined {
  const [range = "", stepText, ...more] = part.split("/");
  const [low = "", high, ...rest] = range.split("-");
  if (more.length > 0 || rest.length > 0) return undefined;
  const isStar = low === "*" || low === "?";
  const from = isStar ? field.least : valueOf(low, field);
  const to = endOf(isStar, high, stepText !== undefined, from, field);
  const step = stepText === undefined ? 1 : numberIn(stepText);
  if (from === undefined || to === undefined || !step) return undefined;
  if (from < field.least || to > field.most || from > to) return undefined;
  return { from, to, step, isAny: isStar && step === 1 };
}

/** The last value of a range; a single one with a step goes on to the end. */
function endOf(
  isStar: boolean,
  high: string | undefined,
  hasStep: boolean,
  from: number | undefined,
  field: Field,
): number | undefined {
  if (isStar) return field.most;
  if (high !== undefined) return valueOf(high, field);
  return hasStep ? field.most : from;
}

function valueOf(text: string, { least, names }: Field): number | undefined {
  const at = names.indexOf(text.toLowerCase());
  return at < 0 ? numberIn(text) : least + at;
}

function numberIn(text: string): number | undefined {
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}
