/**
 * What a sub-command of `midge` is. Dispatch, help and completion all read the
 * same description: a command says once how it is called, what it does, which
 * flags and words it takes and how it ends.
 */
import {
  type FlagDefinition,
  FlagError,
  type FlagGroup,
  type FlagOf,
  type FlagTable,
  type FlagValues,
  parseFlags,
} from "../config/flags/flags.ts";
import { nearest } from "./nearest.ts";

/** Every program has it. */
export const HELP_FLAG: FlagOf<"boolean"> = {
  names: ["h", "help"],
  type: "boolean",
  doc: "Show this text",
};

/** A word that follows the name of a command. */
export interface Word {
  /** As help writes it: `SUBJECT`. */
  readonly name: string;
  /** A shell completes files; a secret is never repeated in an error. */
  readonly kind: "text" | "file" | "secret";
  readonly optional?: boolean;
  /** It may be given more than once; only the last word may be so. */
  readonly repeated?: boolean;
  /** Its only possible values. */
  readonly choices?: readonly string[];
  /** What a shell proposes for it. */
  readonly proposed?: () => readonly string[];
}

/** A line for the shell, and what it is for. */
export interface Example {
  readonly line: string;
  readonly doc: string;
}

/** One sub-command. */
export interface Command {
  readonly name: string;
  /** For the list of commands: a few words, no full stop. */
  readonly summary: string;
  /** The beginning of its help: sentences, in lines of at most 78 columns. */
  readonly about: string;
  readonly words: readonly Word[];
  readonly flags: readonly FlagGroup[];
  /** Variables of the environment that it reads, and what each stands for. */
  readonly environment?: readonly (readonly [name: string, doc: string])[];
  readonly examples: readonly Example[];
  /** What the exit codes 0 and 1 say. */
  readonly exits: { readonly done: string; readonly failed: string };
  /** Commands of its own, as in `config check`; by itself it does little or nothing. */
  readonly commands?: readonly Command[];
  /** It parses its own command line: the server's follows the rules of nats-server. */
  readonly readsItself?: boolean;
  /**
   * Does its work. Resolves with the exit code, or with nothing when the
   * process goes on or ends by itself. A `FlagError` is a mistake of the
   * command line, every other error a failure.
   */
  run(args: readonly string[]): Promise<number | void>;
}

/** Finds a command by name, in upper or lower case as with nats-server. */
export function findCommand(
  commands: readonly Command[],
  word: string,
): Command | undefined {
  const name = word.toLowerCase();
  return commands.find((command) => command.name === name);
}

/** Every flag of a command. */
export function flagsOf({ flags }: Command): FlagDefinition[] {
  return flags.flatMap((group) => group.flags);
}

/** A `run` that is given values and words in place of a command line. */
export function taking<const Table extends FlagTable>(
  table: Table,
  run: (
    flags: FlagValues<Table>,
    words: readonly string[],
  ) => Promise<number | void>,
): Command["run"] {
  return (args) => {
    const { values, rest } = parseFlags(table, args, "anywhere");
    return run(values, rest);
  };
}

/** Flags under a title of the help, as most commands have them. */
export function flagGroup(title: string, table: FlagTable): FlagGroup {
  return { title, flags: Object.values(table) };
}

/** Throws FlagError unless the command takes these words. */
export function checkWords(
  { words: wanted }: Command,
  words: readonly string[],
): void {
  const missing = wanted.slice(words.length).find(({ optional }) => !optional);
  if (missing !== undefined) {
    throw new FlagError(`${missing.name} is missing`);
  }
  for (const [index, text] of words.entries()) {
    const last = wanted.at(-1);
    const word = wanted[index] ?? (last?.repeated ? last : undefined);
    if (word === undefined) throw new FlagError(surplus(wanted, text));
    checkChoice(word, text);
  }
}

function surplus(wanted: readonly Word[], text: string): string {
  const isSecret = wanted.some(({ kind }) => kind === "secret");
  return `unexpected argument${isSecret ? "" : `: ${JSON.stringify(text)}`}`;
}

function checkChoice({ name, choices }: Word, text: string): void {
  if (choices === undefined || choices.includes(text)) return;
  throw new FlagError(unknownWord(name.toLowerCase(), text, choices));
}

/** `unknown command "pubb"; did you mean "pub"?` */
export function unknownWord(
  what: string,
  word: string,
  known: readonly string[],
): string {
  const close = nearest(word.toLowerCase(), known);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  return `unknown ${what} ${JSON.stringify(word)}${hint}`;
}
