/**
 * From text to a tree: builds maps and arrays out of the lexer's items, reads
 * included files, and replaces `$variables`. Files and environment come in as
 * functions. A syntax error ends the file that it is in; everything else that
 * is wrong, in all files, is collected and thrown at once.
 */
import { type Position, Report, Source } from "./diagnostic.ts";
import type { ConfigDiagnostic } from "./diagnostic.ts";
import { filled } from "./interpolation.ts";
import { type Item, lexInSteps, lexInto } from "./lexer.ts";
import { isName } from "./mask_blocks.ts";
import { finishSteps, type Steps } from "../../core/steps.ts";
import { pathBeside } from "./path.ts";
import { isSecretKey } from "../../core/redact.ts";
import type { TlsProblems, TlsUpgrade } from "../../platform/socket.ts";
import type {
  ConfigArray,
  ConfigEntry,
  ConfigMap,
  ConfigString,
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
  /** Without it certificates and keys are not checked. */
  tlsProblems?(tls: TlsUpgrade): TlsProblems;
  /** Lets others do their work; without it a text is read in one go. */
  pause?(): Promise<void>;
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
  return finishSteps(parseInSteps(source, world));
}

/** The same, in steps. */
export function* parseInSteps(
  source: Source,
  world: ConfigWorld,
): Steps<ParsedConfig> {
  const run: Run = { world, report: new Report(), including: [source.file] };
  const root = yield* parseFile(source, run);
  run.report.throwIfErrors();
  return { root, warnings: run.report.warnings };
}

/** The value of a variable as a text; without an entry it is the environment's. */
interface VariableText {
  readonly text: string;
  readonly entry?: ConfigEntry;
}

type TextItem = Extract<Item, { kind: "string" }> & { readonly isOpen?: true };

/** What all files of one configuration share. */
interface Run {
  readonly world: ConfigWorld;
  readonly report: Report;
  /** The file that is being read, after those that include it. */
  readonly including: string[];
}

function* parseFile(source: Source, run: Run): Steps<ConfigMap> {
  const items = yield* lexInto(run.report, lexInSteps(source));
  return yield* new TreeBuilder(source, items, run).file();
}

/** Items that take as long to put together as a step. */
const ITEMS_PER_STEP = 1024;

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
  /** A variable that is a secret was put into a text of the current entry. */
  #holdsSecret = false;

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

  file(): Steps<ConfigMap> {
    return this.#entriesUntilEnd({ source: this.#source, line: 1, column: 1 });
  }

  /** The one value of the environment variable `name`, or an error at `at`. */
  singleValue(name: string, at: Position): ConfigValue | undefined {
    const first = this.#take();
    const value = first === undefined
      ? undefined
      : finishSteps(this.#value(first));
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

  *#entriesUntilEnd(at: Position): Steps<ConfigMap> {
    const map: ConfigMap = { kind: "map", entries: new Map(), at };
    this.#scopes.push(map);
    let item = this.#take();
    while (item !== undefined && item.kind !== "mapEnd") {
      if (item.kind === "key") yield* this.#entry(map, item.value, item.at);
      if (item.kind === "include") {
        yield* this.#include(map, item.value, item.at);
      }
      if (this.#index % ITEMS_PER_STEP === 0) yield;
      item = this.#take();
    }
    this.#scopes.pop();
    return map;
  }

  *#entry(map: ConfigMap, key: string, at: Position): Steps<void> {
    const item = this.#take();
    const isSecret = isSecretKey(key);
    this.#holdsSecret = false;
    const value = item === undefined
      ? undefined
      : yield* this.#value(item, isSecret);
    const isShown = !isSecret && !this.#holdsSecret;
    this.#holdsSecret = false;
    if (value === undefined) return;
    this.#set(map, { key, at, value, isVariable: false, isSecret: !isShown });
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
  *#value(
    item: Item,
    isSecret: boolean = false,
  ): Steps<ConfigValue | undefined> {
    switch (item.kind) {
      case "mapStart":
        return yield* this.#entriesUntilEnd(item.at);
      case "arrayStart":
        return yield* this.#array(item.at);
      case "variable":
        return this.#variable(item.value, item.at, isSecret);
      case "string":
        return this.#string(item, isSecret);
      case "integer":
      case "float":
      case "boolean":
      case "date":
        return item;
      default:
        return undefined;
    }
  }

  *#array(at: Position): Steps<ConfigArray> {
    const items: ConfigValue[] = [];
    let item = this.#take();
    while (item !== undefined && item.kind !== "arrayEnd") {
      const value = yield* this.#value(item);
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
    if (entry === undefined) {
      return this.#compound(`$${name}`, at) ?? this.#environmentValue(name, at);
    }
    entry.isVariable = true;
    entry.isSecret ||= isSecret;
    return { ...entry.value, at };
  }

  /** A text, with the variables that are in it. That of a secret is what it is. */
  #string(
    { value, at, isOpen }: TextItem,
    isSecret: boolean,
  ): ConfigString {
    if (isOpen !== true || this.#expanding.length > 0) {
      return { kind: "string", value, at };
    }
    if (isSecret) {
      this.#warnOfSecret(value, at);
      return { kind: "string", value, at };
    }
    const { text, missing } = filled(value, (name) => this.#use(name));
    if (missing > 0) {
      this.#run.report.warn(
        at,
        "there is no such variable; the $ and the name behind it stay in the text",
      );
    }
    return { kind: "string", value: text, at };
  }

  /** `$A.b$C` without quotes is a text if all its variables have values, and no name of a variable. */
  #compound(text: string, at: Position): ConfigString | undefined {
    if (/^\$\w+$/.test(text) || this.#expanding.length > 0) return undefined;
    const made = filled(text, (name) => this.#use(name));
    if (made.places === 0 || made.missing > 0) return undefined;
    return { kind: "string", value: made.text, at };
  }

  #warnOfSecret(value: string, at: Position): void {
    const { places, missing } = filled(
      value,
      (name) => this.#textOf(name)?.text,
    );
    if (places === missing) return;
    this.#run.report.warn(
      at,
      "a secret is the text itself, not a variable that is in it; " +
        "$NAME alone, without quotes, is the variable",
    );
  }

  /** The value of a variable in a text, which is used now. */
  #use(name: string): string | undefined {
    const found = this.#textOf(name);
    if (found?.entry !== undefined) found.entry.isVariable = true;
    this.#holdsSecret ||= found?.entry?.isSecret ?? isSecretKey(name);
    return found?.text;
  }

  /** What a variable has for the middle of a text: nothing that is a list or a map. */
  #textOf(name: string): VariableText | undefined {
    const entry = this.#scopes.findLast((scope) => scope.entries.has(name))
      ?.entries.get(name);
    if (entry === undefined) {
      const text = attempt(() => this.#run.world.env(name));
      const isThere = typeof text === "string" && text.trim() !== "";
      return isThere ? { text } : undefined;
    }
    const { value } = entry;
    const isText = value.kind !== "map" && value.kind !== "array" &&
      value.kind !== "date";
    return isText ? { text: String(value.value), entry } : undefined;
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
    const items = finishSteps(
      lexInto(new Report(), lexInSteps(source, "value")),
    )
      .map((item) => ({ ...item, at }));
    const expanding = [...this.#expanding, name];
    const builder = new TreeBuilder(source, items, this.#run, expanding);
    return builder.singleValue(name, at);
  }

  *#include(map: ConfigMap, path: string, at: Position): Steps<void> {
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
    const included = yield* parseFile(
      new Source(file, text, isInside),
      this.#run,
    );
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
