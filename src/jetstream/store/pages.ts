/**
 * The rows in the pages of an SQLite database, read without SQLite: what stands in
 * a page that is whole is found, whatever became of the others. Only a checksum
 * tells whether a row is one.
 *
 * SQLite's file format: a page that begins with 13 holds rows of a table by number,
 * with 10 or 2 such of a table without numbers; one that begins with 5 or 2 leads to
 * others. What is too long for its page goes on in others.
 */
import { byteString, utf8Text } from "../../core/ascii.ts";
import type { StoredValue } from "../../platform/storage.ts";

/** The size of the pages of a database, which is SQLite's own choice. */
export const PAGE_SIZE = 4096;

/** A database as its pages, from 1 on. */
export interface Pages {
  readonly count: number;
  /** Undefined: it is not there, or only in part. */
  read(page: number): Uint8Array | undefined;
}

/** Its columns, in their order; the number of a row counts as its first one. */
export type RawRow = readonly StoredValue[];

const TABLE_LEAF = 13;
const TABLE_INTERIOR = 5;
const INDEX_LEAF = 10;
const INDEX_INTERIOR = 2;
const LEAF_HEAD = 8;
const INTERIOR_HEAD = 12;
/** What a row has in its own page at most, and at least where it has more. */
const TABLE_MOST = PAGE_SIZE - 35;
const INDEX_MOST = Math.floor((PAGE_SIZE - 12) * 64 / 255) - 23;
const LEAST = Math.floor((PAGE_SIZE - 12) * 32 / 255) - 23;
const OVERFLOW_ROOM = PAGE_SIZE - 4;
const CHILD_BYTES = 4;
const ROW_MAX = 1 << 30;

/** Something is not as a row has it. */
class NoRow extends Error {
  override readonly name = "NoRow";
}

/** The rows of one table, which are found from its root on. */
export class TableWalk {
  /** Some of its pages, or rows, are not as they should be. */
  isDamaged = false;
  readonly #pages: Pages;
  readonly #visited: Set<number>;
  readonly #next: number[];
  readonly #kinds: readonly number[];

  /** `visited`: pages that belong to others; those of this table come to them. */
  constructor(
    pages: Pages,
    root: number,
    hasNumbers: boolean,
    visited: Set<number>,
  ) {
    this.#pages = pages;
    this.#visited = visited;
    this.#next = [root];
    this.#kinds = hasNumbers
      ? [TABLE_LEAF, TABLE_INTERIOR]
      : [INDEX_LEAF, INDEX_INTERIOR];
  }

