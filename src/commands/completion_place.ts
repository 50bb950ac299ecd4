/** The facts that the scripts for all three shells are made from. */
import type { FlagDefinition } from "../config/flags/flags.ts";

/** A command, as completion sees it. */
export interface CompletionPlace {
  /** Like `config check`. */
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly FlagHint[];
  /** What can follow, besides flags: commands, shells. */
  readonly words: readonly string[];
  readonly takesFiles: boolean;
}

/** A flag, and what can follow it; after `anything` a shell has nothing to propose. */
export interface FlagHint {
  readonly names: readonly string[];
  /** On one line. */
  readonly doc: string;
  readonly value: "none" | "anything" | "file" | "folder" | "choice";
  readonly choices: readonly string[];
}

export function hintOf(flag: FlagDefinition): FlagHint {
  const { names, doc, choices = [] } = flag;
  return {
    names,
    doc,
    value: valueHint(flag),
    choices,
  };
}

function valueHint(
  { type, value, choices }: FlagDefinition,
): FlagHint["value"] {
  if (type === "boolean") return "none";
  if (choices !== undefined) return "choice";
  return value === "file" || value === "folder" ? value : "anything";
}

/** The places that one word names. */
export function firstWords(
  places: readonly CompletionPlace[],
): CompletionPlace[] {
  return placesOfWords(places, 1);
}

/** The places that `count` words name. */
export function placesOfWords(
  places: readonly CompletionPlace[],
  count: number,
): CompletionPlace[] {
  return places.filter(({ path }) => path.split(" ").length === count);
}

/** From two on, the numbers of words by which places are named. */
export function laterWords(places: readonly CompletionPlace[]): number[] {
  const longest = Math.max(...places.map(({ path }) => path.split(" ").length));
  return Array.from({ length: longest - 1 }, (_, at) => at + 2);
}

/** A text between single quotes, for bash and zsh. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
