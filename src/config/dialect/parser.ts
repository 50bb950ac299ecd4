/**
 * From text to a tree: builds maps and arrays out of the lexer's items, reads
 * included files, and replaces `$variables`. Files and environment come in as
 * functions. A syntax error ends the file that it is in; everything else that
 * is wrong, in all files, is collected and thrown at once.
 */
import { ConfigError, type Position, Report, Source } from "./diagnostic.ts";
import type { ConfigDiagnostic } from "./diagnostic.ts";
import { type Item, lexFile, lexValue } from "./lexer.ts";
import { isName } from "./mask_blocks.ts";
import { pathBeside } from "./path.ts";
import { isSecretKey } from "../../core/redact.ts";
import type {
  ConfigArray,
  ConfigEntry,
  ConfigMap,
  ConfigValue,
} from "./tree.ts";

/** What a configuration may reach outside its own text. */
export interface ConfigWorld {
  /** The text of a file; throws `open PATH: no such file or directory`. */
  readFile(path: string): string;
  /** An environment variable. */
  env(name: string): string | undefined;
  /** SHA-256 in hex digits; without it configurations have no digest. */
  sha256?(text: string): string;
  /** Without it the JWTs of a configuration are not checked. */
  verifySignature?(
    key: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean;
}

/** A configuration as text, read into values. */
export interface ParsedConfig {
  /** The whole text is one map. */
  readonly root: ConfigMap;
  /** What is odd, and no error. */
  readonly warnings: readonly ConfigDiagnostic[];
}

/** Reads a text in nats-server's dialect. Throws ConfigError with all errors. */
export function parseSource(source: Source, world: ConfigWorld): ParsedConfig {
  const run: Run = { world, report: new Report(), including: [source.file] };
  const root = parseFile(source, run);
  run.report.throwIfErrors();
  return { root, warnings: run.report.warnings };
}

/** What all files of one configuration share. */
interface Run {
  readonly world: ConfigWorld;
  readonly report: Report;
  /** The file that is being read, after those that include it. */
  readonly including: string[];
}

function parseFile(source: Source, run: Run): ConfigMap {
  const items = lexInto(run.report, () => lexFile(source));
  return new TreeBuilder(source, items, run).file();
}

/** The items, or none when the text is wrong; what is wrong goes to `report`. */
function lexInto(report: Report, lex: () => Item[]): Item[] {
  try {
    return lex();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    report.errors.push(...error.diagnostics);
    return [];
  }
}

/** Includes nested deeper than this are taken for a loop through links. */
const INCLUDE_DEPTH_MAX = 32;

/** Builds the tree of one file, or of one environment variable. */
class TreeBuilder {
  readonly #source: Source;
  readonly #items: readonly Item[];
  readonly #run: Run;
  /** The environment variables whose text is being read, from the outermost. */
  readonly #expanding: readonly string[];
  /** The maps around the current item, from the outermost. */
  readonly #scopes: ConfigMap[] = [];
  #index = 0;

  constructor(
    source: Source,
    items: readonly Item[],
    run: Run,
    expanding: readonly string[] = [],
  ) {
    this.#source = source;
    this.#items = items;
    this.#run = run;
    this.#expanding = expanding;
  }

  file(): ConfigMap {
    return this.#entriesUntilEnd({ source: this.#source, line: 1, column: 1 });
  }

  /** The one value of the environment variable `name`, or an error at `at`. */
  singleValue(name: string, at: Position): ConfigValue | undefined {
    const first = this.#take();
    const value = first === undefined ? undefined : this.#value(first);
    if (this.#take()?.kind === "end") return value;
    this.#run.report.error(
      at,
      `variable reference for '${name}' on line ${at.line} could not be ` +
        "parsed: the environment variable does not hold one value",
    );
    return undefined;
  }

  #take(): Item | undefined {
    return this.#items[this.#index++];
  }

