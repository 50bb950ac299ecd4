/**
 * A parsed configuration: values that know where they stand. The parser and
 * the TOML reader build this tree; `schema.ts` reads options out of it.
 */
import type { Position } from "./diagnostic.ts";
import { REDACTED, redactUrl } from "./secrets.ts";

/** Text, quoted or not. */
export interface ConfigString {
  readonly kind: "string";
  readonly value: string;
  readonly at: Position;
}

/** A whole number, its size suffix already multiplied in. */
export interface ConfigInteger {
  readonly kind: "integer";
  readonly value: number;
  readonly at: Position;
}

export interface ConfigFloat {
  readonly kind: "float";
  readonly value: number;
  readonly at: Position;
}

export interface ConfigBoolean {
  readonly kind: "boolean";
  readonly value: boolean;
  readonly at: Position;
}

export interface ConfigDate {
  readonly kind: "date";
  readonly value: Date;
  readonly at: Position;
}

export interface ConfigArray {
  readonly kind: "array";
  readonly items: readonly ConfigValue[];
  readonly at: Position;
}

/** Keys keep their case and their order. A `Map`, so that no key is special. */
export interface ConfigMap {
  readonly kind: "map";
  readonly entries: Map<string, ConfigEntry>;
  readonly at: Position;
}

export type ConfigValue =
  | ConfigString
  | ConfigInteger
  | ConfigFloat
  | ConfigBoolean
  | ConfigDate
  | ConfigArray
  | ConfigMap;

/** A key with its value. Errors about either point at the key. */
export interface ConfigEntry {
  readonly key: string;
  /** The first character of the key, inside its quotes. */
  readonly at: Position;
  readonly value: ConfigValue;
  /** Some `$key` refers to it, so the key need not be an option. */
  isVariable: boolean;
  /** A password, a token, or a variable that stands for one. */
  isSecret: boolean;
}

/** What a value is in plain JavaScript and in JSON. */
export type PlainValue =
  | string
  | number
  | boolean
  | PlainValue[]
  | { [key: string]: PlainValue };

/** The value without its positions, and with `[REDACTED]` for its secrets. */
export function toPlain(value: ConfigValue): PlainValue {
  switch (value.kind) {
    case "map":
      return mapToPlain(value);
    case "array":
      return value.items.map(toPlain);
    case "date":
      return value.value.toISOString();
    case "string":
      return value.value.includes("://") ? redactUrl(value.value) : value.value;
    default:
      return value.value;
  }
}

function mapToPlain(map: ConfigMap): { [key: string]: PlainValue } {
  // Without a prototype, even `__proto__` is a key like any other.
  const plain: { [key: string]: PlainValue } = Object.create(null);
  for (const { key, value, isSecret } of map.entries.values()) {
    plain[key] = isSecret ? REDACTED : toPlain(value);
  }
  return plain;
}
