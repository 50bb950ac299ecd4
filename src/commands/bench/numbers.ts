/** Numbers on the command line of `midge bench`: counts, sizes and seconds. */
import { FlagError } from "../../config/flags/flags.ts";

const THOUSANDS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
};

const BINARY: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kib: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gib: 2 ** 30,
};

/** `100000`, `500k`, `2M`. Throws FlagError. */
export function countOf(
  flag: string,
  text: string | undefined,
  otherwise: number,
  least: number = 1,
): number {
  if (text === undefined) return otherwise;
  const count = scaled(text, THOUSANDS);
  if (Number.isSafeInteger(count) && count! >= least) return count!;
  throw wrong(
    flag,
    text,
    `it must be a number from ${least} on, such as 1000, 500k or 2M`,
  );
}

/** Bytes: `128`, `16KiB`, `1MB`; K, KB and KiB are 1,024 bytes. Throws FlagError. */
export function bytesOf(
  flag: string,
  text: string | undefined,
  otherwise: number,
): number {
  if (text === undefined) return otherwise;
  const size = scaled(text, BINARY);
  if (Number.isSafeInteger(size)) return size!;
  throw wrong(flag, text, "it must be bytes, such as 128, 16KiB or 1MB");
}

/** Milliseconds of `5`, `0.5` or `1.5s`; Infinity when there is no flag. Throws FlagError. */
export function secondsOf(flag: string, text: string | undefined): number {
  if (text === undefined) return Infinity;
  const [, number] = /^(\d+(?:\.\d+)?|\.\d+)s?$/.exec(text) ?? [];
  const ms = 1000 * Number(number ?? NaN);
  if (ms > 0 && ms <= DAY_MS) return ms;
  throw wrong(flag, text, "it must be seconds above 0, such as 5 or 0.5");
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** NaN or undefined for what is no number with one of the units. */
function scaled(
  text: string,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const [, number, unit = ""] =
    /^(\d[\d_]*(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const scale = units[unit.toLowerCase()];
  if (number === undefined || scale === undefined) return undefined;
  return Number(number.replaceAll("_", "")) * scale;
}

function wrong(flag: string, text: string, why: string): FlagError {
  return new FlagError(
    `invalid value ${JSON.stringify(text)} for flag -${flag}: ${why}`,
  );
}
