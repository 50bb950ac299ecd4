/**
 * The words for what is wrong with a value. Errors point at the key, as
 * nats-server's do, and use nats-server's words where it has good ones.
 */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigValue } from "../dialect/tree.ts";

/** A warning for what is accepted and changes nothing. */
export function warnOfNoEffect(
  { key, at }: ConfigEntry,
  because: string,
  report: Report,
): void {
  report.warn(at, `"${key}" has no effect: ${because}`);
}

/** The text for a key of nats-server that Midge lacks and cannot do without. */
export function notSupported({ key }: ConfigEntry): string {
  return `${key} is a nats-server option that Midge does not support yet`;
}

/** Says that Midge goes on without the feature that a key asks for. */
export function reportMissing(
  { key, at }: ConfigEntry,
  feature: string,
  report: Report,
): void {
  report.miss(at, `"${key}" has no effect: Midge has no ${feature} yet`);
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

/**
 * A value of the wrong type, for a text that names it. It may hold a password,
 * so only numbers and booleans are quoted.
 */
export function described(value: ConfigValue): string {
  const isHarmless = value.kind === "integer" || value.kind === "float" ||
    value.kind === "boolean";
  return isHarmless ? String(value.value) : goType(value);
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
