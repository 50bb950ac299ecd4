/**
 * Command-line flags as Go's programs take them, which is how nats-server and
 * the article's programs are called: one dash or two, `-name value` or
 * `-name=value`, booleans without a value. Every program of Midge reads its
 * arguments here.
 */
import { MidgeError } from "../../core/errors.ts";
import { durationProblem, parseDuration } from "../../core/duration.ts";

/** A `list` may be given again and again; a `duration` is like `1m30s`. */
export type FlagType = "string" | "integer" | "boolean" | "duration" | "list";

/** Durations are in milliseconds. */
export type FlagValue = string | number | boolean | readonly string[];

/** One flag. */
export interface FlagDefinition {
  /** The flag and its other names, without dashes. */
  readonly names: readonly [string, ...string[]];
  readonly type: FlagType;
  /** What help calls its value; a shell completes a `file` and a `folder`. */
  readonly value?: string;
  /** All that its value can be, for completion. */
  readonly choices?: readonly string[];
  /** Of a `boolean`: what it may be besides. */
  readonly word?: string;
  /** What it does, for help. */
  readonly doc: string;
}

/** A flag whose value has a certain type. */
export type FlagOf<Type extends FlagType> = FlagDefinition & {
  readonly type: Type;
};

/** Flags by name whose values are all of one type. */
export type FlagsOf<Names extends string, Type extends FlagType> = Readonly<
  Record<Names, FlagOf<Type>>
>;

/** Flags that stand together in the help. */
export interface FlagGroup {
  readonly title: string;
  readonly flags: readonly FlagDefinition[];
  /** They are known only to be refused, so no shell should propose them. */
  readonly isMissing?: boolean;
}

/** A command line that cannot be understood; the message is Go's. */
export class FlagError extends MidgeError {
  override readonly name = "FlagError";

  constructor(message: string) {
    super("FLAG", message);
  }
}

/** The flags of a program, under the names that it has for them. */
export type FlagTable = Readonly<Record<string, FlagDefinition>>;

/** The values of the flags that were given. */
export type FlagValues<Table extends FlagTable> = {
  -readonly [Name in keyof Table]?: ValueOf<Table[Name]["type"]>;
};

type ValueOf<Type extends FlagType> = Type extends "boolean" ? boolean
  : Type extends "integer" | "duration" ? number
  : Type extends "list" ? readonly string[]
  : string;

export interface ParsedFlags<Table extends FlagTable> {
  readonly values: FlagValues<Table>;
  /** The words that are no flags. */
  readonly rest: readonly string[];
}

/**
 * Where flags are looked for: `first` as Go does, up to the first word that is
 * none, or `anywhere`. Nothing behind `--` is a flag.
 */
export type FlagPlace = "first" | "anywhere";

/**
 * Reads a command line. Throws FlagError.
 *
 * ```ts
 * const { values, rest } = parseFlags({
 *   subject: { names: ["subj"], type: "string", doc: "Subject" },
 *   count: { names: ["n", "count"], type: "integer", doc: "Messages" },
 * }, ["-subj", "abc", "--count=3", "more"]);
 * values.subject; // "abc"
 * values.count; // 3
 * rest; // ["more"]
 * ```
 */
export function parseFlags<const Table extends FlagTable>(
  table: Table,
  args: readonly string[],
  place: FlagPlace = "first",
): ParsedFlags<Table> {
  const { given, rest } = scanFlags(Object.values(table), args, place);
  const named = Object.entries(table)
    .map(([name, definition]) => [name, given.get(definition)])
    .filter(([, value]) => value !== undefined);
  return { values: Object.fromEntries(named) as FlagValues<Table>, rest };
}

export interface ScannedFlags<Definition extends FlagDefinition> {
  /** The last value given for each flag; of a list, all. */
  readonly given: ReadonlyMap<Definition, FlagValue>;
  /** The words that are no flags. */
  readonly rest: readonly string[];
}

