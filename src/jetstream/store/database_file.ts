/**
 * The database of a stream, opened: one that SQLite cannot read as it is, or in
 * which something is not where it belongs, is built anew of all rows that are
 * whole. The damaged file is kept beside it, under a name of its own, and nothing
 * of it is removed.
 */
import {
  type Database,
  type RawFile,
  type RawFiles,
  type Statement,
  type Storage,
  StorageError,
  type StoredValue,
} from "../../platform/storage.ts";
import { NamedValues } from "./named_values.ts";
import { PAGE_SIZE, type Pages, strayRows, TableWalk } from "./pages.ts";
import { insertMessages, putInto, Records, TABLES } from "./records.ts";
import { readWriteAhead } from "./write_ahead.ts";

/** Begins the names of values that tell of damage. */
export const DAMAGE_PREFIX = "damage/";
/** The name of the value that tells the last sequence, and how many messages there are. */
export const LAST_SEQ = "last_seq";

/** SQLite gives tables their first pages in the order in which they are made. */
const FIRST_ROOT = 2;
/** SQLite's file format: how a file is to be written and read stands in its head. */
const HEAD_BYTES = 100;
const WRITE_VERSION_AT = 18;
const READ_VERSION_AT = 19;
const WAL_VERSION = 2;
const NO_BYTES = new Uint8Array(0);
const OTHERS = "its tables are not those of a stream";

/** Whether there is a database to open. */
export function isDatabase(path: string, { raw }: Storage): boolean {
  return raw === undefined || raw.exists(path) ||
    raw.exists(finishedName(path));
}

/**
 * Opens `path`, new or as it was left; `isUsed`: it was there before. Throws a
 * `StorageError`.
 */
export function openDatabase(
  path: string,
  storage: Storage,
  isUsed: boolean,
): Database {
  const { raw } = storage;
  if (raw === undefined) return opened(path, storage, isUsed);
  const told = finishExchange(path, storage, raw);
  const database = openWhole(path, storage, raw, isUsed);
  if (told !== undefined) {
    try {
      noteDamage(database, new Records(storage.checksum), told);
    } catch (error) {
      database.close();
      throw error;
    }
  }
  return database;
}

function openWhole(
  path: string,
  storage: Storage,
  raw: RawFiles,
  isUsed: boolean,
): Database {
  try {
    checkFiles(path, raw, isUsed);
    return opened(path, storage, isUsed);
  } catch (error) {
    if (!(error instanceof StorageError) || !raw.exists(path)) throw error;
    if (error.fault === "in use" || error.fault === "full") throw error;
    checkBeside(path, raw);
    if (error.fault === "not opened") throw error;
    buildAnew(path, storage, raw, error.message);
    return opened(path, storage, isUsed);
  }
}