  #entriesUntilEnd(at: Position): ConfigMap {
    const map: ConfigMap = { kind: "map", entries: new Map(), at };
    this.#scopes.push(map);
    let item = this.#take();
    while (item !== undefined && item.kind !== "mapEnd") {
      if (item.kind === "key") this.#entry(map, item.value, item.at);
      if (item.kind === "include") this.#include(map, item.value, item.at);
      item = this.#take();
    }
    this.#scopes.pop();
    return map;
  }

  #entry(map: ConfigMap, key: string, at: Position): void {
    const item = this.#take();
    const isSecret = isSecretKey(key);
    const value = item === undefined ? undefined : this.#value(item, isSecret);
    if (value === undefined) return;
    this.#set(map, { key, at, value, isVariable: false, isSecret });
  }

  #set(map: ConfigMap, entry: ConfigEntry): void {
    const former = map.entries.get(entry.key);
    // A file is included to be overridden, so that is nothing to warn of.
    if (former?.at.source === entry.at.source) {
      this.#run.report.warn(
        entry.at,
        `${nameOf(entry)} is set again, which discards its value from line ` +
          former.at.line,
      );
    }
    // What was referred to as a variable, or as a secret, still is one.
    if (former !== undefined) {
      entry.isVariable ||= former.isVariable;
      entry.isSecret ||= former.isSecret;
    }
    map.entries.set(entry.key, entry);
  }

  /** `undefined` has been reported. */
  #value(item: Item, isSecret: boolean = false): ConfigValue | undefined {
    switch (item.kind) {
      case "mapStart":
        return this.#entriesUntilEnd(item.at);
      case "arrayStart":
        return this.#array(item.at);
      case "variable":
        return this.#variable(item.value, item.at, isSecret);
      case "string":
      case "integer":
      case "float":
      case "boolean":
      case "date":
        return item;
      default:
        return undefined;
    }
  }

  #array(at: Position): ConfigArray {
    const items: ConfigValue[] = [];
    let item = this.#take();
    while (item !== undefined && item.kind !== "arrayEnd") {
      const value = this.#value(item);
      if (value !== undefined) items.push(value);
      item = this.#take();
    }
    return { kind: "array", items, at };
  }

  // NATS server configuration: a name is looked for in the enclosing maps,
  // the innermost first, among the keys set so far; then in the environment.
  #variable(
    name: string,
    at: Position,
    isSecret: boolean,
  ): ConfigValue | undefined {
    const entry = this.#scopes.findLast((scope) => scope.entries.has(name))
      ?.entries.get(name);
    if (entry === undefined) return this.#environmentValue(name, at);
    entry.isVariable = true;
    entry.isSecret ||= isSecret;
    return { ...entry.value, at };
  }

  #environmentValue(name: string, at: Position): ConfigValue | undefined {
    const { report, world } = this.#run;
    if (this.#expanding.includes(name)) {
      report.error(at, `variable reference cycle for '${name}'`);
      return undefined;
    }
    const text = attempt(() => world.env(name));
    if (text instanceof Error) {
      report.error(at, text.message);
      return undefined;
    }
    if (text !== undefined && text.trim() !== "") {
      return this.#readEnvironmentText(name, text, at);
    }
    // The text of a variable may be a password, so it is not quoted.
    const what = this.#expanding.length > 0
      ? `in '${this.#expanding.at(-1)}'`
      : `for '${name}'`;
    report.error(
      at,
      `variable reference ${what} on line ${at.line} can not be found`,
    );
    return undefined;
  }

  // The text sees other environment variables, but no key of the file. All
  // that it holds stands where the file refers to it.
  #readEnvironmentText(
    name: string,
    text: string,
    at: Position,
  ): ConfigValue | undefined {
    const source = new Source(`$${name}`, text);
    const items = lexInto(new Report(), () => lexValue(source))
      .map((item) => ({ ...item, at }));
    const expanding = [...this.#expanding, name];
    const builder = new TreeBuilder(source, items, this.#run, expanding);
    return builder.singleValue(name, at);
  }

  #include(map: ConfigMap, path: string, at: Position): void {
    const { including, report, world } = this.#run;
    const file = pathBeside(this.#source.file, path);
    if (this.#expanding.length > 0) {
      report.error(at, "An environment variable cannot include a file");
      return;
    }
    if (including.includes(file)) {
      report.error(at, `include file '${path}' includes itself`);
      return;
    }
    if (including.length >= INCLUDE_DEPTH_MAX) {
      report.error(
        at,
        `include file '${path}' is nested more than ${INCLUDE_DEPTH_MAX} deep`,
      );
      return;
    }
    const text = attempt(() => world.readFile(file));
    if (text instanceof Error) {
      const why = text.message;
      report.error(at, `error parsing include file '${path}', ${why}`);
      return;
    }
    including.push(file);
    const isInside = this.#source.isInside || this.#scopes.length > 1;
    const included = parseFile(new Source(file, text, isInside), this.#run);
    including.pop();
    for (const entry of included.entries.values()) this.#set(map, entry);
  }
}

function nameOf({ key }: ConfigEntry): string {
  return isName(key) ? `"${key}"` : "The key";
}

/** What the world gives, or why it does not. */
function attempt<T>(ask: () => T): T | Error {
  try {
    return ask();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
