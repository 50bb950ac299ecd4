/**
 * Readers: from a value of the tree, or of a flag, to the value of an option.
 * A reader knows the type of its value, which the compiler holds against the
 * field of each row, and the type that a program may write for it.
 */
import { PORT_MAX, splitAddress } from "../../net/address.ts";
import { isUnixUrl } from "../../net/unix_url.ts";
import { durationProblem, parseDuration } from "../../core/duration.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import { FlagError, type FlagType, type FlagValue } from "../flags/flags.ts";
import { goType, quote, reportType } from "./complaints.ts";
import type { Steps } from "../../core/steps.ts";
import type { PortForm, Unit } from "./schema.ts";

/** How a reader takes the value of a flag. */
export interface FlagForm<Value> {
  readonly type: FlagType;
  /** `name` is the flag's; throws FlagError when the value makes no sense. */
  read(value: FlagValue, name: string): Value;
}

/** Reads a value; what is wrong with it goes to `report`, and `undefined` comes back. */
export interface Reader<Value> {
  /** What it takes, for people. */
  readonly kind: string;
  /** The TypeScript type of the value that it makes. */
  readonly type: string;
  /** The TypeScript type of the value that a program writes. */
  readonly written: string;
  readonly unit?: Unit;
  readonly port?: PortForm;
  readonly flag?: FlagForm<Value>;
  read(entry: ConfigEntry, report: Report): Value | undefined;
  /** As `read`, in steps, for a value that may be long. */
  readInSteps?(entry: ConfigEntry, report: Report): Steps<Value | undefined>;
}

/** A reader whose values are changed when they are good. */
export function changed<Value>(
  reader: Reader<Value>,
  change: (value: Value) => Value,
): Reader<Value> {
  const { flag } = reader;
  return {
    ...reader,
    ...(flag !== undefined && {
      flag: {
        type: flag.type,
        read: (value, name) => change(flag.read(value, name)),
      },
    }),
    read(entry, report) {
      const value = reader.read(entry, report);
      return value === undefined ? undefined : change(value);
    },
  };
}

export const boolean: Reader<boolean> = {
  kind: "boolean",
  type: "boolean",
  written: "boolean",
  flag: { type: "boolean", read: (value) => value === true },
  read(entry, report) {
    if (entry.value.kind === "boolean") return entry.value.value;
    reportType(entry, "boolean", report);
    return undefined;
  },
};

export const string: Reader<string> = {
  kind: "string",
  type: "string",
  written: "string",
  flag: { type: "string", read: String },
  read(entry, report) {
    if (entry.value.kind === "string") return entry.value.value;
    reportType(entry, "string", report);
    return undefined;
  },
};

/** A text; an empty one leaves the option at its default. */
export const filledString: Reader<string> = {
  ...string,
  read: (entry, report) => string.read(entry, report) || undefined,
};

/** A string that becomes part of the protocol's lines. */
export function stringWithoutSpaces(spacesError: string): Reader<string> {
  return checkedString((text) => /\s/.test(text) ? spacesError : undefined);
}

/** A string that may have a `problem`. */
export function checkedString(
  problem: (text: string) => string | undefined,
): Reader<string> {
  return {
    ...string,
    flag: {
      type: "string",
      read(value) {
        const text = String(value);
        const wrong = problem(text);
        if (wrong !== undefined) throw new FlagError(wrong);
        return text;
      },
    },
    read(entry, report) {
      const text = string.read(entry, report);
      const wrong = text === undefined ? undefined : problem(text);
      if (wrong === undefined) return text;
      report.error(entry.at, wrong);
      return undefined;
    },
  };
}

export const INT32_MAX = 2_147_483_647;

