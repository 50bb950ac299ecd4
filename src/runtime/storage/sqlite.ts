/**
 * Storage by `node:sqlite`, which is a part of Node from 22.13 on, of Deno and of
 * Bun. It is loaded when a server needs it.
 *
 * A database has its file for itself (`locking_mode`). What is committed stands in
 * its write-ahead log, which is synced off the event loop, or by SQLite in each
 * commit (`synchronous`), or when SQLite empties it, as was asked for.
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { isError } from "../../core/errors.ts";
import { builtInModule } from "../process/built_in.ts";
import { errorCode } from "../process/system.ts";
import {
  type Database,
  type RawFile,
  type RawFiles,
  type Statement,
  type Storage,
  StorageError,
  type StorageFault,
  type StorageSyncing,
  type StoredColumns,
  type StoredRow,
  type StoredValue,
} from "../../platform/storage.ts";

/** What is used of `node:sqlite`, which types of older Nodes do not know. */
interface SqliteModule {
  readonly DatabaseSync: new (path: string) => DatabaseSync;
}

interface DatabaseSync {
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  close(): void;
}

interface StatementSync {
  run(...values: readonly StoredValue[]): { readonly changes: number | bigint };
  get(...values: readonly StoredValue[]): StoredRow | undefined;
  all(...values: readonly StoredValue[]): readonly StoredRow[];
  iterate(...values: readonly StoredValue[]): Iterator<StoredRow>;
  /** Rows are lists from now on. Node 22.16. */
  setReturnArrays?(isOn: boolean): void;
}

/** What is used of `node:zlib`. */
interface ZlibModule {
  crc32(bytes: Uint8Array, before: number): number;
}

export function loadStorage(syncing: StorageSyncing = "always"): Storage {
  const { DatabaseSync } = builtIn<SqliteModule>("node:sqlite");
  const { crc32 } = builtIn<ZlibModule>("node:zlib");
  return {
    open(path) {
      return faulty(() => {
        makeFolder(dirname(path));
        const isNew = !existsSync(path);
        const database = new DatabaseSync(path);
        try {
          // What a new file replaces is nothing: no journal has to outlast a crash.
          if (isNew) database.exec("PRAGMA journal_mode = MEMORY");
          return new SqliteDatabase(path, database, syncing);
        } catch (error) {
          database.close();
          throw error;
        }
      });
    },
    makeFolder: (path) => faulty(() => makeFolder(path)),
    entries: (path) => faulty(() => namesIn(path)),
    remove: (path) => faulty(() => removeFolder(path)),
    raw: rawFiles,
    checksum: (bytes, before) => crc32(bytes, before),
  };
}

