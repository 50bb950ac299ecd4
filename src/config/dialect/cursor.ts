/**
 * A place in a text that moves forward, and the classes of characters that
 * the configuration dialect knows. The state functions of `lexer.ts` read
 * through it.
 *
 * More than a dozen members: because it is all that the lexer sees of a text.
 */
import {
  ConfigError,
  diagnose,
  type Position,
  type Source,
} from "./diagnostic.ts";

const SPECIAL_CHARACTERS: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A place in a text. */
export interface TextPlace {
  readonly offset: number;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
}

export class Cursor {
  readonly #source: Source;
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  moveTo({ offset, line, column }: TextPlace): void {
    this.#offset = offset;
    this.#line = line;
    this.#lineStart = offset - column + 1;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#offset);
  }

  /** The next character as an error message names it. */
  get found(): string {
    const code = this.#text.codePointAt(this.#offset);
    if (code === undefined) return "the end of the file";
    const character = String.fromCodePoint(code);
    return `'${SPECIAL_CHARACTERS[character] ?? character}'`;
  }

  get offset(): number {
    return this.#offset;
  }

  get here(): Position {
    const column = this.#offset - this.#lineStart + 1;
    return { source: this.#source, line: this.#line, column };
  }

  slice(from: number): string {
    return this.#text.slice(from, this.#offset);
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#offset);
  }

  indexOf(text: string, from: number): number {
    return this.#text.indexOf(text, from);
  }

  charAt(offset: number): string {
    return this.#text.charAt(offset);
  }

  advance(): void {
    if (this.next === "\n") {
      this.#line++;
      this.#lineStart = this.#offset + 1;
    }
    this.#offset++;
  }

  advanceTo(offset: number): void {
    while (this.#offset < offset) this.advance();
  }

  advanceWhile(test: (character: string) => boolean): void {
    while (this.next !== "" && test(this.next)) this.advance();
  }

  fail(message: string, at: Position = this.here): never {
    throw new ConfigError([diagnose(at, message)]);
  }
}

export function isBlank(character: string): boolean {
  return character === " " || character === "\t";
}

export function isNewline(character: string): boolean {
  return character === "\n" || character === "\r";
}

/** Space, newlines and, unlike in values, any space that Unicode knows. */
export function isSpace(character: string): boolean {
  return character < "\x7f"
    ? character === " " || character >= "\t" && character <= "\r"
    : /[\s\u0085]/.test(character);
}

export function isSeparator(character: string): boolean {
  return character === "=" || character === ":";
}

export function isQuote(character: string): boolean {
  return character === '"' || character === "'";
}

export function endsEntry(character: string): boolean {
  return character === "," || character === ";" || isNewline(character);
}

export function endsBareWord(character: string): boolean {
  return isBlank(character) || isNewline(character) ||
    ",;]}'".includes(character);
}
