/** Values of the `jetstream` blocks: sizes, and whether there are streams at all. */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type { Reader } from "./readers.ts";

/** Of a size in quotes: units of 1024. Without quotes the dialect has its own. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** A number of bytes; -1: no limit. */
export const byteSize: Reader<number> = {
  kind: "size",
  type: "number",
  written: "number | string",
  read(entry, report) {
    const { key, at, value } = entry;
    if (value.kind === "integer") return value.value;
    const [, digits, unit] = value.kind === "string"
      ? /^(-?\d+)([KMGT]?)$/i.exec(value.value.trim()) ?? []
      : [];
    if (digits !== undefined) {
      return Number(digits) * UNITS[unit!.toUpperCase()]!;
    }
    report.error(
      at,
      `${key} must be a number of bytes, or one with K, M, G or T`,
    );
    return undefined;
  },
};

const WORDS = new Map([
  ["enabled", true],
  ["enable", true],
  ["disabled", false],
  ["disable", false],
]);

/** Whether `true`, `enabled` or their opposites turn streams on. */
export function isTurnedOn(
  { key, at, value }: ConfigEntry,
  report: Report,
): boolean {
  const isOn = value.kind === "boolean"
    ? value.value
    : value.kind === "string"
    ? WORDS.get(value.value.toLowerCase())
    : undefined;
  if (isOn === undefined) {
    report.error(at, `Expected "enabled" or "disabled" for ${key}, or a map`);
  }
  return isOn ?? false;
}