function opened(path: string, storage: Storage, isUsed: boolean): Database {
  const database = storage.open(path);
  try {
    check(database, isUsed);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Throws a `StorageError` where the database is not one of a stream, or not whole. */
function check(database: Database, isUsed: boolean): void {
  const known = [
    ...database.prepare("SELECT sql FROM sqlite_schema ORDER BY rowid").rows(),
  ].map(({ sql }) => sql);
  if (known.length === 0 && numberIn(database, "PRAGMA page_count") <= 1) {
    if (isUsed) throw new StorageError("it is empty", "damaged");
    return makeTables(database);
  }
  if (known.join("\n") !== TABLES.join("\n")) {
    throw new StorageError(OTHERS, "damaged");
  }
  const [fault] = Object.values(
    database.prepare("PRAGMA quick_check(1)").first() ?? {},
  );
  if (fault === "ok") return;
  throw new StorageError(String(fault).replace(/\s+/g, " "), "damaged");
}

function makeTables(database: Database): void {
  database.execute(`BEGIN; ${TABLES.join("; ")}; COMMIT`);
}

function numberIn(database: Database, sql: string): number {
  return Number(Object.values(database.prepare(sql).first() ?? {})[0]);
}

/** Throws a `StorageError` where something is wrong that SQLite would not tell of. */
function checkFiles(path: string, raw: RawFiles, isUsed: boolean): void {
  const log = bytesOf(`${path}-wal`, raw);
  const isEmpty = bytesOf(path, raw, 1)?.length !== 1 && log === undefined;
  if (isUsed && isEmpty) throw new StorageError("it is empty", "damaged");
  if (log !== undefined && readWriteAhead(log).isDamaged) {
    throw new StorageError("its write-ahead log is damaged", "damaged");
  }
  const head = bytesOf(path, raw, PAGE_SIZE + 1) ?? NO_BYTES;
  if (head.length < HEAD_BYTES) return;
  const versions = [head[WRITE_VERSION_AT]!, head[READ_VERSION_AT]!];
  // SQLite would read it, and write nothing.
  if (versions.some((version) => version > WAL_VERSION)) {
    throw new StorageError("its head is damaged", "damaged");
  }
  // To open it would change it. A stream's is like that as long as it has one page.
  if (
    versions.every((version) => version < WAL_VERSION) &&
    head.length > PAGE_SIZE
  ) {
    throw new StorageError(OTHERS, "damaged");
  }
}

/**
 * Throws a `StorageError` that names the file where SQLite could not write beside
 * `path`, which no new file would change.
 */
function checkBeside(path: string, raw: RawFiles): void {
  bytesOf(`${path}-journal`, raw, 0);
  const unfinished = unfinishedName(path);
  raw.open(unfinished).close();
  raw.remove(unfinished);
}

/** The first bytes of a file, as many as `most`; undefined: it is not there. */
function bytesOf(
  path: string,
  raw: RawFiles,
  most: number = Infinity,
): Uint8Array | undefined {
  if (!raw.exists(path)) return undefined;
  const file = raw.open(path);
  try {
    return file.read(0, Math.min(most, file.size));
  } finally {
    file.close();
  }
}

/** Writes what can be read, if anything can, to a new file, and puts that in the place of the old one. */
function buildAnew(
  path: string,
  storage: Storage,
  raw: RawFiles,
  why: string,
): void {
  const unfinished = unfinishedName(path);
  raw.remove(`${unfinished}-wal`);
  const file = raw.open(path);
  const database = storage.open(unfinished);
  try {
    makeTables(database);
    const records = new Records(storage.checksum);
    database.execute("BEGIN");
    const pages = pagesOf(file, bytesOf(`${path}-wal`, raw));
    const rebuilding = new Rebuilding(database, records);
    rebuilding.copy(pages);
    // There is nothing to gain: all stays as it is.
    if (!rebuilding.isAnything) throw new StorageError(why, "damaged");
    const text = `${path} was damaged (${why}); what could be read is in a ` +
      `new file, and the damaged one is ${keptName(path, raw)}`;
    noteDamage(database, records, text);
    database.execute("COMMIT");
  } catch (error) {
    database.close();
    raw.remove(unfinished);
    throw error;
  } finally {
    file.close();
  }
  database.close();
  raw.rename(unfinished, finishedName(path));
  exchange(path, raw);
}

/** It is told of at each start. */
function noteDamage(database: Database, records: Records, text: string): void {
  const columns = records.valueColumns(`${DAMAGE_PREFIX}0 ${text}`, text);
  database.prepare(putInto("value")).run(...columns);
}

/** Puts the rows that are whole into a database that is new. */
class Rebuilding {
  /** At least one row was whole. */
  isAnything = false;
  readonly #records: Records;
  readonly #insert: Statement;
  readonly #put: Statement;
  readonly #spare: Statement;
  readonly #names = new Set<string>();
  #messages = 0;
  /** Messages that there were; undefined: that cannot be read. */
  #expected: number | undefined = undefined;

  constructor(database: Database, records: Records) {
    this.#records = records;
    this.#insert = database.prepare(
      insertMessages(1, "INSERT OR IGNORE"),
    );
    this.#put = database.prepare(putInto("value"));
    this.#spare = database.prepare(putInto("spare"));
  }

  copy(pages: Pages): void {
    const visited = new Set([1]);
    const walks = TABLES.map((_, i) =>
      new TableWalk(pages, FIRST_ROOT + i, i === 0, visited)
    );
    for (const walk of walks) {
      for (const row of walk.rows()) this.#take(row, true, true);
    }
    // What was removed stands in such pages as well, and is not to come back.
    const needsMessages = this.#messages !== this.#expected;
    // A page that says that it has fewer pages below it looks whole.
    if (!needsMessages && !walks.some(({ isDamaged }) => isDamaged)) return;
    const needsValues = walks.slice(1).some(({ isDamaged }) => isDamaged);
    for (const row of strayRows(pages, visited)) {
      this.#take(row, needsMessages, needsValues);
    }
  }

  #take(
    row: readonly StoredValue[],
    needsMessages: boolean,
    needsValues: boolean,
  ): void {
    if (needsMessages && this.#records.messageIn(row) !== undefined) {
      this.#messages += this.#insert.run(...row);
      this.isAnything = true;
    }
    const value = needsValues ? this.#records.valueIn(row) : undefined;
    if (value === undefined) return;
    const [name, text] = value;
    this.isAnything = true;
    if (name === LAST_SEQ) this.#expected = Number(text.split(" ")[1]);
    // One that stands in both tables is vital.
    const statement = this.#names.has(name) ? this.#spare : this.#put;
    this.#names.add(name);
    statement.run(...row);
  }
}

