/**
 * How options are read out of a tree. A table row names a key, its aliases,
 * its type, and the option that it sets; `applyKeys` walks a map along such a
 * table and reports all that does not fit. The tables themselves are in
 * `server_keys.ts`, `cluster_keys.ts` and `authorization_keys.ts`.
 *
 * Errors point at the key, as nats-server's do, and use nats-server's words
 * where it has good ones.
 */
import { PORT_MAX, splitAddress } from "../../net/address.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import { durationProblem, parseDuration } from "../../core/duration.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";

/** One key of the configuration. */
export interface ConfigKey<Target> {
  /** The key and its aliases, in lower case. */
  readonly names: readonly [string, ...string[]];
  /** What kind of value it takes, for people. */
  readonly type: string;
  readonly doc: string;
  apply(target: Target, entry: ConfigEntry, report: Report): void;
}

/** Reads a value; what is wrong with it goes to `report`, and `undefined` comes back. */
export interface Reader<Value> {
  readonly type: string;
  read(entry: ConfigEntry, report: Report): Value | undefined;
}

/** A row of a table: `set` gets the value when it is good. */
export function key<Target, Value>(
  names: readonly [string, ...string[]],
  reader: Reader<Value>,
  set: (target: Target, value: Value) => void,
  doc: string,
): ConfigKey<Target> {
  return {
    names,
    type: reader.type,
    doc,
    apply(target, entry, report) {
      const value = reader.read(entry, report);
      if (value !== undefined) set(target, value);
    },
  };
}

/** A key that nats-server knows and Midge refuses, except where it turns something off. */
export function notYet(...names: [string, ...string[]]): ConfigKey<unknown> {
  return {
    names,
    type: "not supported yet",
    doc: "Accepted only where it turns the feature off.",
    apply(_, entry, report) {
      if (turnsOff(entry.value)) warnOfNoEffect(entry, "it is off", report);
      else report.error(entry.at, notSupported(entry));
    },
  };
}

/** A key that has nothing to act on in Midge; its value is not looked at. */
export function withoutEffect(
  names: readonly [string, ...string[]],
  because: string,
): ConfigKey<unknown> {
  return {
    names,
    type: "no effect",
    doc: because,
    apply: (_, entry, report) => warnOfNoEffect(entry, because, report),
  };
}

export function warnOfNoEffect(
  { key, at }: ConfigEntry,
  because: string,
  report: Report,
): void {
  report.warn(at, `"${key}" has no effect: ${because}`);
}

export function notSupported({ key }: ConfigEntry): string {
  return `${key} is a nats-server option that Midge does not support yet`;
}

/** True for `false`, 0, what is empty, and a map that says it is not enabled. */
function turnsOff(value: ConfigValue): boolean {
  if (value.kind === "map") return mapTurnsOff(value);
  if (value.kind === "array") return value.items.length === 0;
  if (value.kind === "string") return /^(off|disabled?)?$/i.test(value.value);
  return value.kind !== "date" && !value.value;
}

function mapTurnsOff(map: ConfigMap): boolean {
  const enabled = findEntry(map, "enabled", "enable")?.value;
  return enabled === undefined ? map.entries.size === 0 : turnsOff(enabled);
}

/** Reads the entries of `map` into `target`, each with its row of `keys`. */
export function applyKeys<Target>(
  keys: readonly ConfigKey<Target>[],
  map: ConfigMap,
  target: Target,
  report: Report,
): void {
  const rows = new Map(
    keys.flatMap((row) => row.names.map((name) => [name, row] as const)),
  );
  const seen = new Map<ConfigKey<Target>, ConfigEntry>();
  for (const entry of map.entries.values()) {
    const row = rows.get(entry.key.toLowerCase());
    if (row === undefined) {
      if (!entry.isVariable) reportUnknown(entry, report);
      continue;
    }
    const former = seen.get(row);
    if (former !== undefined) {
      report.warn(
        entry.at,
        `"${entry.key}" is the same option as "${former.key}", and replaces it`,
      );
    }
    seen.set(row, entry);
    row.apply(target, entry, report);
  }
}

function reportUnknown({ key, at }: ConfigEntry, report: Report): void {
  report.error(at, `unknown field ${quote(key)}`);
}

/** The last entry of `map` under one of `names`, if there is one. */
export function findEntry(
  map: ConfigMap,
  ...names: string[]
): ConfigEntry | undefined {
  return [...map.entries.values()]
    .findLast((entry) => names.includes(entry.key.toLowerCase()));
}

/** A text in double quotes, as Go's `%q` prints it. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** The name that nats-server, written in Go, has for the type of a value. */
export function goType(value: ConfigValue): string {
  switch (value.kind) {
    case "map":
      return "map[string]interface {}";
    case "array":
      return "[]interface {}";
    case "integer":
      return "int64";
    case "float":
      return "float64";
    case "boolean":
      return "bool";
    case "date":
      return "time.Time";
    default:
      return "string";
  }
}

const KIND_NAMES: Readonly<Record<ConfigValue["kind"], string>> = {
  string: "a string",
  integer: "an integer",
  float: "a float",
  boolean: "a boolean",
  date: "a date",
  array: "an array",
  map: "a map",
};

/** Says that a value is of another type than it should be. */
export function reportType(
  { key, at, value }: ConfigEntry,
  expected: ConfigValue["kind"],
  report: Report,
): void {
  const [wanted, got] = [KIND_NAMES[expected], KIND_NAMES[value.kind]];
  report.error(at, `${key} must be ${wanted}, got ${got}`);
}

export const boolean: Reader<boolean> = {
  type: "boolean",
  read(entry, report) {
    if (entry.value.kind === "boolean") return entry.value.value;
    reportType(entry, "boolean", report);
    return undefined;
  },
};

export const string: Reader<string> = {
  type: "string",
  read(entry, report) {
    if (entry.value.kind === "string") return entry.value.value;
    reportType(entry, "string", report);
    return undefined;
  },
};

/** A string that becomes part of the protocol's lines. */
export function stringWithoutSpaces(spacesError: string): Reader<string> {
  return {
    type: "string",
    read(entry, report) {
      const text = string.read(entry, report);
      if (text === undefined || !/\s/.test(text)) return text;
      report.error(entry.at, spacesError);
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
    type: "integer",
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

/** Zero leaves the option at its default, as in nats-server. */
export function unlessZero(reader: Reader<number>): Reader<number> {
  return {
    type: `${reader.type}, 0 for the default`,
    read: (entry, report) => reader.read(entry, report) || undefined,
  };
}

/** A duration in milliseconds; a plain number is seconds, with a warning. */
export const duration: Reader<number> = {
  type: "duration",
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
  type: "duration",
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
  type: "string or list of strings",
  read({ key, at, value }, report) {
    const items = value.kind === "array" ? value.items : [value];
    const texts: string[] = [];
    for (const item of items) {
      if (item.kind === "string") texts.push(item.value);
      else {report.error(
          at,
          `error parsing ${key}: unsupported type ${goType(item)}`,
        );}
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
  type: "port or host:port",
  read({ at, value }, report) {
    if (value.kind === "integer") {
      return checkPort(undefined, String(value.value), at, report);
    }
    if (value.kind !== "string") {
      report.error(at, `expected port or host:port, got ${goType(value)}`);
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
  type: "port",
  read(entry, report) {
    const { at, value } = entry;
    if (value.kind === "integer") {
      return checkPort(undefined, String(value.value), at, report)?.port;
    }
    reportType(entry, "integer", report);
    return undefined;
  },
};

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
