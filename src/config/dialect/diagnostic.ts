/**
 * What is wrong with a configuration, and where. Every complaint about a file
 * names the file, the line and the column, and shows the line with a caret
 * under the place. The line that is shown never holds a secret: inside blocks
 * all texts in it are masked, see `mask_blocks.ts`, and passwords and tokens
 * everywhere, see `core/mask.ts`.
 */
import { MidgeError } from "../../core/errors.ts";
import { maskSecrets } from "../../core/mask.ts";
import { maskBlocks } from "./mask_blocks.ts";
import { alignedLine } from "../../core/quote.ts";

/** A text with the name under which errors speak of it. */
export class Source {
  readonly file: string;
  /** All of it stands inside a block, such as one that includes it. */
  readonly isInside: boolean;
  readonly #text: string | (() => string);
  #shownLines: string[] | undefined;

  /** A text that is made for errors alone comes as a function. */
  constructor(
    file: string,
    text: string | (() => string),
    isInside: boolean = false,
  ) {
    this.file = file;
    this.isInside = isInside;
    this.#text = text;
  }

  /** All of it. */
  get text(): string {
    return typeof this.#text === "string" ? this.#text : this.#text();
  }

  /** A line, counted from 1, fit to be shown: without its secrets. */
  shownLine(line: number): string {
    this.#shownLines ??= maskSecrets(maskBlocks(this.text, this.isInside))
      .split(/\r?\n/);
    return alignedLine(this.#shownLines[line - 1] ?? "");
  }
}

/** A place in a source. Columns count UTF-16 units, as editors do. */
export interface Position {
  /** The text that it is in. */
  readonly source: Source;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
}

/** One error or warning. */
export interface ConfigDiagnostic {
  /** The name of the file. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** What is wrong, without the place. */
  readonly message: string;
  /** The line as it is shown: with masked secrets. */
  readonly sourceLine: string;
}

export function diagnose(at: Position, message: string): ConfigDiagnostic {
  const { source: { file }, line, column } = at;
  const sourceLine = at.source.shownLine(line);
  return { file, line, column, message, sourceLine };
}

// A configuration may be one endless line of JSON: this much is shown on
// either side of the caret.
const SHOWN_LENGTH = 60;

/** `file:line:column: message`, the line of the source, and a caret below it. */
export function formatDiagnostic(diagnostic: ConfigDiagnostic): string {
  const { file, line, column, message, sourceLine } = diagnostic;
  const before = sourceLine.slice(0, column - 1);
  const after = sourceLine.slice(column - 1);
  const shownBefore = before.length > SHOWN_LENGTH
    ? `...${before.slice(-SHOWN_LENGTH)}`
    : before;
  const shownAfter = after.length > SHOWN_LENGTH
    ? `${after.slice(0, SHOWN_LENGTH)}...`
    : after;
  // A tab stays a tab, so that the caret stands where the line's text does.
  const indent = shownBefore.replace(/[^\t]/gu, " ");
  return `${file}:${line}:${column}: ${message}\n` +
    `  ${shownBefore}${shownAfter}\n` +
    `  ${indent}^`;
}

/** A configuration that cannot be used. Its message lists all that is wrong. */
export class ConfigError extends MidgeError {
  override readonly name = "ConfigError";
  /** Every error of the run; empty when there was no text to look at. */
  readonly diagnostics: readonly ConfigDiagnostic[];

  constructor(
    diagnostics: readonly ConfigDiagnostic[],
    message: string = diagnostics.map(formatDiagnostic).join("\n"),
    options?: ErrorOptions,
  ) {
    super("CONFIG", message, options);
    this.diagnostics = diagnostics;
  }
}

/** How much a report had found. */
interface ReportMark {
  readonly errors: number;
  readonly warnings: number;
}

/** Collects what is wrong, so that one run tells all of it. */
export class Report {
  readonly errors: ConfigDiagnostic[] = [];
  readonly warnings: ConfigDiagnostic[] = [];
  /** What is missing in Midge is an error. */
  readonly isStrict: boolean;
  readonly #isUnwarned: boolean;

  /** `isUnwarned`: nobody wants the warnings, each of which shows a line of a text that may be long. */
  constructor(isStrict: boolean = false, isUnwarned: boolean = false) {
    this.isStrict = isStrict;
    this.#isUnwarned = isUnwarned;
  }

  error(at: Position, message: string): void {
    this.errors.push(diagnose(at, message));
  }

  warn(at: Position, message: string): void {
    if (!this.#isUnwarned) this.warnings.push(diagnose(at, message));
  }

  /** Something is asked for that Midge has not, and does without. */
  miss(at: Position, message: string): void {
    if (this.isStrict) this.error(at, message);
    else this.warn(at, message);
  }

  /** What was found so far. */
  mark(): ReportMark {
    return { errors: this.errors.length, warnings: this.warnings.length };
  }

  /** Has `errors` stand for all that was found since `mark`. */
  replaceSince(mark: ReportMark, errors: readonly ConfigDiagnostic[]): void {
    this.errors.splice(mark.errors, Infinity, ...errors);
    this.warnings.length = mark.warnings;
  }

  /** Throws everything that was found, if anything was, in reading order. */
  throwIfErrors(): void {
    if (this.errors.length === 0) return;
    throw new ConfigError(inReadingOrder(this.errors));
  }
}

function inReadingOrder(
  diagnostics: readonly ConfigDiagnostic[],
): ConfigDiagnostic[] {
  const files = diagnostics.map(({ file }) => file);
  return diagnostics.toSorted((one, other) =>
    files.indexOf(one.file) - files.indexOf(other.file) ||
    one.line - other.line || one.column - other.column
  );
}
