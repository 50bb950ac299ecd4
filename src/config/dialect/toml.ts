/**
 * Configurations in TOML, as the same tree that the dialect of nats-server
 * gives. The only file that knows the package `smol-toml`, which is loaded
 * when the first TOML document is read and not before.
 */
import {
  ConfigError,
  diagnose,
  type Position,
  Report,
  type Source,
} from "./diagnostic.ts";
import type { ParsedConfig } from "./parser.ts";
import { isSecretKey } from "../../core/redact.ts";
import { type TomlPath, TomlPositions } from "./toml_positions.ts";
import type { ConfigMap, ConfigValue } from "./tree.ts";

/** Reads a TOML document. Rejects with ConfigError. */
export async function parseToml(source: Source): Promise<ParsedConfig> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    const table = parse(source.text, { integersAsBigInt: true });
    return new TomlTree(source).root(table);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    // What follows the first line shows the document, secrets included.
    const [message = ""] = error.message.split("\n");
    throw new ConfigError([diagnose({ source, line, column }, message)]);
  }
}

/** Turns what `smol-toml` returns into values that know where they stand. */
class TomlTree {
  readonly #report = new Report();
  readonly #positions: TomlPositions;
  readonly #start: Position;

  constructor(source: Source) {
    this.#positions = new TomlPositions(source);
    this.#start = { source, line: 1, column: 1 };
  }

  root(table: object): ParsedConfig {
    const root = this.#map(table, [], this.#start);
    this.#report.throwIfErrors();
    return { root, warnings: [] };
  }

  #map(table: object, path: TomlPath, at: Position): ConfigMap {
    const map: ConfigMap = { kind: "map", entries: new Map(), at };
    for (const [key, item] of Object.entries(table)) {
      const value = this.#value(item, [...path, key], at);
      const isSecret = isSecretKey(key);
      const entry = { key, value, at: value.at, isVariable: false, isSecret };
      map.entries.set(key, entry);
    }
    return map;
  }

  #value(item: unknown, path: TomlPath, parentAt: Position): ConfigValue {
    const at = this.#positions.at(path) ?? parentAt;
    switch (typeof item) {
      case "string":
        return { kind: "string", value: item, at };
      case "boolean":
        return { kind: "boolean", value: item, at };
      case "number":
        return { kind: "float", value: item, at };
      case "bigint":
        return this.#integer(item, at);
      default:
        return this.#compound(item, path, at);
    }
  }

  #integer(exact: bigint, at: Position): ConfigValue {
    const value = Number(exact);
    if (BigInt(value) !== exact) {
      this.#report.error(at, `integer '${exact}' is out of the range`);
    }
    return { kind: "integer", value, at };
  }

  #compound(item: unknown, path: TomlPath, at: Position): ConfigValue {
    if (isDate(item)) return { kind: "date", value: item, at };
    if (!Array.isArray(item)) return this.#map(Object(item), path, at);
    const items = item.map((element, index) =>
      this.#value(element, [...path, index], at)
    );
    return { kind: "array", items, at };
  }
}

/** Fake timers put another `Date` in the place of the one that `smol-toml` knows. */
function isDate(item: unknown): item is Date {
  return Object.prototype.toString.call(item) === "[object Date]";
}