  *rows(): Iterable<RawRow> {
    for (let number; (number = this.#next.pop()) !== undefined;) {
      const isNew = !this.#visited.has(number);
      const page = isNew ? this.#pages.read(number) : undefined;
      if (page === undefined || !this.#kinds.includes(page[0]!)) {
        this.isDamaged = true;
        continue;
      }
      this.#visited.add(number);
      this.#next.push(...children(page));
      for (const row of rowsIn(this.#pages, page)) {
        if (row === undefined) this.isDamaged = true;
        else yield row;
      }
    }
  }
}

/** Rows of pages that no table leads to: of damaged tables, or removed. */
export function* strayRows(
  pages: Pages,
  visited: ReadonlySet<number>,
): Iterable<RawRow> {
  for (let number = 1; number <= pages.count; number++) {
    const page = visited.has(number) ? undefined : pages.read(number);
    if (page === undefined) continue;
    for (const row of rowsIn(pages, page)) if (row !== undefined) yield row;
  }
}

/** Undefined: it should be one, and is none. */
function* rowsIn(
  pages: Pages,
  page: Uint8Array,
): Iterable<RawRow | undefined> {
  const kind = page[0];
  const isInterior = kind === INDEX_INTERIOR;
  if (kind !== TABLE_LEAF && kind !== INDEX_LEAF && !isInterior) return;
  for (const at of cells(page)) {
    yield rowAt(pages, page, isInterior ? at + CHILD_BYTES : at);
  }
}

function children(page: Uint8Array): number[] {
  const kind = page[0];
  if (kind !== TABLE_INTERIOR && kind !== INDEX_INTERIOR) return [];
  const found = [u32(page, LEAF_HEAD)];
  for (const at of cells(page)) found.push(u32(page, at));
  return found;
}

function cells(page: Uint8Array): number[] {
  const kind = page[0];
  const isLeaf = kind === TABLE_LEAF || kind === INDEX_LEAF;
  const head = isLeaf ? LEAF_HEAD : INTERIOR_HEAD;
  const count = Math.min(u16(page, 3), (PAGE_SIZE - head) >> 1);
  return Array.from({ length: count }, (_, i) => u16(page, head + 2 * i));
}

function rowAt(
  pages: Pages,
  page: Uint8Array,
  at: number,
): RawRow | undefined {
  const isTable = page[0] === TABLE_LEAF;
  try {
    const reader = new Reader(page, at);
    const size = reader.varint();
    const number = isTable ? reader.varint() : undefined;
    const most = isTable ? TABLE_MOST : INDEX_MOST;
    const row = columns(wholeRow(pages, page, reader.at, size, most));
    if (number === undefined) return row;
    return [number, ...row.slice(1)];
  } catch (error) {
    if (error instanceof NoRow) return undefined;
    throw error;
  }
}

/** The bytes of a row, gathered from all its pages. */
function wholeRow(
  pages: Pages,
  page: Uint8Array,
  at: number,
  size: number,
  most: number,
): Uint8Array {
  if (size > ROW_MAX) throw new NoRow();
  if (size <= most) return page.subarray(at, at + size);
  const rest = LEAST + (size - LEAST) % OVERFLOW_ROOM;
  let filled = rest <= most ? rest : LEAST;
  if (at + filled + 4 > page.length) throw new NoRow();
  if (size > pages.count * PAGE_SIZE) throw new NoRow();
  const row = new Uint8Array(size);
  row.set(page.subarray(at, at + filled));
  let next = u32(page, at + filled);
  while (filled < size) {
    const more = pages.read(next);
    if (more === undefined) throw new NoRow();
    const part = more.subarray(4, 4 + Math.min(OVERFLOW_ROOM, size - filled));
    row.set(part, filled);
    filled += part.length;
    next = u32(more, 0);
  }
  return row;
}

function columns(row: Uint8Array): RawRow {
  const kinds = new Reader(row, 0);
  const body = kinds.varint();
  const values = new Reader(row, body);
  const found: StoredValue[] = [];
  while (kinds.at < body) found.push(values.value(kinds.varint()));
  return found;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

const TEXT_FROM = 12;
/** Bytes of whole numbers, by their kind. */
const NUMBER_BYTES = [0, 1, 2, 3, 4, 6, 8] as const;

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** A number of up to nine bytes, of which the first eight have seven bits each. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const byte = this.#byte();
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
    return value * 256 + this.#byte();
  }

  value(kind: number): StoredValue {
    if (kind === 0) return null;
    if (kind === 8 || kind === 9) return kind - 8;
    const bytes = NUMBER_BYTES[kind];
    if (bytes !== undefined) return this.#number(bytes);
    if (kind < TEXT_FROM) throw new NoRow();
    const length = (kind - TEXT_FROM) >> 1;
    const end = this.at + length;
    if (end > this.#bytes.length) throw new NoRow();
    const from = this.at;
    this.at = end;
    if (kind % 2 === 0) return this.#bytes.slice(from, end);
    return utf8Text(byteString(this.#bytes, from, end));
  }

  #number(bytes: number): number {
    let value = this.#byte() << 24 >> 24;
    for (let i = 1; i < bytes; i++) value = value * 256 + this.#byte();
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new NoRow();
    return byte;
  }
}
