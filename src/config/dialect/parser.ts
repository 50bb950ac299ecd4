/**
 * From text to a tree: builds maps and arrays out of the lexer's items, reads
 * included files, and replaces `$variables`. Files and environment come in as
 * functions. A syntax error ends the file that it is in; everything else that
 * is wrong, in all files, is collected and thrown at once.
 */
import type { TextPlace } from "./cursor.ts";
import { ConfigError, type Position, Report, Source } from "./diagnostic.ts";
import type { ConfigDiagnostic } from "./diagnostic.ts";
import type { Item } from "./item.ts";
import { type Extent, Items } from "./lexer.ts";
import { isName } from "./mask_blocks.ts";
import { finishSteps, type Steps } from "../../core/steps.ts";
import { pathBeside } from "./path.ts";
import { isSecretKey } from "../../core/redact.ts";
import { type MapReader, ShortMaps } from "./short_maps.ts";
import { attempt, type EnvironmentText, Variables } from "./variables.ts";
import type { ConfigWorld } from "./world.ts";
import type {
  ConfigArray,
  ConfigEntry,
  ConfigMap,
  ConfigValue,
} from "./tree.ts";

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

/**
 * As `parseSource`, in steps. A tree that is `transient` is read once and then
 * forgotten: short maps in it are read when they are looked into.
 */
export function* parseInSteps(
  source: Source,
  world: ConfigWorld,
  tree: "lasting" | "transient" = "lasting",
): Steps<ParsedConfig> {
  const run: Run = {
    world,
    report: new Report(false, world.isUnwarned),
    including: [source.file],
    isTransient: tree === "transient",
  };
  const root = yield* parseFile(source, run);
  run.report.throwIfErrors();
  return { root, warnings: run.report.warnings };
}

type ScalarItem = Extract<
  Item,
  { kind: "variable" | "string" | "integer" | "float" | "boolean" | "date" }
>;

/** What all files of one configuration share. */
interface Run {
  readonly world: ConfigWorld;
  readonly report: Report;
  /** The file that is being read, after those that include it. */
  readonly including: string[];
  readonly isTransient: boolean;
}

/** Of a file with an error of syntax nothing else is told. */
function* parseFile(source: Source, run: Run): Steps<ConfigMap> {
  const mark = run.report.mark();
  try {
    return yield* new TreeBuilder(source, { what: "file" }, run).file();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    run.report.replaceSince(mark, error.diagnostics);
    const at = { source, line: 1, column: 1 };
    return { kind: "map", entries: new Map(), at };
  }
}

/** Reads maps of a text that has been read before, with nothing in them that depends on what is around them. */
function mapReader(source: Source, { world }: Run): MapReader {
  const builder = new TreeBuilder(source, { what: "file" }, {
    world,
    report: new Report(),
    including: [],
    isTransient: false,
  });
  return (place) => builder.map(place);
}

/** Items that take as long to put together as a step. */
const ITEMS_PER_STEP = 1024;

/** Includes nested deeper than this are taken for a loop through links. */
const INCLUDE_DEPTH_MAX = 32;

/** A map or an array that is being read. */
interface OpenValue {
  readonly value: ConfigMap | OpenArray;
  /** Of a map, where its text begins. */
  readonly offset: number;
  /** How often variables were used before it. */
  readonly uses: number;
  /** Of a map: the key whose value comes next. */
  key: KeyItem | undefined;
}

type OpenArray = ConfigArray & { readonly items: ConfigValue[] };

type KeyItem = Extract<Item, { kind: "key" }>;

/** Builds the tree of one file, of one environment variable, or of a map in a file. */
class TreeBuilder {
  readonly #source: Source;
  readonly #items: Items;
  readonly #run: Run;
  /** The environment variables whose text is being read, from the outermost. */
  readonly #expanding: readonly string[];
  /** The maps around the current item, from the outermost. */
  readonly #scopes: ConfigMap[] = [];
  /** The maps and arrays around the current item, from the outermost. */
  readonly #open: OpenValue[] = [];
  readonly #shortMaps: ShortMaps | undefined;
  readonly #variables: Variables;
  /** What stands outside of all maps and arrays. */
  #outermost: ConfigValue | undefined = undefined;

