/**
 * An object as a configuration: the same tree that a text gives, so that the
 * same rows read it and complain of it. The object is written out line by line
 * meanwhile, as JSON is, for errors to point at; a program without mistakes
 * does not pay for the text.
 */
import { type Position, Report, Source } from "./diagnostic.ts";
import type { ParsedConfig } from "./parser.ts";
import { isSecretKey } from "../../core/redact.ts";
import type {
  ConfigArray,
  ConfigEntry,
  ConfigMap,
  ConfigValue,
} from "./tree.ts";

/** An object nested deeper than this is taken for one that contains itself. */
const DEPTH_MAX = 32;

/**
 * The tree of `config`, which errors call `name`. Keys whose value is
 * `undefined` are left out. Throws `ConfigError` for values that no
 * configuration has, such as functions.
 */
export function parseObject(config: object, name: string): ParsedConfig {
  const writer = new Writer(name);
  const root = writer.map(config, 0);
  const report = new Report();
  for (const { at, what } of writer.refused) {
    report.error(at, `the value is ${what}`);
  }
  report.throwIfErrors();
  return { root, warnings: [] };
}

/** Writes a value, and makes its part of the tree with the places of the text. */
class Writer {
  /** Values that do not go into a tree; told when all lines are there to be shown. */
  readonly refused: { readonly at: Position; readonly what: string }[] = [];
  readonly #source: Source;
  readonly #lines: string[] = [];
  #line = "";

  constructor(name: string) {
    this.#source = new Source(
      name,
      () => [...this.#lines, this.#line].join("\n"),
    );
  }

  map(object: object, depth: number): ConfigMap {
    const at = this.#here();
    const map: ConfigMap = { kind: "map", entries: new Map(), at };
    this.#line += "{";
    for (const [key, value] of Object.entries(object)) {
      if (value === undefined) continue;
      this.#endLine(depth + 1);
      const entry = this.#entry(key, value, depth + 1);
      if (entry !== undefined) map.entries.set(key, entry);
      this.#line += ",";
    }
    this.#close("}", depth);
    return map;
  }

  #entry(
    key: string,
    value: unknown,
    depth: number,
  ): ConfigEntry | undefined {
    const at = this.#here(1);
    this.#line += `${JSON.stringify(key)}: `;
    const read = this.#value(value, at, depth);
    if (read === undefined) return undefined;
    const isSecret = isSecretKey(key);
    return { key, at, value: read, isVariable: false, isSecret };
  }

  #array(items: readonly unknown[], depth: number): ConfigArray {
    const at = this.#here();
    const values: ConfigValue[] = [];
    this.#line += "[";
    for (const item of items) {
      this.#endLine(depth + 1);
      const value = this.#value(item, this.#here(), depth + 1);
      if (value !== undefined) values.push(value);
      this.#line += ",";
    }
    this.#close("]", depth);
    return { kind: "array", items: values, at };
  }

  /** `undefined` was refused, at `place`. */
  #value(
    value: unknown,
    place: Position,
    depth: number,
  ): ConfigValue | undefined {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "boolean":
        return this.#scalar({ kind: "boolean", value, at: this.#here() });
      case "number": {
        const kind = Number.isSafeInteger(value) ? "integer" : "float";
        return this.#scalar({ kind, value, at: this.#here() });
      }
      case "object":
        if (depth > DEPTH_MAX) return this.#refuse("nested too deep", place);
        if (Array.isArray(value)) return this.#array(value, depth);
        if (isMap(value)) return this.map(value, depth);
    }
    const what = value === null ? "null" : nameOf(value);
    return this.#refuse(`${what}, which is no value of an option`, place);
  }

  #string(value: string): ConfigValue {
    const at = this.#here(1);
    this.#line += JSON.stringify(value);
    return { kind: "string", value, at };
  }

  #scalar(
    value: ConfigValue & { readonly value: number | boolean },
  ): ConfigValue {
    this.#line += String(value.value);
    return value;
  }

  #refuse(what: string, at: Position): undefined {
    this.#line += "?";
    this.refused.push({ at, what });
    return undefined;
  }

  #here(inside: number = 0): Position {
    return {
      source: this.#source,
      line: this.#lines.length + 1,
      column: this.#line.length + 1 + inside,
    };
  }

  #endLine(depth: number): void {
    this.#lines.push(this.#line);
    this.#line = "  ".repeat(depth);
  }

  /** Ends a list; behind its last item there is no comma. */
  #close(bracket: string, depth: number): void {
    if (this.#line.endsWith(",")) {
      this.#line = this.#line.slice(0, -1);
      this.#endLine(depth);
    }
    this.#line += bracket;
  }
}

/** An object like `{}`, of any realm: not a `Map`, a `Date` and so on. */
function isMap(value: object | null): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** What a value is, for people: "a function", "a Map". */
function nameOf(value: unknown): string {
  const kind = typeof value === "object"
    ? Object.prototype.toString.call(value).slice("[object ".length, -1)
    : typeof value;
  return kind === "undefined" ? kind : `a ${kind}`;
}
