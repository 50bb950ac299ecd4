/**
 * A parsed configuration: values that know where they stand. The parser and
 * the TOML reader build this tree; the rows of `keys/` read options out of it.
 */
import type { Position } from "./diagnostic.ts";
import { REDACTED, redactUrl } from "../../core/redact.ts";

/** Text, quoted or not. */
export interface ConfigString {
  /** Tells the kinds of values apart. */
  readonly kind: "string";
  /** As the program wants it. */
  readonly value: string;
  /** Where it begins. */
  readonly at: Position;
}

/** A whole number, its size suffix already multiplied in. */
export interface ConfigInteger {
  /** Tells the kinds of values apart. */
  readonly kind: "integer";
  /** As the program wants it. */
  readonly value: number;
  /** Where it begins. */
  readonly at: Position;
}

/** A number with a fraction or an exponent. */
export interface ConfigFloat {
  /** Tells the kinds of values apart. */
  readonly kind: "float";
  /** As the program wants it. */
  readonly value: number;
  /** Where it begins. */
  readonly at: Position;
}

/** `true` or `false`, and the other words for them. */
export interface ConfigBoolean {
  /** Tells the kinds of values apart. */
  readonly kind: "boolean";
  /** As the program wants it. */
  readonly value: boolean;
  /** Where it begins. */
  readonly at: Position;
}

/** A moment, such as `2026-11-22T10:00:00Z`. */
export interface ConfigDate {
  /** Tells the kinds of values apart. */
  readonly kind: "date";
  /** As the program wants it. */
  readonly value: Date;
  /** Where it begins. */
  readonly at: Position;
}

/** A list. */
export interface ConfigArray {
  /** Tells the kinds of values apart. */
  readonly kind: "array";
  /** In the order of the text. */
  readonly items: readonly ConfigValue[];
  /** Where it begins. */
  readonly at: Position;
}

/** Keys keep their case and their order. A `Map`, so that no key is special. */
export interface ConfigMap {
  /** Tells the kinds of values apart. */
  readonly kind: "map";
  /** By their keys. */
  readonly entries: Map<string, ConfigEntry>;
  /** Where it begins. */
  readonly at: Position;
}

/** Any value; `kind` tells which. */
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
  /** As it is written. */
  readonly key: string;
  /** The first character of the key, inside its quotes. */
  readonly at: Position;
  /** What the key stands for. */
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
