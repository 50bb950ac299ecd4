/**
 * Time as JetStream writes it: in microseconds since the Unix epoch, and in text
 * with nanoseconds, of which the last three digits are zeros.
 */
import { goTimeText } from "../core/go_time.ts";
import type { Clock } from "../platform/clock.ts";

const US_PER_MS = 1000;
const NS_PER_US = 1000;
const US_PER_S = 1_000_000;
const S_PER_DAY = 86_400;
const MS_PER_MINUTE = 60_000;

/** NATS: how a time is written that is not set. */
export const NO_TIME = "0001-01-01T00:00:00Z";

/** A clock that tells what the wall clock shows. */
export interface WallClock {
  /** Milliseconds since the Unix epoch. */
  wall(): number;
}

/**
 * Microseconds now; never less than before, nor than the wall clock shows to others.
 * They go by the monotonic clock, and are set by the wall clock: that knows no
 * fractions of a millisecond, and goes on while the machine sleeps. A wall clock that
 * was set back is not followed: of two messages the second would be older.
 */
export class Moments {
  readonly #clock: Pick<Clock, "monotonic"> & WallClock;
  /** What the monotonic clock is behind. */
  #originUs = 0;
  #lastUs = 0;

  constructor(clock: Pick<Clock, "monotonic"> & WallClock) {
    this.#clock = clock;
  }

  nowUs(): number {
    const monotonicUs = this.#clock.monotonic() * US_PER_MS;
    const wallUs = Math.floor(this.#clock.wall() * US_PER_MS);
    let now = Math.floor(this.#originUs + monotonicUs);
    if (wallUs > now) {
      this.#originUs = wallUs - monotonicUs;
      now = wallUs;
    }
    if (now > this.#lastUs) this.#lastUs = now;
    return this.#lastUs;
  }
}

// A message that is asked for tells its time, and `toISOString` takes longer
// than finding the message.
let lastDays = -1;
let lastDate = "1969-12-31";

/** As Go writes it in JSON: zeros at the end of the fraction are left out. 0: `NO_TIME`. */
export function momentText(us: number): string {
  if (us === 0) return NO_TIME;
  const seconds = Math.floor(us / US_PER_S);
  const days = Math.floor(seconds / S_PER_DAY);
  if (days !== lastDays) {
    lastDate = new Date(days * S_PER_DAY * 1000).toISOString().slice(0, 10);
    lastDays = days;
  }
  const second = seconds - days * S_PER_DAY;
  const hour = twoDigits(Math.floor(second / 3600));
  const minute = twoDigits(Math.floor(second / 60) % 60);
  const text = `${lastDate}T${hour}:${minute}:${twoDigits(second % 60)}`;
  return `${text}${fractionText(us - seconds * US_PER_S)}Z`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** `.25` of 250,000 microseconds. */
function fractionText(us: number): string {
  if (us === 0) return "";
  let places = 6;
  let digits = us;
  for (; digits % 10 === 0; digits /= 10) places--;
  return `.${String(digits).padStart(places, "0")}`;
}

const MOMENT =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Microseconds of a text in which `goTimeFault` finds no fault. Nanoseconds count
 * as a whole one more: what came in the microsecond before was before that.
 */
export function momentOf(text: string): number {
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    digits = "",
    sign,
    zoneHour = "0",
    zoneMinute = "0",
  ] = MOMENT.exec(text)!;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * MS_PER_MINUTE;
  const whole = date.getTime() - (sign === "-" ? -offset : offset);
  const us = whole * US_PER_MS + Number(digits.slice(0, 6).padEnd(6, "0"));
  return /[1-9]/.test(digits.slice(6)) ? us + 1 : us;
}

/** The same moment as a text of UTC; to the nanosecond. */
export function utcText(text: string): string {
  const [, seconds, fraction = "", zone] = /^(.{19})(\.\d+)?(.+)$/.exec(
    goTimeText(text),
  )!;
  const whole = new Date(momentOf(`${seconds}${zone}`) / US_PER_MS);
  return `${whole.toISOString().slice(0, 19)}${fraction}Z`;
}

/** Nanoseconds of the API as microseconds. */
export function usOf(nanoseconds: number): number {
  return nanoseconds / NS_PER_US;
}

/** Milliseconds until a moment, for a timer. */
export function msUntil(us: number, nowUs: number): number {
  return Math.max(0, Math.ceil((us - nowUs) / US_PER_MS));
}