/** One by one: of several at once Node says `ENOENT`, whatever the reason is. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return [];
  }
}

function removeFolder(path: string): void {
  const folders = existsSync(path) ? [realpathSync(path), path] : [path];
  for (const one of folders) rmSync(one, { recursive: true, force: true });
}

const rawFiles: RawFiles = {
  exists: existsSync,
  open: (path) =>
    faulty(() => {
      makeFolder(dirname(path));
      return new NodeFile(path);
    }),
  rename: (from, to) => faulty(() => renameSync(from, to)),
  remove: (path) => faulty(() => rmSync(path, { force: true })),
};

class NodeFile implements RawFile {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, existsSync(path) ? "r+" : "w+");
  }

  get size(): number {
    return faulty(() => fstatSync(this.#file).size);
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let filled = 0;
    try {
      while (filled < length) {
        const rest = length - filled;
        const read = readSync(this.#file, bytes, filled, rest, offset + filled);
        if (read === 0) break;
        filled += read;
      }
    } catch {
      // The disk cannot give the rest.
    }
    return bytes.subarray(0, filled);
  }

  write(offset: number, bytes: Uint8Array): void {
    faulty(() => writeSync(this.#file, bytes, 0, bytes.length, offset));
  }

  close(): void {
    faulty(() => closeSync(this.#file));
  }
}

function builtIn<Module>(name: string): Module {
  try {
    return builtInModule(name);
  } catch (cause) {
    const text = `This runtime has no ${name}: streams in files need ` +
      "Node 22.13, Deno 2.8 or Bun 1.4";
    throw new StorageError(text, "failed", cause);
  }
}

class SqliteDatabase implements Database {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #syncing: StorageSyncing;
  /** The write-ahead log, opened to be synced. */
  #log: number | undefined = undefined;
  #isSyncing = false;
  /** What could not be synced may be lost from the log, though it is read still. */
  #isDoubtful = false;
  #isClosed = false;

  constructor(path: string, database: DatabaseSync, syncing: StorageSyncing) {
    this.#path = path;
    this.#database = database;
    this.#syncing = syncing;
    // SQLite: NORMAL syncs a write-ahead log only before it is moved into its file.
    const level = syncing === "in commits" ? "FULL" : "NORMAL";
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; " +
        `PRAGMA synchronous = ${level}`,
    );
  }

  execute(sql: string): void {
    faulty(() => this.#database.exec(sql));
  }

  prepare(sql: string): Statement {
    return new SqliteStatement(this.#database, sql);
  }

  sync(done: (error?: StorageError) => void): void {
    if (this.#syncing !== "always") return done();
    let log: number;
    try {
      if (this.#isDoubtful) this.#emptyLog();
      // SQLite has the same file as long as the database is open.
      log = this.#log ??= openSync(`${this.#path}-wal`, "r+");
    } catch (error) {
      return done(storageError(error));
    }
    this.#isSyncing = true;
    fdatasync(log, (error) => {
      this.#isSyncing = false;
      // A file that was opened anew does not hide what went wrong with the old one.
      if (this.#isClosed || error) this.#closeLog();
      if (error) this.#isDoubtful = true;
      done(error ? storageError(error) : undefined);
    });
  }

  /** Has SQLite move all that is in the log to its file, and sync that. */
  #emptyLog(): void {
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#isDoubtful = false;
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isSyncing) this.#closeLog();
    faulty(() => this.#database.close());
  }

  #closeLog(): void {
    if (this.#log !== undefined) closeSync(this.#log);
    this.#log = undefined;
  }
}

class SqliteStatement implements Statement {
  readonly #database: DatabaseSync;
  readonly #sql: string;
  readonly #statement: StatementSync;
  /** The same, whose rows are lists; made when it is needed. */
  #lists: StatementSync | undefined = undefined;

  constructor(database: DatabaseSync, sql: string) {
    this.#database = database;
    this.#sql = sql;
    this.#statement = faulty(() => database.prepare(sql));
  }

  run(...values: readonly StoredValue[]): number {
    return Number(faulty(() => this.#statement.run(...values)).changes);
  }

  first(...values: readonly StoredValue[]): StoredRow | undefined {
    return faulty(() => this.#statement.get(...values));
  }

  all(...values: readonly StoredValue[]): readonly StoredColumns[] {
    return faulty(() => {
      if (this.#lists === undefined) {
        this.#lists = this.#database.prepare(this.#sql);
        this.#lists.setReturnArrays?.(true);
      }
      const rows = this.#lists.all(...values);
      const isLists = Array.isArray(rows[0]);
      return isLists
        ? rows as unknown as readonly StoredColumns[]
        : rows.map((row) => Object.values(row));
    });
  }

  *rows(...values: readonly StoredValue[]): Iterable<StoredRow> {
    const rows = faulty(() => this.#statement.iterate(...values));
    while (true) {
      const { done, value } = faulty(() => rows.next());
      if (done) return;
      yield value;
    }
  }
}

/** What `act` gives. Throws a `StorageError` in place of what it throws. */
function faulty<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw storageError(error);
  }
}

function storageError(error: unknown): StorageError {
  const text = isError(error) ? error.message : String(error);
  return new StorageError(text, faultOf(text), error);
}

/** Not every runtime tells the number of an error; all tell SQLite's text. */
const FAULTS: readonly (readonly [RegExp, StorageFault])[] = [
  [/locked|busy/i, "in use"],
  [/is full/i, "full"],
  [/unable to open/i, "not opened"],
  [/malformed|not a database|corrupt/i, "damaged"],
];

function faultOf(text: string): StorageFault {
  return FAULTS.find(([pattern]) => pattern.test(text))?.[1] ?? "failed";
}