  constructor(
    source: Source,
    extent: Extent,
    run: Run,
    expanding: readonly string[] = [],
  ) {
    this.#source = source;
    this.#items = new Items(source, extent);
    this.#run = run;
    this.#expanding = expanding;
    this.#variables = new Variables({
      scopes: this.#scopes,
      expanding,
      report: run.report,
      env: (name) => run.world.env(name),
      read: (text) => this.#readEnvironmentText(text),
    });
    if (run.isTransient && expanding.length === 0) {
      this.#shortMaps = new ShortMaps(source, mapReader(source, run));
    }
  }

  *file(): Steps<ConfigMap> {
    const at = { source: this.#source, line: 1, column: 1 };
    const root = this.#openMap(at, 0);
    let stepEnd = ITEMS_PER_STEP;
    let item = this.#items.take();
    while (item !== undefined) {
      if (item.kind === "include") yield* this.#include(item.value, item.at);
      else this.#put(item);
      if (this.#items.taken >= stepEnd) {
        yield;
        stepEnd = this.#items.taken + ITEMS_PER_STEP;
      }
      item = this.#items.take();
    }
    return root;
  }

  /** The map that begins at `place`. */
  map(place: TextPlace): ConfigMap {
    this.#items.begin(place);
    const map = this.#single();
    if (map?.kind !== "map") throw new TypeError("No map begins here");
    return map;
  }

  /** The one value of the environment variable `name`, or an error at `at`. */
  singleValue(name: string, at: Position): ConfigValue | undefined {
    const { report } = this.#run;
    const mark = report.mark();
    try {
      const value = this.#single();
      if (this.#items.take()?.kind === "end") return value;
    } catch (error) {
      // What it says would quote the text, which may be a secret.
      if (!(error instanceof ConfigError)) throw error;
      report.replaceSince(mark, []);
    }
    report.error(
      at,
      `variable reference for '${name}' on line ${at.line} could not be ` +
        "parsed: the environment variable does not hold one value",
    );
    return undefined;
  }

  /** The first value of the text, with all that is in it. */
  #single(): ConfigValue | undefined {
    do {
      const item = this.#items.take();
      if (item === undefined) break;
      if (item.kind === "include") {
        finishSteps(this.#include(item.value, item.at));
      } else this.#put(item);
    } while (this.#open.length > 0);
    return this.#outermost;
  }

  #put(item: Exclude<Item, { kind: "include" }>): void {
    switch (item.kind) {
      case "key": {
        const map = this.#open.at(-1);
        if (map !== undefined) map.key = item;
        this.#variables.holdsSecret = false;
        break;
      }
      case "mapStart":
        this.#openMap(item.at, item.offset);
        break;
      case "arrayStart":
        this.#openArray(item.at);
        break;
      case "mapEnd":
      case "arrayEnd":
        this.#close();
        break;
      case "end":
        break;
      default:
        this.#add(this.#scalar(item));
    }
  }

  #openMap(at: Position, offset: number): ConfigMap {
    const value: ConfigMap = { kind: "map", entries: new Map(), at };
    const { uses } = this.#variables;
    this.#open.push({ value, offset, uses, key: undefined });
    this.#scopes.push(value);
    return value;
  }

  #openArray(at: Position): void {
    const value: OpenArray = { kind: "array", items: [], at };
    this.#open.push({ value, offset: 0, uses: 0, key: undefined });
  }

  #close(): void {
    const closed = this.#open.pop();
    if (closed === undefined) return;
    const { value, offset, uses } = closed;
    if (value.kind === "array") return this.#add(value);
    this.#scopes.pop();
    const isFree = uses === this.#variables.uses;
    this.#add(
      isFree && this.#shortMaps !== undefined
        ? this.#shortMaps.kept(value, offset, this.#items.offset)
        : value,
    );
  }

  /** To what is open; undefined has been reported. */
  #add(value: ConfigValue | undefined): void {
    const around = this.#open.at(-1);
    if (around === undefined) this.#outermost = value;
    else if (around.value.kind === "map") this.#addEntry(around, value);
    else if (value !== undefined) around.value.items.push(value);
  }

  #addEntry(around: OpenValue, value: ConfigValue | undefined): void {
    const { value: map, key: item } = around;
    const { holdsSecret } = this.#variables;
    around.key = undefined;
    this.#variables.holdsSecret = false;
    if (map.kind !== "map" || item === undefined || value === undefined) return;
    const { value: key, at } = item;
    const isSecret = isSecretKey(key) || holdsSecret;
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

  #scalar(item: ScalarItem): ConfigValue | undefined {
    switch (item.kind) {
      case "variable":
        return this.#variables.value(item.value, item.at, this.#isSecret);
      case "string":
        return this.#variables.string(item, this.#isSecret);
      default:
        return item;
    }
  }

  /** The value that comes next is that of a key which says that it is a secret. */
  get #isSecret(): boolean {
    const key = this.#open.at(-1)?.key;
    return key !== undefined && isSecretKey(key.value);
  }

  // All that an environment variable holds stands where the file refers to it,
  // and sees other variables of the environment, but no key of the file.
  #readEnvironmentText(
    { name, text, at }: EnvironmentText,
  ): ConfigValue | undefined {
    const expanding = [...this.#expanding, name];
    const source = new Source(`$${name}`, text);
    const extent: Extent = { what: "value", at };
    return new TreeBuilder(source, extent, this.#run, expanding)
      .singleValue(name, at);
  }

  *#include(path: string, at: Position): Steps<void> {
    this.#variables.uses++;
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
    const map = this.#scopes.at(-1);
    if (map === undefined) return;
    for (const entry of included.entries.values()) this.#set(map, entry);
  }
}

function nameOf({ key }: ConfigEntry): string {
  return isName(key) ? `"${key}"` : "The key";
}
