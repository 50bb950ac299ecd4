/** Moments as Go reads them from JSON, with its words for what is wrong. */

/** The pieces of a moment, as Go's layout for RFC 3339 names them. */
const PIECES: readonly (readonly [string, RegExp])[] = [
  ["2006", /^\d{4}/],
  ["-", /^-/],
  ["01", /^\d{2}/],
  ["-", /^-/],
  ["02", /^\d{2}/],
  ["T", /^T/],
  ["15", /^\d{1,2}/],
  [":", /^:/],
  ["04", /^\d{2}/],
  [":", /^:/],
  ["05", /^\d{2}/],
  ["", /^(?:[.,]\d+)?/],
  ["Z07:00", /^(?:Z|[+-]\d{2}:\d{2})/],
];

/** What a number is called that is too large, and the first that is. */
const RANGES: Readonly<Record<string, readonly [string, number]>> = {
  "01": ["month", 13],
  "15": ["hour", 24],
  "04": ["minute", 60],
  "05": ["second", 60],
};

const ZONE_HOUR_MAX = 24;
const ZONE_MINUTE_MAX = 60;

/** What is wrong with `text` as a moment of RFC 3339; undefined: nothing. */
export function goTimeFault(text: string): string | undefined {
  const shown = `parsing time ${JSON.stringify(text)}`;
  const values: Record<string, string> = {};
  let rest = text;
  for (const [piece, pattern] of PIECES) {
    const value = pattern.exec(rest)?.[0];
    if (value === undefined) {
      return `${shown} as "2006-01-02T15:04:05Z07:00": ` +
        `cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(piece)}`;
    }
    values[piece] = value;
    rest = rest.slice(value.length);
    const [name, end = Infinity] = RANGES[piece] ?? [];
    if (Number(value) >= end || (piece === "01" && value === "00")) {
      return `${shown}: ${name} out of range`;
    }
  }
  const [hour = 0, minute = 0] = values["Z07:00"]!.slice(1).split(":")
    .map(Number);
  if (minute > ZONE_MINUTE_MAX) {
    return `${shown}: time zone offset minute out of range`;
  }
  if (hour > ZONE_HOUR_MAX) {
    return `${shown}: time zone offset hour out of range`;
  }
  if (rest !== "") return `${shown}: extra text: ${JSON.stringify(rest)}`;
  const day = Number(values["02"]);
  if (day < 1 || day > daysOf(Number(values["2006"]), Number(values["01"]))) {
    return `${shown}: day out of range`;
  }
  return undefined;
}

const TEXT = /^(.+T)(\d\d?)(:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
const DIGITS = 9;

/** A moment without a fault as Go writes it: in its own zone, to the nanosecond. */
export function goTimeText(text: string): string {
  const [, date, hour = "", rest, digits = "", zone = ""] = TEXT.exec(text)!;
  const fraction = digits.slice(0, DIGITS).replace(/0+$/, "");
  return `${date}${hour.padStart(2, "0")}${rest}` +
    (fraction === "" ? "" : `.${fraction}`) +
    (/[1-9]/.test(zone) ? zone : "Z");
}

function daysOf(year: number, month: number): number {
  const end = new Date(Date.UTC(2000, month, 0));
  end.setUTCFullYear(year, month, 0);
  return end.getUTCDate();
}
