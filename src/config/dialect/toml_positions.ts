/**
 * Finds out where the keys of a TOML document stand. `smol-toml` reads the
 * values but does not say where they came from; this walk along the headers,
 * keys and brackets does. It relies on the document being valid.
 */
import { Cursor, isBlank, isNewline, isSpace } from "./cursor.ts";
import type { Position, Source } from "./diagnostic.ts";

/** Keys and array indexes from the root down to a value. */
export type TomlPath = readonly (string | number)[];

/** Where the values of one document stand. */
export class TomlPositions {
  readonly #positions = new Map<string, Position>();
  /** For each array of tables, the index of the last one. */
  readonly #lastTables = new Map<string, number>();
  readonly #cursor: Cursor;

  constructor(source: Source) {
    this.#cursor = new Cursor(source);
    this.#document();
  }

  /** The key of the value at `path`, or the value itself when it is in an array. */
  at(path: TomlPath): Position | undefined {
    return this.#positions.get(JSON.stringify(path));
  }

  #document(): void {
    const cursor = this.#cursor;
    let table: TomlPath = [];
    this.#skipSpace();
    while (cursor.next !== "") {
      if (cursor.next === "[") table = this.#header();
      else this.#keyAndValue(table);
      this.#skipSpace();
    }
  }

  #header(): TomlPath {
    const isArray = this.#cursor.startsWith("[[");
    this.#cursor.advanceWhile((character) => character === "[");
    const at = this.#cursor.here;
    const path = this.#keys([]);
    this.#cursor.advanceWhile((character) =>
      character === "]" || isBlank(character)
    );
    return isArray ? this.#nextTable(path, at) : path;
  }

  #nextTable(array: TomlPath, at: Position): TomlPath {
    const name = JSON.stringify(array);
    const index = (this.#lastTables.get(name) ?? -1) + 1;
    this.#lastTables.set(name, index);
    const table = [...array, index];
    this.#note(table, at);
    return table;
  }

  #keyAndValue(table: TomlPath): void {
    const path = this.#keys(table);
    this.#cursor.advanceWhile((character) =>
      character === "=" || isBlank(character)
    );
    this.#value(path);
  }

  /** Reads a dotted key below `table` and notes where each of its parts is. */
  #keys(table: TomlPath): TomlPath {
    let path = table;
    do {
      this.#cursor.advanceWhile((character) =>
        character === "." || isBlank(character)
      );
      const at = this.#cursor.here;
      path = [...path, this.#key()];
      this.#note(path, at);
      // In an array of tables, what follows belongs to the last of them.
      const last = this.#lastTables.get(JSON.stringify(path));
      if (last !== undefined && this.#continues()) path = [...path, last];
    } while (this.#continues());
    return path;
  }

  #continues(): boolean {
    this.#cursor.advanceWhile(isBlank);
    return this.#cursor.next === ".";
  }

  #key(): string {
    const cursor = this.#cursor;
    const start = cursor.offset;
    if (cursor.next === '"') {
      this.#string();
      return unquote(cursor.slice(start));
    }
    if (cursor.next === "'") {
      this.#string();
      return cursor.slice(start).slice(1, -1);
    }
    cursor.advanceWhile((character) => /[\w-]/.test(character));
    return cursor.slice(start);
  }

  #note(path: TomlPath, at: Position): void {
    const name = JSON.stringify(path);
    if (!this.#positions.has(name)) this.#positions.set(name, at);
  }

  #value(path: TomlPath): void {
    const cursor = this.#cursor;
    this.#note(path, cursor.here);
    if (cursor.next === "[") {
      this.#list("]", (index) => this.#value([...path, index]));
    } else if (cursor.next === "{") {
      this.#list("}", () => this.#keyAndValue(path));
    } else if (cursor.next === '"' || cursor.next === "'") {
      this.#string();
    } else {
      cursor.advanceWhile((character) =>
        !isNewline(character) && !",]}#".includes(character)
      );
    }
  }

  #list(end: string, element: (index: number) => void): void {
    const cursor = this.#cursor;
    cursor.advance();
    this.#skipSpace();
    for (let index = 0; cursor.next !== end && cursor.next !== ""; index++) {
      element(index);
      this.#skipSpace();
      if (cursor.next === ",") cursor.advance();
      this.#skipSpace();
    }
    cursor.advance();
  }

  #string(): void {
    const cursor = this.#cursor;
    const quote = cursor.next;
    const end = cursor.startsWith(quote.repeat(3)) ? quote.repeat(3) : quote;
    cursor.advanceTo(cursor.offset + end.length);
    while (cursor.next !== "" && !cursor.startsWith(end)) {
      if (quote === '"' && cursor.next === "\\") cursor.advance();
      cursor.advance();
    }
    cursor.advanceTo(cursor.offset + end.length);
    // Up to two more quotes may belong to the text of a long string.
    if (end.length === 3) {
      cursor.advanceWhile((character) => character === quote);
    }
  }

  #skipSpace(): void {
    const cursor = this.#cursor;
    cursor.advanceWhile(isSpace);
    while (cursor.next === "#") {
      cursor.advanceWhile((character) => !isNewline(character));
      cursor.advanceWhile(isSpace);
    }
  }
}

/** The text of a quoted key; one with escapes that JSON lacks stays as it is. */
function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