/** A whole number from `min` to `max`. */
export function integer(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Reader<number> {
  return {
    kind: "integer",
    type: "number",
    written: "number",
    flag: {
      type: "integer",
      read: (value, name) => inRange(Number(value), min, max, name),
    },
    read(entry, report) {
      const { key, at, value } = entry;
      if (value.kind !== "integer") {
        reportType(entry, "integer", report);
      } else if (value.value > max) {
        report.error(at, `${key} value is too big`);
      } else if (value.value < min) {
        report.error(at, `${key} value can not be negative`);
      } else {
        return value.value;
      }
      return undefined;
    },
  };
}

function inRange(
  number: number,
  min: number,
  max: number,
  flag: string,
): number {
  if (number >= min && number <= max) return number;
  throw new FlagError(
    `invalid value "${number}" for flag -${flag}: value out of range`,
  );
}

/** Zero leaves the option at its default, as in nats-server. */
export function unlessZero(reader: Reader<number>): Reader<number> {
  return {
    ...reader,
    kind: `${reader.kind}, 0 for the default`,
    read: (entry, report) => reader.read(entry, report) || undefined,
  };
}

/** A duration in milliseconds; a plain number is seconds, with a warning. */
export const duration: Reader<number> = {
  kind: "duration",
  type: "number",
  written: "string",
  unit: "ms",
  read(entry, report) {
    const { key, at, value } = entry;
    if (value.kind === "integer" || value.kind === "float") {
      report.warn(
        at,
        `invalid use of field ${quote(key)}: ` +
          `${key} should be converted to a duration`,
      );
    }
    const ms = durationMs(entry, report);
    if (ms === undefined || ms >= 0) return ms;
    report.error(at, `${key} value can not be negative`);
    return undefined;
  },
};

/** A duration in milliseconds, in Go's form only, and possibly negative. */
export const durationString: Reader<number> = {
  ...duration,
  read(entry, report) {
    if (entry.value.kind === "string") return durationMs(entry, report);
    reportType(entry, "string", report);
    return undefined;
  },
};

function durationMs(entry: ConfigEntry, report: Report): number | undefined {
  const { key, at, value } = entry;
  if (value.kind === "integer" || value.kind === "float") {
    return value.value * 1000;
  }
  if (value.kind !== "string") {
    reportType(entry, "string", report);
    return undefined;
  }
  const ms = parseDuration(value.value);
  if (ms === undefined) {
    const why = durationProblem(value.value);
    report.error(at, `error parsing ${key}: ${why}`);
  }
  return ms;
}

/** A list of strings, or one string alone. */
export const strings: Reader<string[]> = {
  kind: "string or list of strings",
  type: "string[]",
  written: "string | readonly string[]",
  read({ key, at, value }, report) {
    const items = value.kind === "array" ? value.items : [value];
    const texts: string[] = [];
    for (const item of items) {
      if (item.kind === "string") {
        texts.push(item.value);
      } else {
        const type = goType(item);
        report.error(at, `error parsing ${key}: unsupported type ${type}`);
      }
    }
    return texts.length === items.length ? texts : undefined;
  },
};

/** Where to listen, as configured: no host means the default one. */
export interface ListenAddress {
  readonly host: string | undefined;
  /** -1: any free port. */
  readonly port: number;
}

/** A port, or `host:port`. */
export const listenAddress: Reader<ListenAddress> = {
  kind: "port or host:port",
  type: "{ host: string; port: number }",
  written: "string | number",
  port: "address",
  read({ key, at, value }, report) {
    if (value.kind === "integer") {
      return checkPort(undefined, String(value.value), at, report);
    }
    if (value.kind !== "string") {
      report.error(at, `expected port or host:port, got ${goType(value)}`);
      return undefined;
    }
    if (isUnixUrl(value.value)) {
      const text = "only `listen` of the top level and `http` may be";
      report.error(at, `${key} cannot be a unix socket: ${text}`);
      return undefined;
    }
    const { host = "", port } = splitAddress(value.value) ?? {};
    if (port === undefined) {
      const text = quote(value.value);
      report.error(at, `could not parse address string ${text}`);
      return undefined;
    }
    return checkPort(host || undefined, port, at, report);
  },
};

/** A port number, or -1 for any free port. */
export const port: Reader<number> = {
  kind: "port",
  type: "number",
  written: "number",
  port: "port",
  flag: {
    type: "integer",
    read: (value, name) => checkedPort(Number(value), name),
  },
  read(entry, report) {
    const { at, value } = entry;
    if (value.kind === "integer") {
      return checkPort(undefined, String(value.value), at, report)?.port;
    }
    reportType(entry, "integer", report);
    return undefined;
  },
};

/** The port of a flag; -1 is any free one. Throws FlagError for a number that is none. */
export function checkedPort(port: number, flag: string): number {
  return inRange(port, -1, PORT_MAX, flag);
}

function checkPort(
  host: string | undefined,
  text: string,
  at: Position,
  report: Report,
): ListenAddress | undefined {
  const port = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(port)) {
    report.error(at, `could not parse port ${quote(text)}`);
  } else if (port < -1 || port > PORT_MAX) {
    report.error(at, `port ${port} is out of range, 0 to ${PORT_MAX} or -1`);
  } else {
    return { host, port };
  }
  return undefined;
}