function pagesOf(file: RawFile, log: Uint8Array | undefined): Pages {
  const { pages, count } = log === undefined
    ? { pages: new Map<number, Uint8Array>(), count: 0 }
    : readWriteAhead(log);
  return {
    count: Math.max(count, Math.ceil(file.size / PAGE_SIZE)),
    read(page) {
      const newer = pages.get(page);
      if (newer !== undefined) return newer;
      const old = page < 1
        ? undefined
        : file.read((page - 1) * PAGE_SIZE, PAGE_SIZE);
      return old?.length === PAGE_SIZE ? old : undefined;
    },
  };
}

function unfinishedName(path: string): string {
  return `${path}.unfinished`;
}

function finishedName(path: string): string {
  return `${path}.rebuilt`;
}

/** A name for a damaged file that is not taken. */
function keptName(path: string, raw: RawFiles): string {
  return `${path}${keptEnding(path, raw)}`;
}

function keptEnding(path: string, raw: RawFiles): string {
  let number = 1;
  while (raw.exists(`${path}.damaged-${number}`)) number++;
  return `.damaged-${number}`;
}

/**
 * Ends an exchange that the end of the process has cut short. What has the name of
 * a new file and is none gets another; gives what is to be told of it.
 */
function finishExchange(
  path: string,
  storage: Storage,
  raw: RawFiles,
): string | undefined {
  const finished = finishedName(path);
  if (!raw.exists(finished)) return undefined;
  try {
    checkFinished(path, storage, raw);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const { message, fault } = error;
    const why = `${finished} is not what was built of ${path} (${message})`;
    if (fault === "in use" || fault === "full" || !raw.exists(path)) {
      throw new StorageError(why, fault, error);
    }
    const kept = keptName(finished, raw);
    moveAside(finished, kept, raw);
    return `${why}; it is ${kept} now`;
  }
  exchange(path, raw);
  return undefined;
}

/** Throws a `StorageError` where a new file is not whole, or not made of the one that it is beside. */
function checkFinished(path: string, storage: Storage, raw: RawFiles): void {
  const finished = finishedName(path);
  checkFiles(finished, raw, true);
  const database = opened(finished, storage, true);
  try {
    const values = new NamedValues(database, new Records(storage.checksum));
    // The old file has gone already, or is to get the name that the new one tells.
    const ending = raw.exists(path) ? keptEnding(path, raw) : "";
    const isMeant = values.under(DAMAGE_PREFIX)
      .some(([, text]) => text.endsWith(ending));
    if (!isMeant) throw new StorageError("it tells of no damage", "damaged");
  } finally {
    database.close();
  }
}

/** A file that was built anew takes the place of the damaged one, even if the process dies meanwhile. */
function exchange(path: string, raw: RawFiles): void {
  moveAside(path, keptName(path, raw), raw);
  raw.rename(finishedName(path), path);
}

function moveAside(path: string, kept: string, raw: RawFiles): void {
  // Its log goes first: beside the new file it would be read as part of that.
  if (raw.exists(`${path}-wal`)) raw.rename(`${path}-wal`, `${kept}-wal`);
  if (raw.exists(path)) raw.rename(path, kept);
}