/** Reads a command line with a list of definitions. Throws FlagError. */
export function scanFlags<Definition extends FlagDefinition>(
  definitions: readonly Definition[],
  args: readonly string[],
  place: FlagPlace = "first",
): ScannedFlags<Definition> {
  const byName = new Map(
    definitions.flatMap((flag) => flag.names.map((name) => [name, flag])),
  );
  const given = new Map<Definition, FlagValue>();
  const words: string[] = [];
  let index = 0;
  for (; index < args.length; index++) {
    const word = args[index] ?? "";
    if (word === "--") {
      index++;
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (place === "first") break;
      words.push(word);
      continue;
    }
    const { name, value } = splitFlag(word);
    const flag = byName.get(name);
    if (flag === undefined) {
      throw new FlagError(`flag provided but not defined: -${name}`);
    }
    const isFollowed = value === undefined && flag.type !== "boolean";
    if (isFollowed) index++;
    const text = isFollowed ? args[index] : value;
    given.set(flag, readValue(flag, name, text, given.get(flag)));
  }
  return { given, rest: [...words, ...args.slice(index)] };
}

function splitFlag(word: string): { name: string; value: string | undefined } {
  const [, name, value] = /^--?([^-=][^=]*)(?:=([^]*))?$/.exec(word) ?? [];
  if (name === undefined) throw new FlagError(`bad flag syntax: ${word}`);
  return { name, value };
}

function readValue(
  { type, word }: FlagDefinition,
  name: string,
  text: string | undefined,
  before: FlagValue | undefined,
): FlagValue {
  if (word !== undefined && text === word) return word;
  if (type === "boolean") return readBoolean(name, text);
  if (text === undefined) {
    throw new FlagError(`flag needs an argument: -${name}`);
  }
  switch (type) {
    case "string":
      return text;
    case "integer":
      return readInteger(name, text);
    case "duration":
      return readDuration(name, text);
    case "list":
      return [...(Array.isArray(before) ? before : []), text];
  }
}

function readDuration(name: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new FlagError(
    `invalid value ${JSON.stringify(text)} for flag -${name}: ` +
      durationProblem(text),
  );
}

// A boolean flag alone is true; the word after it is not its value.
function readBoolean(name: string, text: string | undefined): boolean {
  if (text === undefined) return true;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  const quoted = JSON.stringify(text);
  throw new FlagError(
    `invalid boolean value ${quoted} for -${name}: parse error`,
  );
}

function readInteger(name: string, text: string): number {
  const isNumber = /^[+-]?(\d+|0[xX][\da-fA-F]+)$/.test(text);
  const sign = text.startsWith("-") ? -1 : 1;
  const number = isNumber ? sign * Number(text.replace(/^[+-]/, "")) : NaN;
  if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  const why = isNumber ? "value out of range" : "parse error";
  const quoted = JSON.stringify(text);
  throw new FlagError(`invalid value ${quoted} for flag -${name}: ${why}`);
}

// Names wider than this have their explanation on a line of its own.
const NAMES_WIDTH = 31;
const DOC_WIDTH = 46;

/** The help for flags: each name with its explanation in a second column. */
export function describeFlags(definitions: readonly FlagDefinition[]): string {
  return definitions.map(describeFlag).join("");
}

function describeFlag({ names, value, doc }: FlagDefinition): string {
  const dashed = names.map((name) => `-${name}`).join(", ");
  const left = value === undefined ? dashed : `${dashed} <${value}>`;
  const column = " ".repeat(NAMES_WIDTH + 3);
  const gap = left.length > NAMES_WIDTH
    ? `\n${column}`
    : column.slice(left.length + 2);
  return `  ${left}${gap}${linesOf(doc).join(`\n${column}`)}\n`;
}

/** The lines of a text, those that are too long broken between words. */
function linesOf(text: string): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > DOC_WIDTH) {
    const end = rest.lastIndexOf(" ", DOC_WIDTH);
    if (end < 0) break;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end + 1);
  }
  return [...lines, rest];
}
