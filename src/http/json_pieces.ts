/**
 * JSON that is made and printed piece by piece. A long list of a page is a
 * `Rows`: it knows what each row is made from and makes the row when it is
 * printed, so that neither all rows nor the whole text are ever in memory.
 * `JSON.stringify` prints the same value to the same text in one go, but for a
 * list that is none: to a program it is empty.
 */
import { goJson } from "../core/json.ts";
import type { TextPieces } from "./slices.ts";

/** Characters of one piece at least, all but the last: about a millisecond of printing. */
const PIECE_CHARS = 65_536;

/** A list whose rows are made one by one. */
export class Rows<T> {
  readonly length: number;
  /** It prints as `null`. */
  readonly isNull: boolean;
  readonly #rowAt: (index: number) => T;

  private constructor(
    length: number,
    rowAt: (index: number) => T,
    isNull = false,
  ) {
    this.length = length;
    this.isNull = isNull;
    this.#rowAt = rowAt;
  }

  /** One row for each of `facts`. */
  static of<F, T>(facts: readonly F[], row: (facts: F) => T): Rows<T> {
    return new Rows(facts.length, (index) => row(facts[index]!));
  }

  /** No list, not even an empty one. */
  static none<T>(): Rows<T> {
    return new Rows<T>(0, (index) => [][index]!, true);
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.length; index++) yield this.#rowAt(index);
  }

  toJSON(): T[] {
    return [...this];
  }
}

/** `T` with lists that may be rows. */
export type WithRows<T> = T extends readonly (infer Item)[]
  ? readonly WithRows<Item>[] | Rows<WithRows<Item>>
  : T extends object ? { [Key in keyof T]: WithRows<T[Key]> }
  : T;

/** `value` as `goJson` prints it, `indent` blanks a level, in pieces. */
export function* jsonPieces(value: unknown, indent: number): TextPieces {
  const printer = new Printer(indent);
  yield* printer.print(value, 0);
  return printer.take();
}

class Printer {
  readonly #indent: number;
  #text = "";

  constructor(indent: number) {
    this.#indent = indent;
  }

  /** What has been printed since the last piece. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  *print(value: unknown, level: number): Generator<string, void> {
    if (value instanceof Rows) yield* this.#printRows(value, level);
    else if (hasRows(value)) yield* this.#printFields(value, level);
    else this.#printPlain(value, level);
    if (this.#text.length >= PIECE_CHARS) yield this.take();
  }

  #printPlain(value: unknown, level: number): void {
    // No string of JSON holds a line break of its own.
    const text = goJson(value, this.#indent);
    this.#text += level === 0 ? text : text.replaceAll("\n", this.#line(level));
  }

  *#printRows(rows: Rows<unknown>, level: number): Generator<string, void> {
    let opening = "[";
    for (const row of rowsOrGroups(rows)) {
      this.#text += opening;
      opening = ",";
      if (row instanceof PlainRows) this.#printPlainRows(row.rows, level);
      else {
        this.#text += this.#line(level + 1);
        yield* this.print(row, level + 1);
      }
      if (this.#text.length >= PIECE_CHARS) yield this.take();
    }
    const empty = rows.isNull ? "null" : "[]";
    this.#text += rows.length === 0 ? empty : `${this.#line(level)}]`;
  }

  #printPlainRows(rows: readonly unknown[], level: number): void {
    const list = goJson(rows, this.#indent);
    // Without the brackets, of which the last has a line of its own.
    const text = list.slice(1, this.#indent === 0 ? -1 : -2);
    this.#text += level === 0 ? text : text.replaceAll("\n", this.#line(level));
  }

  *#printFields(fields: object, level: number): Generator<string, void> {
    const colon = this.#indent === 0 ? ":" : ": ";
    let opening = "{";
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      this.#text += `${opening}${this.#line(level + 1)}${goJson(name)}${colon}`;
      opening = ",";
      yield* this.print(value, level + 1);
    }
    this.#text += `${this.#line(level)}}`;
  }

  #line(level: number): string {
    return this.#indent === 0 ? "" : `\n${" ".repeat(this.#indent * level)}`;
  }
}

/** Rows without lists of their own, which are printed together: that is faster. */
class PlainRows {
  readonly rows: unknown[] = [];
}

const PLAIN_ROWS_MAX = 64;

function* rowsOrGroups(rows: Rows<unknown>): Generator<unknown> {
  let group = new PlainRows();
  for (const row of rows) {
    const isPlain = !hasRows(row);
    if (isPlain) group.rows.push(row);
    if (isPlain && group.rows.length < PLAIN_ROWS_MAX) continue;
    if (group.rows.length > 0) yield group;
    group = new PlainRows();
    if (!isPlain) yield row;
  }
  if (group.rows.length > 0) yield group;
}

/** Whether a field of `value` is a list of rows, or has one; only such objects are printed field by field. */
function hasRows(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return false;
  return Object.values(value).some((field) =>
    field instanceof Rows || hasRows(field)
  );
}
